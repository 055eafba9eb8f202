"""Every fault that the sandbox can play, and how our client copes with it."""

from __future__ import annotations

import json
import time
import urllib.request
from datetime import timedelta

import pytest

from kiosk.insurer import Delivery
from kiosk.insurer.errors import InsurerError, InsurerUnreachable
from kiosk.sandbox import faults
from kiosk.sandbox.faults import HEADER, Fault
from tests.cast import NOW, Clock
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import Running, card_of, gateway_to
from tests.kiosk.test_complaints import visit

HARMLESS = {
    Fault.NONE,
    Fault.SLOW,
    Fault.NUMBERS,
    Fault.NULL_LISTS,
    Fault.SIGNED_OUT,
    Fault.OTHER_ADDRESS,
}
RETRY_DELAY = timedelta(minutes=20)


@pytest.fixture(autouse=True)
def shorter_waits(monkeypatch: pytest.MonkeyPatch, insurer: Running) -> object:
    monkeypatch.setattr(faults, "SLOW_ANSWER_S", 0.2)
    yield
    insurer[0].faults.end()


@pytest.mark.parametrize("fault", list(Fault))
def test_a_card_is_looked_up_or_an_error_is_raised(
    insurer: Running, clock: Clock, fault: Fault
) -> None:
    gateway = gateway_to(insurer[1], clock, timeout_s=1)
    gateway.look_up(card_of("an"))  # signs in
    insurer[0].faults.current = fault

    if fault in HARMLESS:
        assert gateway.look_up(card_of("an")).code == "000"
    else:
        with pytest.raises(InsurerError):
            gateway.look_up(card_of("an"))


@pytest.mark.parametrize("fault", list(Fault))
def test_a_visit_arrives_once_whatever_the_fault(
    kiosk: Kiosk, insurer: Running, clock: Clock, fault: Fault
) -> None:
    visit_id = visit(kiosk, "an")
    gateway = gateway_to(insurer[1], clock, timeout_s=1)
    gateway.look_up(card_of("an"))  # signs in
    sender = Delivery(kiosk.outbox, gateway, clock, 2, lambda: None, 50)
    insurer[0].faults.current = fault
    sender.deliver_some()
    insurer[0].faults.current = Fault.NONE
    insurer[0].faults.end()
    for _ in range(3):
        clock.go(RETRY_DELAY)
        sender.deliver_some()

    counts = kiosk.outbox.counts()
    if fault is Fault.UNKNOWN_CODE:
        assert counts["parked"] == 1
    else:
        assert counts["accepted"] == 1
        [received] = insurer[0].ledger.visits()
        assert received.fields["MA_LK"] == visit_id
        assert received.times == (2 if fault in (Fault.LOST, Fault.CUT, Fault.TRUNCATED) else 1)


def test_a_header_chooses_the_fault_of_a_single_call(insurer: Running) -> None:
    request = urllib.request.Request(
        insurer[1] + "/api/token/take", b"{}", {HEADER: "truncated", "Content-Type": "text/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        body = answer.read()

    with pytest.raises(ValueError, match=r"(?i)unterminated|expecting|delimiter"):
        json.loads(body)
    assert insurer[0].faults.current is Fault.NONE


def test_the_fault_is_chosen_on_the_sandbox_page(insurer: Running) -> None:
    client = insurer[0].app.test_client()
    client.post("/fault", data={"fault": "hang"})
    chosen = str(insurer[0].faults.current)
    assert chosen == "hang"
    assert all(fault in client.get("/").text for fault in Fault)
    client.post("/fault", data={"fault": "nonsense"})
    assert str(insurer[0].faults.current) == "none"


def test_a_call_to_a_hanging_gateway_ends_after_the_timeout(insurer: Running, clock: Clock) -> None:
    gateway = gateway_to(insurer[1], clock, timeout_s=0.5)
    insurer[0].faults.current = Fault.HANG
    started = time.monotonic()
    with pytest.raises(InsurerUnreachable):
        gateway.look_up(card_of("an"))

    assert time.monotonic() - started < faults.HANG_S / 10


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.LOST])
def test_the_sandbox_answers_after_many_calls_that_hang(
    insurer: Running, clock: Clock, fault: Fault
) -> None:
    gateway_to(insurer[1], clock).look_up(card_of("an"))  # signs in
    insurer[0].faults.current = fault
    for _ in range(12):
        with pytest.raises(InsurerUnreachable):
            gateway_to(insurer[1], clock, timeout_s=0.1).look_up(card_of("an"))

    with urllib.request.urlopen(insurer[1] + "/", timeout=10) as page:
        assert page.status == 200


def test_the_history_has_the_visits_that_were_received(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    visit(kiosk, "an")
    gateway = gateway_to(insurer[1], clock)
    assert gateway.history(card_of("an")) == []
    Delivery(kiosk.outbox, gateway, clock, 2, lambda: None, 50).deliver_some()

    [past] = gateway.history(card_of("an"))

    assert (past.facility, past.came_at, past.left_at) == ("01999", NOW, None)
    assert gateway.payments(card_of("an")).this_year is None


def test_every_question_about_a_card_is_recorded(insurer: Running, clock: Clock) -> None:
    gateway = gateway_to(insurer[1], clock)
    for _ in range(2):
        gateway.look_up(card_of("an"))

    assert [question.code for question in insurer[0].ledger.questions()] == ["000", "000"]
