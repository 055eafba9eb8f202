"""Numbers of rooms, who is called next, and what happens when two desks do it at once."""

from __future__ import annotations

import threading
import unicodedata
from datetime import timedelta

import pytest

from kiosk.desk import Confirmation
from kiosk.logbook import (
    ACTIONS,
    AlreadyHere,
    ChangedMeanwhile,
    NoSuchTicket,
    NothingToChange,
    Priority,
    QueueAction,
    QueuePlace,
    Ticket,
    TicketState,
    Visit,
)
from kiosk.logbook.errors import NumberTaken
from kiosk.logbook.number_series import issue_ticket
from kiosk.logbook.room_queues import RoomQueue
from kiosk.logbook.ticket_states import DESK_LETTERS, MAX_DESK, Prefix, desk_prefix
from tests.cast import AGAIN, NOW, payload
from tests.conftest import Kiosk
from verify import clinic_day

ROOM, OTHER = "Phòng khám 1", "Phòng khám 2"


def record(kiosk: Kiosk, person: str, room: str = ROOM, priority: Priority | None = None) -> Visit:
    confirmation = Confirmation(room=room, repeat_reason=AGAIN, priority=priority)
    reading = kiosk.scan(payload(person))
    return kiosk.desk.confirm(reading, confirmation, f"{person}-{reading}")[0]


def ticket_of(kiosk: Kiosk, visit: Visit) -> Ticket:
    ticket = kiosk.tickets.of_visit(visit.id)
    assert ticket is not None
    return ticket


def act(kiosk: Kiosk, ticket: Ticket, action: QueueAction) -> Ticket:
    return kiosk.tickets.act(ticket.id, action, ticket.version, kiosk.clock(), "desk")


def call_next(kiosk: Kiosk) -> Ticket | None:
    """Call whoever is next, as the page of the queue does."""
    waiting = [
        ticket
        for ticket in kiosk.tickets.open(kiosk.clock(), ROOM)
        if ticket.state is TicketState.WAITING
    ]
    return act(kiosk, waiting[0], QueueAction.CALL) if waiting else None


def test_each_room_counts_by_itself_and_begins_at_1_every_day(kiosk: Kiosk) -> None:
    visits = [record(kiosk, "an"), record(kiosk, "binh", OTHER), record(kiosk, "dung")]
    assert [(visit.service.room, visit.ticket_label) for visit in visits] == [
        (ROOM, "1"),
        (OTHER, "1"),
        (ROOM, "2"),
    ]
    kiosk.clock.go(timedelta(days=1))
    assert record(kiosk, "an").ticket == 1


def test_a_room_renamed_in_case_and_spaces_is_the_same_room(kiosk: Kiosk) -> None:
    first = record(kiosk, "an")
    renamed = "PHÒNG  khám 1"
    second = record(kiosk, "binh", renamed)
    assert (first.ticket, second.ticket) == (1, 2)

    now, day = kiosk.clock(), clinic_day(kiosk.clock())
    for name in (ROOM, renamed, unicodedata.normalize("NFD", ROOM)):
        assert [ticket.number for ticket in kiosk.tickets.open(now, name)] == [1, 2]
        found = kiosk.tickets.find(day, name, "", 2)
        assert found is not None
        assert found.visit == second.id
    assert kiosk.tickets.count_ahead(ticket_of(kiosk, second), now) == 1
    assert kiosk.tickets.rooms_by_use(day) == [renamed]
    assert kiosk.room_queues.not_empty(now) == [
        RoomQueue(renamed, is_desk=False, waiting=2, open=2)
    ]
    [at_days_end] = kiosk.days_end.of(day).rooms
    assert (at_days_end.room, at_days_end.open, at_days_end.labels) == (renamed, 2, ("1", "2"))

    kiosk.corrections.correct(first.id, {"room": renamed}, "tên mới", now)
    ticket = ticket_of(kiosk, first)
    assert (ticket.number, ticket.state) == (1, TicketState.WAITING)  # no other number for this
    done = act(kiosk, act(kiosk, ticket, QueueAction.ENTER), QueueAction.DONE)
    assert kiosk.room_queues.newest_done(renamed, now, 5) == [done]


