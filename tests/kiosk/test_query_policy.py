"""The insurer is asked as the desk's setting says, once about a card, and not too often."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.desk import Lookup, QueryPolicy
from kiosk.desk.circuit_breaker import MAX_FAILURES_IN_A_ROW
from kiosk.desk.query_policy import REPEAT_AFTER
from kiosk.errors import SettingsError
from kiosk.insurer.errors import InsurerUnreachable, NotSignedIn
from kiosk.settings import load_settings
from tests.cast import BHYT17, NOW, Clock, make_coverage, payload
from tests.conftest import Kiosk
from tests.kiosk.test_desk import Insurer, cache_of, make_policy, with_lookup


def lookup_with(kiosk: Kiosk, policy: QueryPolicy, insurer: Insurer) -> Lookup:
    lookup = Lookup(
        policy, insurer.check_card, None, cache_of(kiosk).remember, kiosk.desk.refine, kiosk.clock
    )
    kiosk.desk.ask = lookup.ask
    return lookup


def test_a_card_that_is_scanned_again_during_its_question_is_asked_about_once(
    kiosk: Kiosk,
) -> None:
    insurer = Insurer(make_coverage("9999900020", as_of=NOW))
    lookup = with_lookup(kiosk, "unsure", insurer)
    readings = [kiosk.scan(BHYT17) for _ in range(3)]

    while lookup.ask_next():
        pass

    assert insurer.asked == ["9999900020"]
    newest = [kiosk.attempts.newest_verdict_on(reading) for reading in readings]
    assert [attempt.outcome for attempt in newest if attempt] == ["admitted"] * 3


def test_a_desk_that_always_asks_does_not_ask_again_within_five_minutes(
    kiosk: Kiosk, clock: Clock
) -> None:
    insurer = Insurer(make_coverage("9999900020", as_of=NOW))
    lookup = with_lookup(kiosk, "always", insurer)
    for passed in (timedelta(0), timedelta(minutes=4), REPEAT_AFTER):
        clock.moment = NOW + passed
        kiosk.scan(BHYT17)
        while lookup.ask_next():
            pass

    assert len(insurer.asked) == 2


def test_an_hour_has_a_limited_number_of_questions(kiosk: Kiosk, clock: Clock) -> None:
    insurer = Insurer(InsurerUnreachable("x"))
    policy = make_policy("always", max_per_hour=2)
    lookup = lookup_with(kiosk, policy, insurer)
    for key in ("an", "binh", "dung"):
        kiosk.scan(payload(key))
        lookup.ask_next()
    assert len(insurer.asked) == 2
    assert (policy.why, policy.paused_since) == ("budget", NOW)

    clock.go(timedelta(minutes=61))
    insurer.answer = make_coverage("9999900020", as_of=clock())
    kiosk.scan(payload("dung"))
    lookup.ask_next()
    assert len(insurer.asked) == 3
    assert policy.why is None


def test_a_gateway_that_does_not_answer_is_left_alone_longer_each_time(
    kiosk: Kiosk, clock: Clock
) -> None:
    insurer = Insurer(InsurerUnreachable("timed out"))
    policy = make_policy("always")
    lookup = lookup_with(kiosk, policy, insurer)

    def ask() -> None:
        kiosk.scan(payload("an"))
        lookup.ask_next()

    for _ in range(MAX_FAILURES_IN_A_ROW + 5):
        ask()
    assert len(insurer.asked) == MAX_FAILURES_IN_A_ROW
    assert (policy.why, policy.paused_since) == ("silent", NOW)

    clock.go(timedelta(seconds=61))
    ask()
    ask()
    assert len(insurer.asked) == MAX_FAILURES_IN_A_ROW + 1  # one attempt, then twice as long
    clock.go(timedelta(seconds=61))
    ask()
    assert len(insurer.asked) == MAX_FAILURES_IN_A_ROW + 1
    assert policy.paused_since == NOW  # since the first pause, not the latest

    clock.go(timedelta(seconds=61))
    insurer.answer = make_coverage("DN4019999900021", as_of=clock())
    ask()
    assert policy.why is None
    assert policy.paused_since is None


def test_a_refused_account_pauses_the_questions_at_once(kiosk: Kiosk) -> None:
    policy = make_policy("always")
    lookup = lookup_with(kiosk, policy, Insurer(NotSignedIn("code 054")))
    kiosk.scan(payload("an"))
    lookup.ask_next()

    assert policy.why == "account"


DESKS = """
[facility]
code = "01999"
[[readers]]
name = "front"
kind = "serial"
port = "COM3"
desk = "1"
[[readers]]
name = "back"
kind = "serial"
port = "COM4"
[[desks]]
name = "{desk}"
ask = "never"
"""


def test_a_desk_may_have_a_setting_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(DESKS.format(desk="1"), "utf-8")
    settings = load_settings(file)

    assert settings.ask_at("front") == "never"
    assert settings.ask_at("back") == settings.ask_at("typed-1") == "unsure"
    file.write_text(DESKS.format(desk="7"), "utf-8")
    with pytest.raises(SettingsError, match="desk that a reader names"):
        load_settings(file)
