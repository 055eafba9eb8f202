"""What is told, when, how often, and by which way; and that nobody is held up by it."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from kiosk.alerts import Alerts
from kiosk.alerts.ledger import AlertLedger, AlertNews, is_quiet, ledger_from
from kiosk.doctor import Check, CheckState
from kiosk.doctor.words import VisitIds, plain, words
from kiosk.settings import AlertSettings
from kiosk.webhooks import rotate_secret
from tests.alerts.mail_server import mail_server
from tests.alerts.test_mail import to_server
from tests.cast import NOW, Clock, settings_for
from tests.process import call, serving, site, until
from tests.webhooks.receiver import receiving

GOOD, BAD = CheckState.GOOD, CheckState.BAD
ATTENTION, UNKNOWN = CheckState.ATTENTION, CheckState.UNKNOWN
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
USUAL = AlertSettings()


def check(state: CheckState, since: datetime = NOW - HOUR, name: str = "front") -> Check:
    return Check("reader", words("reader %(name)s", name=name), state, plain("seen"),
                 None if state is GOOD else plain("Plug it in."), name, since)  # fmt: skip


def told(*checks: Check, at: datetime = NOW) -> AlertLedger:
    return AlertLedger().after(AlertNews(turned_bad=checks), checks, at)


def test_what_turned_bad_is_told_once_it_has_lasted() -> None:
    fresh = [check(BAD, NOW - MINUTE)]

    assert AlertLedger().due(fresh, USUAL, NOW) == AlertNews()
    assert AlertLedger().due(fresh, USUAL, NOW + 4 * MINUTE).turned_bad == tuple(fresh)


def test_a_state_is_told_once_and_its_end_once() -> None:
    bad, good = [check(BAD)], [check(GOOD)]
    ledger = told(*bad)
    later = NOW + HOUR

    assert ledger.due(bad, USUAL, later) == AlertNews()
    assert ledger.due(good, USUAL, later).turned_good == tuple(good)
    after = ledger.after(AlertNews(turned_good=tuple(good)), good, later)
    assert after.due(good, USUAL, later + HOUR) == AlertNews()
    assert AlertLedger().due(good, USUAL, later) == AlertNews()  # good from the beginning


def test_a_reader_that_comes_and_goes_floods_nobody() -> None:
    ledger, sent = AlertLedger(), 0
    for minute in range(24 * 60):
        now = NOW + minute * MINUTE
        state = BAD if minute % 4 < 2 else GOOD
        since = now - (minute % 2) * MINUTE
        checks = [check(state, since), check(BAD, NOW, "gone")]
        news = ledger.due(checks, USUAL, now)
        if news != AlertNews():
            ledger, sent = ledger.after(news, checks, now), sent + 1

    assert sent == 1  # of the one that is gone


def test_several_changes_are_one_message_and_the_next_waits() -> None:
    both = [check(BAD, name="a"), check(BAD, name="b")]
    assert len(AlertLedger().due(both, USUAL, NOW).turned_bad) == 2

    third = [*both, check(BAD, name="c")]
    ledger = told(*both)
    assert ledger.due(third, USUAL, NOW + 14 * MINUTE) == AlertNews()
    news = ledger.due(third, USUAL, NOW + 15 * MINUTE)
    assert [found.subject for found in news.turned_bad] == ["c"]
    assert [found.subject for found in news.still_bad] == ["a", "b"]


def test_what_stays_bad_is_repeated_each_day() -> None:
    bad = [check(BAD)]
    ledger = told(*bad)

    assert ledger.due(bad, USUAL, NOW + 23 * HOUR) == AlertNews()
    assert ledger.due(bad, USUAL, NOW + 24 * HOUR).still_bad == tuple(bad)
    assert ledger.due(bad, USUAL, NOW + 24 * HOUR).is_reminder
    never = AlertSettings(remind_hours=0)
    assert ledger.due(bad, never, NOW + 240 * HOUR) == AlertNews()


def test_in_the_quiet_hours_nothing_is_sent_and_what_is_over_is_never_told() -> None:
    quiet = AlertSettings(quiet="09:00-11:00")  # NOW is ten in the morning at the clinic
    bad = [check(BAD)]

    assert AlertLedger().due(bad, quiet, NOW) == AlertNews()
    assert AlertLedger().due([check(GOOD)], quiet, NOW + HOUR) == AlertNews()
    assert AlertLedger().due(bad, quiet, NOW + HOUR).turned_bad == tuple(bad)


@pytest.mark.parametrize(
    ("quiet", "is_now"),
    [("", False), ("09:59-10:01", True), ("10:00-10:00", False), ("22:00-10:00", False),
     ("22:00-10:01", True), ("10:01-22:00", False), ("10:00-22:00", True)],
)  # fmt: skip
def test_quiet_hours_may_pass_midnight(quiet: str, is_now: bool) -> None:
    assert is_quiet(quiet, NOW) is is_now


def test_what_needs_attention_is_told_only_if_the_site_wants_it() -> None:
    attention = [check(ATTENTION)]

    assert AlertLedger().due(attention, USUAL, NOW) == AlertNews()
    everything = AlertSettings(states="attention")
    assert AlertLedger().due(attention, everything, NOW).turned_bad == tuple(attention)
    worse = told(*attention).due([check(BAD)], everything, NOW + HOUR)
    assert worse.turned_bad  # it is worse than what was told


def test_what_is_not_known_is_neither_bad_nor_good_again() -> None:
    unknown = [check(UNKNOWN)]

    assert AlertLedger().due(unknown, USUAL, NOW) == AlertNews()
    assert told(check(BAD)).due(unknown, USUAL, NOW + HOUR) == AlertNews()


def test_a_failure_is_tried_again_later_each_time() -> None:
    bad, ledger, tries, now = [check(BAD)], AlertLedger(), 0, NOW
    while now < NOW + 24 * HOUR:
        if ledger.due(bad, USUAL, now) != AlertNews():
            ledger, tries = ledger.after_failure("no", now), tries + 1
        now += MINUTE

    assert 20 < tries < 40
    assert ledger.failing_since == NOW
    assert ledger_from(json.loads(json.dumps(ledger.as_json()))) == ledger
    assert ledger_from({"reported": 3}) == AlertLedger() == ledger_from(None)


def test_a_mail_names_what_is_bad_and_what_to_do_and_no_visit(tmp_path: Path) -> None:
    clock = Clock()
    unknown = Check("unknown_patients", words("unknown patients"), BAD,
                    words("48 hours have passed, the commune not informed: %(visits)s",
                          visits=VisitIds(("01999-20261120-7",))),
                    plain("Inform the commune."), since=NOW - HOUR)  # fmt: skip
    with mail_server(tmp_path) as server:
        settings = to_server(server, tmp_path)
        alerts = Alerts(settings, settings_for(tmp_path).facility, tmp_path, clock)
        alerts.note([check(BAD), unknown])
        alerts.send_due()
        alerts.send_due()
        again = Alerts(settings, settings_for(tmp_path).facility, tmp_path, clock)  # a restart
        again.note([check(BAD), unknown])
        again.send_due()
        clock.go(HOUR)
        again.note([check(GOOD, NOW), unknown])
        again.send_due()

    first, second = server.mails
    assert "2 việc cần xử lý" in first["Subject"]
    text = first.get_content()
    assert "đầu đọc front" in text.lower()
    assert "→ Plug it in." in text
    assert "01999-20261120-7" not in text
    assert "chưa báo xã: 1" in text
    assert "đã ổn trở lại" in second["Subject"]
    assert "01999-20261120" not in (tmp_path / "alerts.json").read_text("utf-8")


def test_one_way_that_fails_does_not_keep_the_other_from_sending(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    rotate_secret(secret)
    clock = Clock(datetime.now(UTC))
    with mail_server(tmp_path, behaviour="refuses mail") as server, receiving() as hook:
        settings = to_server(
            server, tmp_path, webhook_url=hook.url, webhook_secret_file=str(secret)
        )
        alerts = Alerts(settings, settings_for(tmp_path).facility, tmp_path, clock)
        alerts.note([check(BAD, clock() - HOUR)])
        alerts.send_due()
        assert set(alerts.failing()) == {"mail"}
        server.behaviour = "ok"
        clock.go(2 * MINUTE)
        alerts.send_due()

    assert alerts.failing() == {}
    assert (len(server.mails), len(hook.accepted)) == (1, 1)
    [event] = hook.accepted
    Webhook(secret.read_text("ascii").strip()).verify(event.body, event.headers)
    assert event.json["type"] == "kiosk.alert"
    [bad] = event.json["data"]["turned_bad"]
    assert (bad["what"], bad["state"], bad["do"]) == ("reader front", "bad", "Plug it in.")


def alerting_site(folder: Path, alerts: AlertSettings, more: str = "") -> list[str]:
    """Write a site whose reader is missing, and which is alerted at once."""
    lines = {
        name: getattr(alerts, name)
        for name in ("mail_from", "mail_server", "mail_port", "mail_security", "username",
                     "password_file", "authority_file")
    }  # fmt: skip
    section = "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())
    reader = '[[readers]]\nname = "front"\nkind = "serial"\nport = "/dev/none"\n'
    words_of = f"[alerts]\nmail_to = {json.dumps(list(alerts.mail_to))}\nsettle_minutes = 0\n"
    return site(folder, "", reader + words_of + section + more)


def test_the_running_program_sends_and_a_hanging_server_holds_nothing(tmp_path: Path) -> None:
    with mail_server(tmp_path, behaviour="hangs") as server:
        options = alerting_site(tmp_path, to_server(server, tmp_path))
        with serving(*options) as program:
            program.get("/healthz")
            until(lambda: server.connections)
            answers = [program.get("/ping") for _ in range(20)]
            assert len(answers) == 20
            code, log = program.end()
    assert code == 0
    assert "402957" not in log
    assert threading.active_count() < 200


def test_the_command_tries_each_way(tmp_path: Path) -> None:
    with mail_server(tmp_path) as server:
        options = alerting_site(tmp_path, to_server(server, tmp_path))
        good = call("alerts", "test", *options)
        server.behaviour = "refuses account"
        bad = call("alerts", "test", *options)
    none = call("alerts", "test", *site(tmp_path, ""))

    assert (good.returncode, bad.returncode, none.returncode) == (0, 1, 2)
    assert json.loads(good.stdout) == {"way": "mail", "answer": "sent"}
    answer: Any = json.loads(bad.stdout)["answer"]
    assert "535" in answer
    assert "402957" not in answer
    assert len(server.mails) == 1