def test_many_desks_at_once_give_no_number_twice(kiosk: Kiosk) -> None:
    readings = [kiosk.scan(payload(("an", "binh", "dung")[place % 3])) for place in range(24)]
    faults: list[Exception] = []

    def confirm(readings: list[int]) -> None:
        for reading in readings:
            try:
                kiosk.desk.confirm(
                    reading, Confirmation(room=ROOM, repeat_reason=AGAIN), str(reading)
                )
            except AlreadyHere as exc:
                faults.append(exc)
        kiosk.database.close()

    desks = [threading.Thread(target=confirm, args=(readings[desk::4],)) for desk in range(4)]
    for desk in desks:
        desk.start()
    for desk in desks:
        desk.join()

    assert not faults
    numbers = [ticket.number for ticket in kiosk.tickets.open(kiosk.clock(), ROOM)]
    assert sorted(numbers) == list(range(1, 25))


def test_prefixes_do_not_take_each_other_s_numbers(kiosk: Kiosk) -> None:
    visit = record(kiosk, "an")
    slip = kiosk.tickets.issue_slip(None, ROOM, kiosk.clock())
    assert (visit.ticket_label, slip.label) == ("1", "Q 1")


def test_each_desk_has_a_prefix_of_its_own_that_stands_for_nothing_else() -> None:
    prefixes = [desk_prefix(desk) for desk in range(1, MAX_DESK + 1)]
    assert len(set(prefixes)) == len(prefixes) == MAX_DESK
    assert prefixes[:3] == ["B", "C", "H"]
    assert prefixes[15:18] == ["Z", "BB", "BC"]
    assert max(map(len, prefixes)) == 3
    assert not set(prefixes) & {str(prefix) for prefix in Prefix}
    assert not set(DESK_LETTERS) & set("AEOUYDWQGI")  # an input method changes them, or others have
    for desk in (0, -1, MAX_DESK + 1):
        with pytest.raises(ValueError, match=f"from 1 to 999, not {desk}"):
            desk_prefix(desk)


def test_a_reading_that_asks_twice_gets_one_slip(kiosk: Kiosk) -> None:
    reading = kiosk.scan(payload("oanh"))
    first = kiosk.tickets.issue_slip(reading, "Bàn 2", kiosk.clock())
    assert kiosk.tickets.issue_slip(reading, "Bàn 2", kiosk.clock()) == first
    assert kiosk.tickets.issue_slip(None, "Bàn 2", kiosk.clock()).number == 2


def test_a_number_from_paper_is_taken_once(kiosk: Kiosk) -> None:
    on_paper = QueuePlace("G", 7)
    with kiosk.database.transaction() as db:
        issue_ticket(db, ROOM, NOW, None, None, on_paper)
    with pytest.raises(NumberTaken), kiosk.database.transaction() as db:
        issue_ticket(db, ROOM, NOW, None, None, on_paper)
    found = kiosk.tickets.find(clinic_day(NOW), ROOM, "G", 7)
    assert found is not None
    assert found.label == "G 7"


def test_priority_is_called_first_and_then_whoever_came_first(kiosk: Kiosk) -> None:
    plain, first, second = (
        record(kiosk, "an"),
        record(kiosk, "binh", priority=Priority.FROM_75),
        record(kiosk, "dung", priority=Priority.PREGNANT),
    )
    order = [call_next(kiosk) for _ in range(4)]
    called = [ticket and ticket.visit for ticket in order]
    assert called == [first.id, second.id, plain.id, None]


def test_a_patient_who_is_absent_is_called_again(kiosk: Kiosk) -> None:
    record(kiosk, "an")
    ticket = call_next(kiosk)
    assert ticket is not None
    ticket = act(kiosk, ticket, QueueAction.ABSENT)
    assert call_next(kiosk) is None
    ticket = act(kiosk, ticket, QueueAction.CALL)
    assert ticket.state is TicketState.CALLED_AGAIN
    ticket = act(kiosk, act(kiosk, ticket, QueueAction.ENTER), QueueAction.DONE)
    assert kiosk.tickets.open(kiosk.clock()) == []
    events = kiosk.database.rows("select state from ticket_event order by id")
    assert [row["state"] for row in events] == [
        "called",
        "absent",
        "called_again",
        "in_room",
        "done",
    ]


def test_what_does_not_follow_is_refused(kiosk: Kiosk) -> None:
    ticket = ticket_of(kiosk, record(kiosk, "an"))
    for action in QueueAction:
        if (ticket.state, action) not in ACTIONS:
            with pytest.raises(NothingToChange):
                act(kiosk, ticket, action)
    with pytest.raises(NoSuchTicket):
        kiosk.tickets.act(999, QueueAction.CALL, 1, NOW, "desk")


