"""Numbers of rooms that several desks share, as one desk gives them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from kiosk.desk import Confirmation
from kiosk.logbook import (
    Database,
    PaperSheets,
    QueueAction,
    QueuePlace,
    TicketState,
    Visit,
    room_key,
)
from kiosk.logbook.number_series import issue_ticket
from kiosk.logbook.visit_query import read_query
from kiosk.queue import Room, RoomList
from kiosk.sandbox import remember_people, trust_settings
from kiosk.tickets import ticket_text
from kiosk.tickets.ticket_code import read_ticket_code, ticket_code
from kiosk.web.app import create_app
from tests.cast import AGAIN, NOW, Clock, payload, settings_for
from tests.conftest import Kiosk
from verify import clinic_day

ROOM, OTHER = "Phòng khám 1", "Phòng khám 2"
TODAY = clinic_day(NOW)


class Hand:
    """Numbers in hand, as a hub would have given them to desk 1."""

    prefix = "B"

    def __init__(self) -> None:
        self.numbers: dict[tuple[date, str], list[int]] = {}
        self.expected: list[tuple[str, str]] = []
        self.waited_s: list[float] = []
        self.doubles: dict[tuple[date, str, int], int] = {}

    def put(self, room: str, *numbers: int, day: date = TODAY) -> None:
        self.numbers.setdefault((day, room_key(room)), []).extend(numbers)

    def take(self, day: date, room: str) -> int | None:
        in_hand = self.numbers.get((day, room))
        return in_hand.pop(0) if in_hand else None

    def expect(self, room: str, place: str = "", wait_s: float = 0.0) -> None:
        self.expected.append((room, place))
        self.waited_s.append(wait_s)

    def also_given_by(self, day: date, room: str, number: int) -> int | None:
        return self.doubles.get((day, room, number))


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def kiosk(hand: Hand, tmp_path: Path, clock: Clock) -> Iterator[Kiosk]:
    remember_people(tmp_path, clock())
    trust = trust_settings(tmp_path, clock())
    settings = settings_for(tmp_path, web={"screens": 2}, **trust)
    kiosk = Kiosk(settings, tmp_path, demo=True, now=clock, numbers=hand)
    yield kiosk
    kiosk.database.close()


def record(kiosk: Kiosk, person: str, room: str = ROOM) -> Visit:
    reading = kiosk.scan(payload(person))
    confirmation = Confirmation(room=room, repeat_reason=AGAIN)
    return kiosk.desk.confirm(reading, confirmation, f"{person}-{reading}")[0]


def labels(kiosk: Kiosk, room: str = ROOM) -> list[str]:
    """Return the numbers of a room in the order of the next call."""
    return [ticket.label for ticket in kiosk.tickets.open(kiosk.clock(), room)]


def test_a_number_in_hand_is_given_once_and_then_the_desk_counts_by_itself(
    kiosk: Kiosk, hand: Hand
) -> None:
    hand.put(ROOM, 41)
    given = [record(kiosk, person) for person in ("an", "binh", "dung")]
    assert [visit.ticket_label for visit in given] == ["41", "B 1", "B 2"]
    hand.put(ROOM, 57)
    assert record(kiosk, "an").ticket_label == "57"
    assert labels(kiosk) == ["41", "B 1", "B 2", "57"]  # by arrival; nothing is renumbered


def test_each_room_and_each_day_has_numbers_of_its_own(kiosk: Kiosk, hand: Hand) -> None:
    hand.put(OTHER, 3)
    hand.put(ROOM, 90, day=TODAY + timedelta(days=1))
    assert [record(kiosk, "an").ticket_label, record(kiosk, "binh", OTHER).ticket_label] == [
        "B 1",
        "3",
    ]
    kiosk.clock.go(timedelta(days=1))
    assert [record(kiosk, "an").ticket_label, record(kiosk, "binh").ticket_label] == ["90", "B 1"]


def test_a_number_that_this_desk_has_given_before_is_passed_over(kiosk: Kiosk, hand: Hand) -> None:
    hand.put(ROOM, 5, 5, 6)  # the hub was restored from last night and began again
    assert record(kiosk, "an").ticket_label == "5"
    assert record(kiosk, "binh").ticket_label == "6"
    hand.put(ROOM, 5)
    assert record(kiosk, "dung").ticket_label == "B 1"


def test_a_visit_that_is_recorded_again_takes_no_further_number(kiosk: Kiosk, hand: Hand) -> None:
    hand.put(ROOM, 41, 42)
    reading = kiosk.scan(payload("an"))
    labels_given = {
        kiosk.desk.confirm(reading, Confirmation(room=ROOM), "the same key")[0].ticket_label
        for _ in range(3)
    }
    assert labels_given == {"41"}
    assert hand.take(TODAY, room_key(ROOM)) == 42


def test_a_patient_who_moves_gets_a_number_in_hand_of_the_other_room(
    kiosk: Kiosk, hand: Hand
) -> None:
    hand.put(ROOM, 41, 42)
    hand.put(OTHER, 7)
    first, second = record(kiosk, "an"), record(kiosk, "binh")
    for visit in (first, second):
        kiosk.corrections.correct(visit.id, {"room": OTHER}, "nhầm phòng", kiosk.clock())
    assert labels(kiosk, ROOM) == []
    assert labels(kiosk, OTHER) == ["7", "B 1"]
    moved = kiosk.tickets.find(TODAY, ROOM, "", 41)
    assert moved is not None
    assert moved.state is TicketState.MOVED  # and 41 is never given again
    hand.put(ROOM, 41)
    assert record(kiosk, "dung").ticket_label == "B 1"


def test_every_scan_lets_a_number_of_the_usual_room_be_fetched(kiosk: Kiosk, hand: Hand) -> None:
    usual = kiosk.rooms.read().usual(kiosk.settings.visit.room).name
    kiosk.scan(payload("an"))
    kiosk.desk.record_no_card("front")
    assert hand.expected == [(usual, "front")] * 2
    assert hand.waited_s == [0.0, 0.0]  # a scan waits for nothing


def test_slips_and_numbers_on_paper_take_no_shared_number(kiosk: Kiosk, hand: Hand) -> None:
    hand.put("Bàn tiếp đón B", 1)
    slip = kiosk.tickets.issue_slip(None, "", kiosk.clock())
    assert (slip.label, slip.room) == ("Q 1", "Bàn tiếp đón B")  # each desk has one of its own
    hand.put(ROOM, 41)
    with kiosk.database.transaction() as db:
        made = issue_ticket(db, ROOM, NOW, None, None, QueuePlace("G", 7), hand)
    ticket = kiosk.tickets.get(made)
    assert ticket is not None
    assert ticket.label == "G 7"
    assert hand.take(TODAY, room_key(ROOM)) == 41


def test_the_desks_letter_stands_on_its_paper_sheets(kiosk: Kiosk, tmp_path: Path) -> None:
    other = Database(tmp_path / "other.db", "demo")  # of a desk that shares nothing
    try:
        [before] = PaperSheets(other).make(1, "desk", NOW)
        assert [line.label for line in PaperSheets(other).lines(before)][:2] == ["G 1", "G 2"]
    finally:
        other.close()
    [sheet] = kiosk.paper_sheets.make(1, "desk", NOW)
    assert [line.label for line in kiosk.paper_sheets.lines(sheet)][:2] == ["GB 1", "GB 2"]
    assert (sheet.prefix, sheet.last_number) == ("GB", 12)


def test_threads_that_record_at_once_share_out_what_is_in_hand(kiosk: Kiosk, hand: Hand) -> None:
    readings = [kiosk.scan(payload(("an", "binh", "dung")[place % 3])) for place in range(16)]
    hand.put(ROOM, *range(101, 109))

    def confirm(readings: list[int]) -> None:
        for reading in readings:
            confirmation = Confirmation(room=ROOM, repeat_reason=AGAIN)
            kiosk.desk.confirm(reading, confirmation, str(reading))
        kiosk.database.close()

    threads = [threading.Thread(target=confirm, args=(readings[at::4],)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    own = [f"B {number}" for number in range(1, 9)]
    assert sorted(labels(kiosk)) == sorted([*map(str, range(101, 109)), *own])


def test_the_queue_the_display_and_the_ticket_say_the_desks_letter(
    kiosk: Kiosk, stop: threading.Event
) -> None:
    visit = record(kiosk, "an")
    client = create_app(kiosk, stop, []).test_client()
    page = client.get(f"/queue?room={ROOM}").get_data(as_text=True)
    assert "B 1" in page

    ticket = kiosk.tickets.of_visit(visit.id)
    assert ticket is not None
    kiosk.tickets.act(ticket.id, QueueAction.CALL, ticket.version, kiosk.clock(), "desk")
    [call] = client.get("/display/calls.json").get_json()["calls"]
    assert (call["label"], call["room"]) == ("B 1", ROOM)

    printed = kiosk.printing.ticket(ticket.id)
    assert printed is not None
    assert ticket_text(printed, "vi").label == "B 1"
    found = kiosk.printing.read_code(printed.code)
    assert found is not None
    assert found.ticket is not None
    assert found.ticket.id == ticket.id


def test_the_queue_says_which_number_another_desk_gave_too(
    kiosk: Kiosk, hand: Hand, stop: threading.Event
) -> None:
    hand.put(ROOM, 41, 42)
    record(kiosk, "an")
    record(kiosk, "binh")
    record(kiosk, "dung")
    hand.doubles = {(TODAY, room_key(ROOM), 42): 4, (TODAY, room_key(ROOM), 1): 4}
    client = create_app(kiosk, stop, []).test_client()
    page = client.get(f"/queue?room={ROOM}&lang=en").get_data(as_text=True)
    assert page.count("desk 4 gave it too: ask for the name") == 1  # B 1 is our own
    assert "Only patients who were recorded at this desk are listed." in page


def test_a_program_says_to_which_room_a_patient_is_going_to_be_sent(
    kiosk: Kiosk, hand: Hand, stop: threading.Event
) -> None:
    kiosk.rooms.save(RoomList((Room(ROOM), Room(OTHER))))
    client = create_app(kiosk, stop, []).test_client()
    for body in ({"room": OTHER.upper()}, {}, {"room": "nowhere"}):
        answer = client.post("/api/queue/expect", json=body)
        assert (answer.status_code, answer.get_json()) == (202, {"shared": True})
    usual = kiosk.rooms.read().usual(kiosk.settings.visit.room).name
    assert hand.expected == [(OTHER, ""), (usual, ""), (usual, "")]
    assert client.post("/api/queue/expect", json={"room": 7}).status_code == 400


def test_the_page_of_the_queue_waits_for_the_number_of_another_room(
    kiosk: Kiosk, hand: Hand, stop: threading.Event
) -> None:
    kiosk.rooms.save(RoomList((Room(ROOM), Room(OTHER))))
    visit = record(kiosk, "an")
    ticket = kiosk.tickets.of_visit(visit.id)
    assert ticket is not None
    hand.expected.clear()
    hand.waited_s.clear()
    hand.put(OTHER, 7)
    client = create_app(kiosk, stop, []).test_client()
    form = {"action": "move", "to": OTHER, "room": ROOM, "version": str(ticket.version)}
    assert client.post(f"/queue/tickets/{ticket.id}", data=form).status_code == 303
    assert [room for room, _place in hand.expected] == [OTHER]
    assert hand.waited_s == [0.5]
    assert labels(kiosk, OTHER) == ["7"]


@pytest.mark.parametrize("label", ["12", "Q 7", "B 12", "BC 999", "BBH 1", "GB 3"])
def test_a_code_and_the_search_take_every_prefix(label: str) -> None:
    code = read_ticket_code(ticket_code(b"key", "01999", TODAY, label, 4711))
    assert code is not None
    assert code.label == label.replace(" ", "")
    for typed in (label, label.replace(" ", ""), label.lower()):
        assert read_query(typed, TODAY.year).ticket == label


def test_the_search_takes_a_short_name_and_a_year_for_no_number() -> None:
    assert not read_query("an 1970", TODAY.year).ticket
