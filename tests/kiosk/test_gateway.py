"""The gateway's client over real HTTP, against the sandbox and against faulty servers."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import request

from kiosk.insurer.errors import InsurerUnreachable, NotSignedIn
from kiosk.insurer.gateway import Gateway
from kiosk.insurer.session import Account
from kiosk.sandbox import PEOPLE
from tests.cast import NOW, TODAY, Clock
from tests.kiosk.stub_gateway import (
    NONSENSE,
    Answer,
    Running,
    answering,
    card_of,
    gateway_to,
    token_then,
)
from verify import (
    Birth,
    Card,
    CoverageRecord,
    Knowledge,
    NewCard,
    Reason,
    Sex,
    Standing,
    judge_card,
)


@pytest.mark.parametrize("patient", PEOPLE, ids=lambda patient: patient.key)
def test_the_answer_about_each_patient_is_read(
    patient: Any, insurer: Running, clock: Clock
) -> None:
    card = Card(
        patient.card_number,
        holder=patient.listed_as or patient.holder,
        born=Birth.from_date(patient.born),
    )
    gateway = gateway_to(insurer[1], clock)
    if patient.code == "100":
        with pytest.raises(InsurerUnreachable, match="says nothing about the card"):
            gateway.look_up(card)
        return

    found = gateway.look_up(card)

    assert (found.code, found.as_of, found.number) == (patient.code, NOW, patient.card_number)


def test_all_fields_of_an_answer_are_read(insurer: Running, clock: Clock) -> None:
    found = gateway_to(insurer[1], clock).look_up(card_of("dung"))

    assert (found.standing, found.card_number) == (Standing.REPLACED_OLD_OVER, "DN4019999900004")
    assert (found.holder, found.born, found.sex) == (
        "Phạm Văn Dũng",
        Birth(1968, 7, 14),
        Sex.MALE,
    )
    first = TODAY - timedelta(days=30)
    assert found.new_card == NewCard("HT4019999900004", first, first + timedelta(365), "01999")


@pytest.mark.parametrize(
    ("change", "standing"),
    [
        ({"number": "GD4019999900099"}, Standing.NO_RECORD),
        ({"holder": "Người Khác"}, Standing.NAME_DIFFERS),
        ({"born": Birth(1981)}, Standing.BIRTH_DIFFERS),
        ({"born": Birth(1980)}, Standing.IN_FORCE),  # a year without day and month
    ],
)
def test_a_mismatch_that_the_insurer_reports_is_read(
    insurer: Running, clock: Clock, change: dict[str, Any], standing: Standing
) -> None:
    card = Card("DN4019999900001", holder="Nguyễn Văn An", born=Birth(1980, 2, 1))

    found = gateway_to(insurer[1], clock).look_up(card._replace(**change))

    assert found.standing is standing
    assert (found.holder is None) is (standing is not Standing.IN_FORCE)


def test_a_token_is_used_until_shortly_before_its_end(
    insurer: Running, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins: list[datetime] = []
    take = insurer[0].ledger.sign_in

    def sign_in(username: str, address: str) -> object:
        logins.append(clock())
        return take(username, address)

    monkeypatch.setattr(insurer[0].ledger, "sign_in", sign_in)
    gateway = gateway_to(insurer[1], clock)
    for minutes in (0, 1, 8.2, 0.1):
        clock.go(timedelta(minutes=minutes))
        gateway.look_up(card_of("an"))

    assert logins == [NOW, NOW + timedelta(minutes=9.3)]


def test_after_a_refused_token_the_client_signs_in_once_more(
    insurer: Running, clock: Clock
) -> None:
    gateway = gateway_to(insurer[1], clock)
    gateway.look_up(card_of("an"))
    insurer[0].ledger._sessions.clear()

    assert gateway.look_up(card_of("an")).standing is Standing.IN_FORCE


def test_threads_share_one_sign_in(insurer: Running, clock: Clock) -> None:
    gateway = gateway_to(insurer[1], clock)
    threads = [threading.Thread(target=lambda: gateway.look_up(card_of("an"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(insurer[0].ledger._sessions) == 1


@pytest.mark.parametrize("decision", ["Qd3176", "Qd4750", "Qd130"])
def test_visits_go_to_the_call_that_the_settings_name(
    insurer: Running, clock: Clock, decision: str
) -> None:
    plain = gateway_to(insurer[1], clock)
    calls: list[str] = []
    insurer[0].app.before_request(lambda: calls.extend([request.path]))
    gateway = Gateway(plain._transport, plain.session, clock, 5, 5, decision)

    assert gateway.check_in(b"<x/>").code == "201"
    assert calls[-1] == f"/api/qd130/checkInKcb{decision}"


def test_a_wrong_password_is_reported_as_not_signed_in(insurer: Running, clock: Clock) -> None:
    wrong = Account("01999_BV", "wrong", "01999", "Nhân Viên Thử", "001999999999")
    gateway = gateway_to(insurer[1], clock, wrong)

    with pytest.raises(NotSignedIn):
        gateway.look_up(card_of("an"))
    assert gateway.session.failing_since == NOW


def test_a_refused_account_does_not_sign_in_again_and_again(
    insurer: Running, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins = []
    monkeypatch.setattr("kiosk.sandbox.insurer.is_right_password", lambda seen: logins.append(seen))
    gateway = gateway_to(insurer[1], clock)
    for _ in range(600):  # ten minutes of scans, one a second
        with pytest.raises(NotSignedIn):
            gateway.look_up(card_of("an"))
        clock.go(timedelta(seconds=1))

    assert len(logins) == 4  # at once, after one minute, three, seven


@pytest.mark.parametrize("answer", NONSENSE)
def test_nonsense_is_not_an_answer_about_a_card(answer: Answer, clock: Clock) -> None:
    begun = time.monotonic()
    with answering(answer) as url, pytest.raises(InsurerUnreachable):
        gateway_to(url, clock, timeout_s=1).look_up(card_of("an"))

    assert time.monotonic() - begun < 5  # a drip of six seconds is not waited for


def test_a_gateway_that_is_absent_or_hangs_is_unreachable(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(InsurerUnreachable):
            gateway_to(url, clock, timeout_s=0.5).look_up(card_of("an"))
    with pytest.raises(InsurerUnreachable):
        gateway_to(url, clock, timeout_s=0.5).look_up(card_of("an"))


def test_a_handshake_that_drips_is_not_waited_for(clock: Clock) -> None:
    def drip() -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 KiB begins
            while not is_over.wait(0.2):
                connection.sendall(b"x")

    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        dripper = threading.Thread(target=drip)
        dripper.start()
        gateway = gateway_to(f"https://127.0.0.1:{server.getsockname()[1]}", clock, timeout_s=1)
        begun = time.monotonic()
        with pytest.raises(InsurerUnreachable):
            gateway.look_up(card_of("an"))
        took = time.monotonic() - begun
        is_over.set()
        dripper.join()

    assert took < 5


@pytest.mark.parametrize(
    ("answer", "standing"),
    [
        ({"maKetQua": "000", "dsLichSuKCB2018": None}, Standing.IN_FORCE),
        ({"maKetQua": 0}, Standing.IN_FORCE),
        ({"maKetQua": 10, "gtTheTu": "99/99/9999", "hoTen": 7}, Standing.ENDED),
        ({"maKetQua": "999"}, None),
        ({"maKetQua": "401"}, None),
        ({}, None),
    ],
)
def test_odd_answers_about_a_card_are_read_or_say_nothing(
    answer: dict[str, object], standing: Standing | None, clock: Clock
) -> None:
    with answering(token_then(answer)) as url:
        gateway = gateway_to(url, clock)
        if standing is None:
            with pytest.raises((InsurerUnreachable, NotSignedIn)):
                gateway.look_up(card_of("an"))
        else:
            assert gateway.look_up(card_of("an")).standing is standing


@pytest.mark.parametrize(
    ("text", "last_day"),
    [
        ("31/12/2026", date(2026, 12, 31)),
        ("31/12/2026 00:00:00", date(2026, 12, 31)),
        ("31-12-2026", date(2026, 12, 31)),
        ("2026-12-31", date(2026, 12, 31)),
        ("2026-12-30T17:00:00Z", date(2026, 12, 31)),
        ("20261231", date(2026, 12, 31)),
        ("202612310000", date(2026, 12, 31)),
        ("12/2026", date(2026, 12, 31)),
        ("2026", date(2026, 12, 31)),
    ],
)
def test_a_last_day_is_read_in_every_spelling(text: str, last_day: date, clock: Clock) -> None:
    answer: dict[str, object] = {"maKetQua": "000", "gtTheDen": text}
    with answering(token_then(answer)) as url:
        found = gateway_to(url, clock).look_up(card_of("an"))

    assert (found.valid_until, found.end_not_read) == (last_day, False)


@pytest.mark.parametrize(
    "text",
    [
        "hết năm 2026",
        "31/12/26",
        "99/99/9999",
        "32/01/2026",
        20261231,
        "00/00/0000",
        "01/01/0001",
        "null",
        "0",
    ],
)
def test_a_last_day_that_cannot_be_read_is_never_no_end(text: object, clock: Clock) -> None:
    answer: dict[str, object] = {"maKetQua": "000", "gtTheDen": text, "maTheMoi": "HT3019999900020"}
    answer |= {"gtTheTuMoi": "01/01/2020", "gtTheDenMoi": text}
    with answering(token_then(answer)) as url:
        found = gateway_to(url, clock).look_up(card_of("an"))

    assert (found.valid_until, found.end_not_read) == (None, True)
    assert found.new_card is not None
    assert not found.new_card.in_force_on(TODAY)


@pytest.mark.parametrize("text", ["-", "", " ", "–", None])
def test_no_last_day_is_no_end(text: str | None, clock: Clock) -> None:
    with answering(token_then({"maKetQua": "000", "gtTheDen": text})) as url:
        found = gateway_to(url, clock).look_up(card_of("an"))

    assert (found.valid_until, found.end_not_read) == (None, False)


@pytest.mark.parametrize(
    ("holder", "named"),
    [
        ("Đặng Thị Hoà", "ĐẶNG THỊ HÒA"),
        ("Đặng Văn Mẫu", "\u00d0ẶNG VĂN MẪU"),
        ("H’Mai Niê", "H'MAI NIÊ"),
        ("A-Lăng Mẫu", "A LĂNG  MẪU."),
    ],
)
def test_a_name_that_the_insurer_spells_otherwise_is_admitted(
    holder: str, named: str, clock: Clock
) -> None:
    card = Card("DN4019999900301", holder=holder, born=Birth(1980, 2, 1))
    with answering(token_then({"maKetQua": "000", "hoTen": named})) as url:
        coverage = gateway_to(url, clock).look_up(card)
    known = Knowledge(recall=lambda _card: CoverageRecord(coverage, coverage.as_of))

    assert judge_card(card, None, (), NOW, known).reason is Reason.IN_FORCE
