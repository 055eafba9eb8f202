"""Delivering visits to the insurer over real HTTP."""

from __future__ import annotations

import base64
import logging
import threading
import urllib.parse
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from kiosk.desk import Confirmation
from kiosk.insurer import Delivery
from kiosk.insurer.errors import InsurerUnreachable
from kiosk.insurer.gateway import Gateway
from kiosk.sandbox import PEOPLE, Quirk, person
from tests.cast import AGAIN, NOW, Clock, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import ACCOUNT, Running, answering, card_of, gateway_to, token_then
from verify import Card, judge


def delivery(kiosk: Kiosk, gateway: Gateway) -> Delivery:
    return Delivery(kiosk.outbox, gateway, kiosk.clock, 10, lambda: None, 50)


def visit(kiosk: Kiosk, key: str, **fields: Any) -> str:
    attempt = kiosk.scan(payload(key))
    return kiosk.desk.confirm(attempt, Confirmation(**fields), key)[0].id


def test_a_confirmed_visit_arrives_at_the_insurer(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    visit_id = visit(kiosk, "an")
    sender = delivery(kiosk, gateway_to(insurer[1], clock))

    assert sender.deliver_some() is True
    assert sender.deliver_some() is False

    [received] = insurer[0].ledger.visits()
    assert received.fields["MA_LK"] == visit_id
    [recorded] = kiosk.visits.newest()
    assert (recorded.insurer_state, recorded.transaction_code) == (
        "accepted",
        received.transaction,
    )


def test_the_visits_of_all_admitted_patients_are_accepted(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    for patient in PEOPLE:
        if patient.outcome != "desk":
            visit(kiosk, patient.key)
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()

    assert kiosk.outbox.counts()["accepted"] == len(insurer[0].ledger.visits()) == 8


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("200", "accepted"),
        ("500", "queued"),
        ("124", "queued"),
        ("401", "queued"),
        ("202", "refused"),
        ("205", "refused"),
        ("402", "queued"),
        ("777", "parked"),
        ("", "queued"),
        ("Thẻ của\nNguyễn", "queued"),
    ],
)
def test_each_code_leads_to_its_state(kiosk: Kiosk, clock: Clock, code: str, state: str) -> None:
    visit(kiosk, "an")
    answer: dict[str, object] = {"maKetQua": code, "thongDiep": "lời của cổng", "maGiaoDich": None}
    with answering(token_then(answer)) as url:
        delivery(kiosk, gateway_to(url, clock)).deliver_some()

    assert kiosk.outbox.counts()[state] == 1


