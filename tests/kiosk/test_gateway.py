"""The gateway's client over real HTTP, against the sandbox and against faulty servers."""

from __future__ import annotations

import socket
import threading
import time
from datetime import datetime, timedelta
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
from verify import Birth, Card, NewCard, Sex, Standing


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
    gateway = Gateway(plain._transport, plain.session, clock, 5, 5, None, decision)

    assert gateway.check_in("<x/>").code == "201"
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
