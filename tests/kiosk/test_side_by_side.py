"""Several files on their way to the gateway at the same time."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from kiosk.desk import Confirmation
from kiosk.insurer import Delivery
from kiosk.insurer.errors import InsurerUnreachable
from kiosk.insurer.gateway import Gateway
from kiosk.logbook import NotRecorded, SentFiles
from tests.cast import AGAIN, Clock, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import Running, gateway_to

KEYS = ("an", "binh", "dung", "giang", "khoi")


def confirmed(kiosk: Kiosk, key: str, name: str = "", **fields: Any) -> str:
    """Confirm a visit of one of the sandbox's people; return its id."""
    return kiosk.desk.confirm(kiosk.scan(payload(key)), Confirmation(**fields), name or key)[0].id


def sender_of(kiosk: Kiosk, gateway: Gateway, **parts: Any) -> Delivery:
    """Return a delivery of one visit in a file, and four files at once, that has got going."""
    sender = Delivery(
        kiosk.outbox, gateway, kiosk.clock, 10, lambda: None, files_at_once=4, **parts
    )
    sender._batch_size = 4
    return sender


class Waiting:
    """A gateway's check-in that waits until some calls are under way at the same time."""

    def __init__(self, gateway: Gateway, calls: int) -> None:
        self.sent: list[bytes] = []
        self._meeting = threading.Barrier(calls)
        self._check_in = gateway.check_in
        gateway.check_in = self  # type: ignore[method-assign,assignment]

    def __call__(self, document: bytes) -> object:
        self.sent.append(document)
        self._meeting.wait(10)
        return self._check_in(document)


def test_four_files_of_different_patients_are_on_their_way_at_the_same_time(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    visits = [confirmed(kiosk, key) for key in KEYS[:4]]
    gateway = gateway_to(insurer[1], clock)
    waiting = Waiting(gateway, 4)
    sender = sender_of(kiosk, gateway, sent_files=SentFiles(kiosk.database))

    assert sender.deliver_some()

    assert len(waiting.sent) == 4
    assert all(document.count(b"<MA_LK>") == 1 for document in waiting.sent)
    assert {row.fields["MA_LK"]: row.times for row in insurer[0].ledger.visits()} == dict.fromkeys(
        visits, 1
    )
    assert kiosk.outbox.counts()["accepted"] == 4


def test_never_are_two_visits_of_one_patient_on_their_way(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    first = confirmed(kiosk, "an")
    again = confirmed(kiosk, "an", "again", repeat_reason=AGAIN)
    other = confirmed(kiosk, "binh")
    sender = sender_of(kiosk, gateway_to(insurer[1], clock))

    sender.deliver_some()
    assert {row.fields["MA_LK"] for row in insurer[0].ledger.visits()} == {first, other}
    sender.deliver_some()
    assert again in {row.fields["MA_LK"] for row in insurer[0].ledger.visits()}


def test_a_file_without_an_answer_is_tried_again_and_the_others_are_accepted(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    visits = [confirmed(kiosk, key) for key in KEYS]
    gateway = gateway_to(insurer[1], clock)
    check_in, sizes = gateway.check_in, []

    def answer(document: bytes) -> object:
        if visits[1].encode() in document:
            raise InsurerUnreachable("no answer within 1 s")
        return check_in(document)

    gateway.check_in = answer  # type: ignore[method-assign,assignment]
    sender = sender_of(kiosk, gateway)
    while sender.deliver_some():
        sizes.append(kiosk.outbox.counts()["accepted"])

    assert sizes == [3, 4]  # after the failure, the next message is sent by itself
    assert kiosk.outbox.counts()["queued"] == 1
    gateway.check_in = check_in  # type: ignore[method-assign]
    clock.go(timedelta(minutes=1))
    sender.deliver_all()
    assert kiosk.outbox.counts()["accepted"] == 5


def test_a_logbook_that_cannot_be_written_stops_all_files_and_loses_none(
    kiosk: Kiosk, insurer: Running, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = {confirmed(kiosk, key) for key in KEYS[:4]}
    files = SentFiles(kiosk.database)

    def full(*_file: object) -> int:
        raise NotRecorded("the disk is full")

    sender = sender_of(kiosk, gateway_to(insurer[1], clock), sent_files=files)
    with monkeypatch.context() as patched:
        patched.setattr(files, "record", full)
        with pytest.raises(NotRecorded, match="disk"):
            sender.deliver_some()
    assert insurer[0].ledger.visits() == []
    clock.go(timedelta(hours=1))  # the leases are over
    sender.deliver_all()

    assert {row.fields["MA_LK"]: row.times for row in insurer[0].ledger.visits()} == dict.fromkeys(
        visits, 1
    )


def test_one_sign_in_serves_all_files(kiosk: Kiosk, insurer: Running, clock: Clock) -> None:
    for key in KEYS[:4]:
        confirmed(kiosk, key)
    signed_in: list[str] = []
    sign_in = insurer[0].ledger.sign_in

    def counted(username: str, address: str) -> object:
        signed_in.append(username)
        return sign_in(username, address)

    insurer[0].ledger.sign_in = counted  # type: ignore[method-assign,assignment]
    gateway = gateway_to(insurer[1], clock)
    Waiting(gateway, 4)

    sender_of(kiosk, gateway).deliver_some()

    assert len(signed_in) == 1