def test_a_visit_whose_answer_was_lost_is_sent_again_under_the_same_id(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    visit_id = visit(kiosk, "an")
    [item] = kiosk.outbox.claim(clock(), timedelta(seconds=60))
    assert item is not None
    gateway = gateway_to(insurer[1], clock)
    gateway.check_in(item.body.encode())  # it arrived, and then the program was killed

    clock.go(timedelta(seconds=61))
    delivery(kiosk, gateway).deliver_all()

    [received] = insurer[0].ledger.visits()
    assert (received.fields["MA_LK"], received.times) == (visit_id, 2)
    assert kiosk.outbox.counts()["accepted"] == 1


def test_a_run_stops_at_a_silent_gateway_and_loses_nothing(kiosk: Kiosk, clock: Clock) -> None:
    for key in ("an", "binh", "dung", "giang", "khoi"):
        visit(kiosk, key)
    gateway = gateway_to("http://127.0.0.1:9", clock, timeout_s=1)

    delivery(kiosk, gateway).deliver_all()

    rows = kiosk.database.reading().execute("select tries from outbox").fetchall()
    assert [row["tries"] for row in rows] == [1] * 5  # they were sent together, once
    assert kiosk.outbox.counts()["queued"] == 5


def test_no_log_line_and_no_exception_holds_a_credential_or_a_person(
    kiosk: Kiosk, insurer: Running, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    errors = []
    gateway = gateway_to(insurer[1], clock)
    visit(kiosk, "an")
    delivery(kiosk, gateway).deliver_all()
    gateway.look_up(card_of("an"))
    insurer[0].out_of_order = True
    for call in (lambda: gateway.look_up(card_of("an")), lambda: gateway.check_in(b"<x/>")):
        with pytest.raises(InsurerUnreachable) as caught:
            call()
        errors.append(repr(caught.value) + repr(caught.value.__cause__))
    token = gateway.session._token
    assert token is not None

    secrets = [ACCOUNT.password_hash, token.access, token.id, "Nguyễn Văn An", "9999900001"]
    for secret in [*secrets, ACCOUNT.password_hash.lower(), ACCOUNT.staff_cccd]:
        assert secret not in caplog.text
        assert secret not in "".join(errors)
        assert secret not in repr((ACCOUNT, token))


def test_an_answer_of_the_gateway_and_of_the_cache_lead_to_the_same_verdict(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    gateway = gateway_to(insurer[1], clock)
    for key in ("an", "chi", "dung", "giang", "ha", "khoi", "long"):
        patient = person(key)
        assert patient is not None
        live = gateway.look_up(card_of(key))
        cached = kiosk.knowledge.recall(Card(live.number)).coverage
        cached = cached or kiosk.knowledge.recall(Card(patient.insurance_number)).coverage
        assert cached is not None
        assert (live.standing, live.valid_until) == (cached.standing, cached.valid_until)
        assert judge(payload(key), NOW, kiosk.knowledge).reason == patient.reason


def test_a_run_sends_each_visit_once_however_long_it_takes(kiosk: Kiosk, clock: Clock) -> None:
    for key in ("an", "binh", "dung", "giang"):
        visit(kiosk, key)
    sent = []

    def slow_no(handler: BaseHTTPRequestHandler) -> None:
        if not handler.path.endswith("/take"):
            sent.append(handler.path)
            clock.go(timedelta(minutes=20))
        token_then({"maKetQua": "500"})(handler)

    with answering(slow_no) as url:
        delivery(kiosk, gateway_to(url, clock)).deliver_all()

    assert len(sent) == 1
    assert kiosk.outbox.counts()["queued"] == 4


def test_waiting_visits_are_sent_together_in_their_order(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    keys = ("an", "binh", "dung", "giang", "khoi")
    visits = [visit(kiosk, key) for key in keys]
    again = kiosk.desk.confirm(
        kiosk.scan(payload("an")), Confirmation(repeat_reason=AGAIN), "again"
    )[0].id
    sender = delivery(kiosk, gateway_to(insurer[1], clock))

    assert sender.deliver_some() is True
    first = {row.fields["MA_LK"]: row.fields["STT"] for row in insurer[0].ledger.visits()}
    assert first == {visit_id: str(number) for number, visit_id in enumerate(visits, 1)}
    assert sender.deliver_some() is True  # of each patient only one at a time
    assert again in {row.fields["MA_LK"] for row in insurer[0].ledger.visits()}
    assert all(row.times == 1 for row in insurer[0].ledger.visits())


def test_of_visits_sent_together_only_the_faulty_one_is_refused(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    for key in ("an", "binh", "dung"):
        visit(kiosk, key)
    with kiosk.database.transaction() as db:  # a value that the insurer refuses
        db.execute("update outbox set body = replace(body, '>1.12<', '>x<') where id = 2")
        db.execute("update outbox set body = replace(body, '>1.1<', '>x<') where id = 2")
    sender = delivery(kiosk, gateway_to(insurer[1], clock))

    while sender.deliver_some():
        pass

    assert kiosk.outbox.counts() == {
        "queued": 0, "in_flight": 0, "accepted": 2, "refused": 1, "parked": 0, "closed": 0,
    }  # fmt: skip
    assert len(insurer[0].ledger.visits()) == 2


def test_a_lone_surrogate_in_an_answer_does_not_stop_the_delivery(
    kiosk: Kiosk, clock: Clock
) -> None:
    visit(kiosk, "an")
    with answering(token_then({"maKetQua": "205", "thongDiep": "\ud800"})) as url:
        delivery(kiosk, gateway_to(url, clock)).deliver_some()

    assert kiosk.outbox.counts()["queued"] == 1


def test_a_visit_that_makes_the_gateway_fail_delays_no_other_visit(
    kiosk: Kiosk, clock: Clock
) -> None:
    visits = [visit(kiosk, key) for key in ("an", "binh", "dung", "giang", "khoi")]
    poison = visits[2]

    def reply(handler: BaseHTTPRequestHandler) -> None:
        body = base64.b64decode(urllib.parse.parse_qs(handler.body)["fileHSBase64"][0]).decode()  # type: ignore[attr-defined]  # of the stub
        token_then({"maKetQua": "500" if poison in body else "200"})(handler)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        (token_then({}) if handler.path.endswith("/take") else reply)(handler)

    with answering(answer) as url:
        sender = delivery(kiosk, gateway_to(url, clock))
        for _ in range(12):
            sender.deliver_some()
            clock.go(timedelta(seconds=30))

    counts = kiosk.outbox.counts()
    assert (counts["accepted"], counts["queued"]) == (4, 1)


def test_a_run_continues_with_a_batch_that_had_to_be_split(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    for key in ("an", "binh", "dung"):
        visit(kiosk, key)
    with kiosk.database.transaction() as db:
        db.execute("update outbox set body = replace(body, '<MA_CSKCB>01999', '<MA_CSKCB>0') "
                   "where id = 2")  # fmt: skip
    ticking = gateway_to(insurer[1], clock)
    check_in = ticking.check_in

    def slow(document: bytes) -> object:
        clock.go(timedelta(seconds=1))
        return check_in(document)

    ticking.check_in = slow  # type: ignore[method-assign,assignment]  # time passes
    delivery(kiosk, ticking).deliver_all()

    assert kiosk.outbox.counts()["accepted"] == 2


def test_a_refused_account_parks_each_visit_only_after_several_tries(
    kiosk: Kiosk, clock: Clock
) -> None:
    for key in ("an", "binh", "dung"):
        visit(kiosk, key)
    with answering(token_then({"maKetQua": "403"})) as url:
        sender = delivery(kiosk, gateway_to(url, clock))
        for _ in range(4):
            sender.deliver_some()
        assert kiosk.outbox.counts()["parked"] == 0
        for _ in range(12):
            clock.go(timedelta(minutes=2))
            sender.deliver_some()

    assert kiosk.outbox.counts()["parked"] == 3


def test_a_long_outage_does_not_end_the_sender(
    kiosk: Kiosk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(kiosk, "an")
    sender = delivery(kiosk, gateway_to("http://127.0.0.1:9", clock, timeout_s=1))
    monkeypatch.setattr(sender, "_failures", 5_000)
    stop = threading.Event()
    waited: list[float] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        stop.set()
        return True

    monkeypatch.setattr(stop, "wait", wait)
    sender.run(stop)

    assert waited == [30.0]


def test_by_default_each_visit_is_sent_alone(kiosk: Kiosk, insurer: Running, clock: Clock) -> None:
    insurer[0].quirks.on = frozenset({Quirk.FIRST_RECORD_ONLY})
    visits = {visit(kiosk, key) for key in ("an", "binh", "dung", "giang", "khoi")}
    sender = Delivery(kiosk.outbox, gateway_to(insurer[1], clock), clock, 10, lambda: None)

    sender.deliver_all()

    assert {row.fields["MA_LK"] for row in insurer[0].ledger.visits()} == visits
    assert kiosk.outbox.counts()["accepted"] == 5


def test_a_file_of_several_visits_loses_all_but_one_at_a_portal_that_reads_one(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    insurer[0].quirks.on = frozenset({Quirk.FIRST_RECORD_ONLY})
    for key in ("an", "binh", "dung", "giang", "khoi"):
        visit(kiosk, key)

    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()

    assert len(insurer[0].ledger.visits()) < 5  # why more than one needs a setting


@pytest.mark.parametrize("damaged", [("an",), ("an", "binh"), ("binh",)])
def test_a_message_that_was_damaged_in_the_logbook_stops_no_other(
    kiosk: Kiosk, insurer: Running, clock: Clock, damaged: tuple[str, ...]
) -> None:
    visits = {key: visit(kiosk, key) for key in ("an", "binh", "dung")}
    with kiosk.database.transaction() as db:
        for key in damaged:
            db.execute("update outbox set body = '<CHI_TIEU' where visit = ?", [visits[key]])
    sender = delivery(kiosk, gateway_to(insurer[1], clock))
    for _ in range(6):
        sender.deliver_some()

    whole = {visits[key] for key in visits if key not in damaged}
    assert {found.fields["MA_LK"] for found in insurer[0].ledger.visits()} == whole
    assert kiosk.outbox.counts()["queued"] == 0