def test_two_desks_call_one_patient_once(kiosk: Kiosk) -> None:
    ticket = ticket_of(kiosk, record(kiosk, "an"))
    results: list[str] = []

    def call() -> None:
        try:
            results.append(act(kiosk, ticket, QueueAction.CALL).state)
        except ChangedMeanwhile:
            results.append("changed meanwhile")
        kiosk.database.close()

    desks = [threading.Thread(target=call) for _ in range(4)]
    for desk in desks:
        desk.start()
    for desk in desks:
        desk.join()
    assert sorted(results) == ["called", *["changed meanwhile"] * 3]


def test_a_patient_in_another_room_gets_a_number_there(kiosk: Kiosk) -> None:
    record(kiosk, "binh", OTHER)
    visit = record(kiosk, "an", priority=Priority.MERIT)
    kiosk.corrections.correct(visit.id, {"room": OTHER}, "nhầm phòng", kiosk.clock())
    ticket = ticket_of(kiosk, visit)
    assert (ticket.room, ticket.label, ticket.priority) == (OTHER, "2", Priority.MERIT)
    assert kiosk.tickets.open(kiosk.clock(), ROOM) == []
    moved = kiosk.tickets.find(ticket.day, ROOM, "", 1)
    assert moved is not None
    assert moved.state is TicketState.MOVED
    assert record(kiosk, "dung").ticket == 2  # the number that was printed is not given again


def test_a_cancelled_visit_is_called_no_more(kiosk: Kiosk) -> None:
    visit = record(kiosk, "an")
    kiosk.corrections.cancel(visit.id, "nhầm", kiosk.clock())
    assert ticket_of(kiosk, visit).state is TicketState.CANCELLED
    assert call_next(kiosk) is None


def test_who_came_before_midnight_is_called_after_it(kiosk: Kiosk) -> None:
    kiosk.clock.go(timedelta(hours=13))  # eleven in the evening
    late = record(kiosk, "an")
    kiosk.clock.go(timedelta(hours=2))
    early = record(kiosk, "binh")
    assert (late.ticket, early.ticket) == (1, 1)
    order = [call_next(kiosk) for _ in range(2)]
    assert [ticket and ticket.visit for ticket in order] == [late.id, early.id]
    record(kiosk, "dung")
    kiosk.clock.go(timedelta(hours=17))
    assert call_next(kiosk) is None


def test_how_many_are_ahead(kiosk: Kiosk) -> None:
    visits = [record(kiosk, person) for person in ("an", "binh", "dung")]
    call_next(kiosk)
    ahead = [kiosk.tickets.count_ahead(ticket_of(kiosk, visit), NOW) for visit in visits]
    assert ahead == [0, 1, 2]
    first = ticket_of(kiosk, visits[0])
    act(kiosk, first, QueueAction.ENTER)
    assert kiosk.tickets.count_ahead(ticket_of(kiosk, visits[2]), NOW) == 1
    record(kiosk, "an", priority=Priority.UNDER_6)
    assert kiosk.tickets.count_ahead(ticket_of(kiosk, visits[2]), NOW) == 2


def test_how_many_wait_where(kiosk: Kiosk) -> None:
    record(kiosk, "an")
    record(kiosk, "binh", OTHER)
    kiosk.tickets.issue_slip(None, "Bàn 2", kiosk.clock())
    assert not kiosk.room_queues.are_called(kiosk.clock())
    ticket = call_next(kiosk)
    assert ticket is not None
    assert kiosk.room_queues.are_called(kiosk.clock())
    assert kiosk.room_queues.not_empty(kiosk.clock()) == [
        RoomQueue("Bàn 2", is_desk=True, waiting=1, open=1),
        RoomQueue(ROOM, is_desk=False, waiting=0, open=1),
        RoomQueue(OTHER, is_desk=False, waiting=1, open=1),
    ]
    act(kiosk, act(kiosk, ticket, QueueAction.ENTER), QueueAction.DONE)
    done = kiosk.room_queues.newest_done(ROOM, kiosk.clock(), 5)
    assert [(found.id, found.state) for found in done] == [(ticket.id, TicketState.DONE)]
    assert kiosk.room_queues.newest_done(OTHER, kiosk.clock(), 5) == []
