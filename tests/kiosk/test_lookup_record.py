"""Every question to the insurer about a person is written down: who asked, why, how it ended."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from flask import Response

from kiosk.desk import Confirmation, Lookup, QueryPolicy, QuestionLog
from kiosk.insurer.gateway import Gateway
from kiosk.logbook import SYSTEM, LookupKind, LookupPurpose, LookupResult, Lookups, NewLookup
from kiosk.logbook.lookups import StoredLookup
from kiosk.sandbox.faults import Fault
from kiosk.settings.sections import ReaderPort
from kiosk.web.app import create_app
from tests.cast import AGAIN, BHYT17, NOW, Clock, payload, settings_for
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import (
    ACCOUNT,
    Answer,
    Running,
    answering,
    card_of,
    gateway_to,
    saying,
    token_then,
)

SECRETS = ("sandbox", ACCOUNT.password_hash, ACCOUNT.staff_cccd, ACCOUNT.staff_name)
ONE_DAY = timedelta(days=1)


def asking_live(kiosk: Kiosk, gateway: Gateway, history: bool = False) -> Lookup:
    """Return the live look-up of a kiosk, as `assembly` joins it."""
    question_log = QuestionLog(Lookups(kiosk.database))
    gateway.observe = question_log.note
    lookup = Lookup(
        QueryPolicy(lambda _reader: "unsure", 1_000),
        gateway.check_card,
        gateway.history if history else None,
        kiosk.cache.remember,
        kiosk.desk.refine,
        kiosk.clock,
        question_log,
        lambda reader: f"desk of {reader}",
        kiosk.visits.is_secret,
    )
    kiosk.desk.ask = lookup.ask
    return lookup


def ask_all(lookup: Lookup) -> None:
    while lookup.ask_next():
        pass


def confirmed(kiosk: Kiosk, reading: int) -> str:
    confirmation = Confirmation(clerk_reason="đã xem thẻ", repeat_reason=AGAIN)
    return kiosk.desk.confirm(reading, confirmation, f"key {reading}")[0].id


def of_visit(kiosk: Kiosk, visit: str) -> list[StoredLookup]:
    return Lookups(kiosk.database).of_visit(visit)


def test_the_question_of_a_scan_is_kept_whole_with_the_visit(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    lookup = asking_live(kiosk, gateway_to(insurer[1], clock), history=True)
    reading = kiosk.scan(payload("son"))
    ask_all(lookup)

    card, history = of_visit(kiosk, confirmed(kiosk, reading))

    assert (card.kind, card.purpose, card.author) == ("card", "arrival", "desk of front")
    assert (card.at, card.result, card.code, card.http_status) == (NOW, "answered", "000", 200)
    assert card.asked["hoTen"] == "Đoàn Văn Sơn"
    assert card.asked["staff"] == "set"
    assert json.loads(card.answer or "")["maKetQua"] == "000"
    assert (history.kind, history.result) == ("history", "answered")
    assert len(json.loads(history.answer or "")["dsLichSuKCB2025"]) == 4
    stored = str([tuple(row) for row in kiosk.database.rows("select * from lookup")])
    assert not [secret for secret in SECRETS if secret in stored]


@pytest.mark.parametrize(
    ("fault", "status", "code", "error"),
    [
        (Fault.BAD_GATEWAY, 502, None, "HTTP 502"),
        (Fault.ERROR_500, 500, None, "HTTP 500"),
        (Fault.CODE_100, 200, "100", "code 100"),
        (Fault.UNKNOWN_CODE, 200, "999", "code 999"),
        (Fault.TRUNCATED, 200, None, "HTTP 200"),
        (Fault.CUT, None, None, "ProtocolError"),
        (Fault.HANG, None, None, "no answer within 0.5 s"),
    ],
)
def test_a_question_without_an_answer_is_kept_with_the_way_it_failed(
    kiosk: Kiosk,
    insurer: Running,
    clock: Clock,
    fault: Fault,
    status: int | None,
    code: str | None,
    error: str,
) -> None:
    gateway = gateway_to(insurer[1], clock, timeout_s=0.5)
    gateway.look_up(card_of("an"))  # signs in
    lookup = asking_live(kiosk, gateway)
    insurer[0].faults.current = fault
    reading = kiosk.scan(payload("son"))
    ask_all(lookup)
    insurer[0].faults.end()

    [kept] = of_visit(kiosk, confirmed(kiosk, reading))

    assert (kept.result, kept.http_status, kept.code) == ("no_answer", status, code)
    assert error in (kept.error or "")
    assert "http://" not in (kept.error or "")
    assert kept.duration_ms >= (500 if fault is Fault.HANG else 0)


def test_a_refused_account_is_kept_as_refused(kiosk: Kiosk, clock: Clock) -> None:
    with answering(token_then({"maKetQua": "054"})) as url:
        lookup = asking_live(kiosk, gateway_to(url, clock))
        reading = kiosk.scan(payload("son"))
        ask_all(lookup)

    [kept] = of_visit(kiosk, confirmed(kiosk, reading))

    assert (kept.result, kept.code) == ("refused", "054")


def test_a_patient_of_an_outage_has_evidence_even_if_nothing_could_be_asked(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    lookup = asking_live(kiosk, gateway_to(insurer[1], clock))
    insurer[0].out_of_order = True
    visits = []
    for number in range(5):  # after the third failure questions are paused
        reading = kiosk.scan(BHYT17.replace("9999900020", f"999990003{number}"))
        ask_all(lookup)
        visits.append(confirmed(kiosk, reading))

    kept = [of_visit(kiosk, visit) for visit in visits]

    assert [len(of_one) for of_one in kept] == [1] * 5
    assert {lookup.result for [lookup] in kept} == {"no_answer"}
    assert [lookup.http_status for [lookup] in kept] == [502, 502, 502, None, None]
    assert (kept[4][0].error or "").startswith("not asked: silent since 2026-11-25T03:00:00")


def test_a_scan_that_finds_the_queue_full_has_evidence_too(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    lookup = asking_live(kiosk, gateway_to(insurer[1], clock))
    readings = [
        kiosk.scan(BHYT17.replace("9999900020", f"99999001{number:02d}")) for number in range(65)
    ]
    lookup.ask_next()

    [kept] = of_visit(kiosk, confirmed(kiosk, readings[-1]))

    assert kept.error == "not asked: 64 questions wait"


def test_all_readings_of_one_question_have_its_answer(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    lookup = asking_live(kiosk, gateway_to(insurer[1], clock))
    first, second = kiosk.scan(payload("son")), kiosk.scan(payload("son"))
    ask_all(lookup)

    assert len(insurer[0].ledger.questions()) == 1
    of_both = [of_visit(kiosk, confirmed(kiosk, reading)) for reading in (first, second)]
    assert [[lookup.id for lookup in kept] for kept in of_both] == [[1], [1]]


class FullLookups(Lookups):
    """A logbook that takes no look-ups: its disk is full."""

    def record(self, *_args: object, **_more: object) -> int:
        with self._database.transaction() as db:
            return int(db.execute("insert into no_such_table values (1)").rowcount)


def test_an_answer_counts_even_if_it_cannot_be_written_down(
    kiosk: Kiosk, insurer: Running, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = gateway_to(insurer[1], clock)
    lookup = asking_live(kiosk, gateway)
    full = QuestionLog(FullLookups(kiosk.database))
    lookup._question_log, gateway.observe = full, full.note
    reading = kiosk.scan(payload("son"))
    ask_all(lookup)

    newest = kiosk.attempts.newest_verdict_on(reading)

    assert newest is not None
    assert newest.reason == "in_force"
    assert "not in the logbook" in caplog.text
    assert "Sơn" not in caplog.text


HUGE = saying(b'{"maKetQua": "000", "ghiChu": "' + b"x" * 5 * 1024 * 1024 + b'"}')
EVIL: list[tuple[str, Answer | bytes, str, str | None]] = [
    ("five MiB", HUGE, "no_answer", "more than 1048576 bytes"),
    ("a lone surrogate", b'{"maKetQua": "000", "hoTen": "\\ud800"}', "no_answer", "HTTP 200"),
    ("windows-1258", '{"maKetQua": "000", "hoTen": "Đê"}'.encode("cp1258"), "no_answer", "HTTP"),
    ("UTF-16", '{"maKetQua": "000", "hoTen": "Đê"}'.encode("utf-16"), "answered", None),
    ("a byte order mark", '{"maKetQua": "000"}'.encode("utf-8-sig"), "answered", None),
    ("unknown fields", b'{"maKetQua": "000", "x": {"y": [1, null]}, "z": 1e400}', "answered", None),
    ("an unknown code", b'{"maKetQua": "77<b>7"}', "no_answer", "code (none)"),
    ("a NUL", b'{"maKetQua": "000", "hoTen": "\\u0000"}', "answered", None),
]


@pytest.mark.parametrize(("name", "body", "result", "error"), EVIL, ids=[row[0] for row in EVIL])
def test_a_bad_answer_is_kept_or_refused_and_breaks_nothing(
    kiosk: Kiosk, clock: Clock, name: str, body: Answer | bytes, result: str, error: str | None
) -> None:
    bad = saying(body) if isinstance(body, bytes) else body

    def answer(handler: object) -> None:
        is_sign_in = handler.path.endswith("/take")  # type: ignore[attr-defined]
        (token_then({}) if is_sign_in else bad)(handler)  # type: ignore[arg-type]

    with answering(answer) as url:
        lookup = asking_live(kiosk, gateway_to(url, clock))
        reading = kiosk.scan(payload("son"))
        ask_all(lookup)

    [kept] = of_visit(kiosk, confirmed(kiosk, reading))

    assert kept.result == result, name
    assert (error or "") in (kept.error or ""), name
    if result == "answered":
        assert json.loads(kept.answer or "")["maKetQua"] == "000"


def test_the_kiosk_writes_down_a_clerk_s_question_about_payments(
    make_kiosk: Callable[[str], Kiosk], insurer: Running, stop: threading.Event
) -> None:
    kiosk = make_kiosk(insurer[1])
    pages = create_app(kiosk, stop).test_client()
    reading = kiosk.scan(payload("son"))

    assert pages.post(f"/desk/attempts/{reading}/copayments").status_code == 200

    [kept] = kiosk.lookups.of_visit(confirmed(kiosk, reading))
    assert (kept.kind, kept.author, kept.code) == ("copayments", "desk", "200")
    assert "DataCCT" in (kept.answer or "")


def at_the_time_of_the_test(response: Response) -> Response:
    response.headers["Date"] = format_datetime(NOW, usegmt=True)
    return response


def test_the_nightly_job_writes_down_what_it_asks_and_deletes_what_is_too_old(
    make_kiosk: Callable[[str], Kiosk], insurer: Running
) -> None:
    kiosk = make_kiosk(insurer[1])
    visit = confirmed(kiosk, kiosk.scan(payload("son")))
    old = NewLookup(
        LookupKind.CARD,
        LookupPurpose.ARRIVAL,
        NOW - 6 * 366 * ONE_DAY,
        1,
        SYSTEM,
        {},
        LookupResult.ANSWERED,
    )
    kiosk.lookups.record(old, visit=visit)
    assert kiosk.nightly is not None
    insurer[0].app.after_request(at_the_time_of_the_test)

    kiosk.nightly.run([card_of("an")])

    rows = kiosk.database.rows("select kind, purpose, author, visit from lookup order by id")
    assert [tuple(row) for row in rows] == [
        ("card", "look_back", SYSTEM, visit),
        ("card", "look_ahead", SYSTEM, None),
    ]


def test_how_long_look_ups_are_kept_is_a_setting(tmp_path: Path) -> None:
    assert settings_for(tmp_path).insurer.lookups_years == 5


class PowerCut(BaseException):
    """The process ends at this point."""


def test_the_question_is_on_disk_before_its_answer_is_shown(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    lookup = asking_live(kiosk, gateway_to(insurer[1], clock))

    def cut(*_: object) -> None:
        raise PowerCut

    lookup._refine = cut
    reading = kiosk.scan(payload("son"))
    with pytest.raises(PowerCut):
        ask_all(lookup)

    assert [kept.result for kept in of_visit(kiosk, confirmed(kiosk, reading))] == ["answered"]


def test_a_scan_s_question_names_the_desk_of_its_reader(tmp_path: Path) -> None:
    reader = ReaderPort("front", "serial", "COM3", desk="2")
    settings = replace(settings_for(tmp_path), readers=(reader,))

    assert (settings.desk_of("front"), settings.desk_of("keyboard-1")) == ("2", "")


def test_while_the_logbook_cannot_be_read_nothing_is_asked_and_the_look_up_goes_on(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    lookup = asking_live(kiosk, gateway_to(insurer[1], clock))
    kiosk.scan(payload("son"))
    kiosk.database._busy_timeout_s = 0.05
    kiosk.database.close()
    other = sqlite3.connect(kiosk.database._path, isolation_level=None)
    other.execute("pragma locking_mode = exclusive")
    other.execute("begin exclusive")
    assert lookup.ask_next()
    assert insurer[0].ledger.questions() == []
    other.close()

    kiosk.scan(payload("son"))
    assert lookup.ask_next()
    assert len(insurer[0].ledger.questions()) == 1
