"""Whichever index a search walks through, it finds the same visits, as they are now."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from kiosk.logbook import (
    Cancelled,
    TicketState,
    Visit,
    VisitQuery,
    read_query,
    visit_finder,
    visit_walks,
)
from kiosk.logbook.visit_walks import walks_of
from tests.cast import NOW
from tests.conftest import Kiosk
from tests.logbook.conftest import Record

NAMES = ("Nguyễn Thị Lan", "Nguyen Van An", "Lê Lan", "Trần Thị Lành", "Lan Nguyễn")
STATES = ("queued", "accepted", "refused", "closed", "parked", "in_flight")


@pytest.fixture
def book(kiosk: Kiosk, record: Record) -> list[Visit]:
    """Sixty visits in many states, rooms and days; their messages are set by chance."""
    chance = random.Random(11)
    visits = [
        record(
            chance.choice(NAMES),
            at=NOW - timedelta(hours=3 * number),
            room=f"Phòng {number % 3}",
        )
        for number in range(60)
    ]
    with kiosk.database.transaction() as db:
        for visit in visits:
            db.execute(
                "update outbox set state = ? where visit = ?", [chance.choice(STATES), visit.id]
            )
    for visit in visits[::7]:
        if kiosk.visits.by_id(visit.id).insurer_state != "in_flight":  # type: ignore[union-attr]
            kiosk.corrections.cancel(visit.id, "nhầm", NOW)
    return [found for visit in visits if (found := kiosk.visits.by_id(visit.id))]


def queries(kiosk: Kiosk) -> list[VisitQuery]:
    """Return combinations of a text, a state, a ticket, a room and cancellation."""
    rooms = [row for row, _label in kiosk.visit_finder.choices("room")]
    texts = [
        read_query(text, NOW.year)
        for text in ("", "nguyễn", "lan", "lan nguyen ", "thi lan", "zhang", "nguyen l")
    ]
    return [
        replace(text, state=state, ticket=ticket, room=room, cancelled=cancelled)
        for text, state, ticket, room, cancelled in itertools.product(
            texts,
            ("", "queued", "accepted"),
            ("", "2"),
            (None, rooms[0]),
            (Cancelled.ALL, Cancelled.WITHOUT),
        )
    ]


@pytest.mark.parametrize(("chunk", "short"), [(1, -1), (3, -1), (500, 100)])
@pytest.mark.usefixtures("book")
def test_all_walks_find_the_same_visits_in_the_same_order(
    kiosk: Kiosk, chunk: int, short: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visit_finder, "FIRST_CHUNK", chunk)
    monkeypatch.setattr(visit_walks, "MAX_SHORT", short)  # -1: the index of those that wait is long
    low, high = -1, 2**62
    several = 0
    for query in queries(kiosk):
        walks = walks_of(query, None)
        each = [walk.fitting(kiosk.database, low, high, False, 100) for walk in walks]
        back = [walk.fitting(kiosk.database, low, high, True, 100)[::-1] for walk in walks]
        found = list(kiosk.visit_finder.find(query.without_marks(), limit=100))
        bare = walks_of(query.without_marks(), None)[0]

        assert all(places == each[0] for places in each + back)
        assert len(found) == len(bare.fitting(kiosk.database, low, high, False, 100))
        assert walks[0].is_short(kiosk.database) == (short > 0 and query.state == "queued")
        several += len(walks) > 1
    assert several > 100


def test_those_that_wait_are_compared_in_their_index_alone(kiosk: Kiosk) -> None:
    query = replace(read_query("Nguyễn Lan 1980", NOW.year), state="queued", ticket="2", room=1)
    walk = walks_of(query, None)[0]
    values = walk.values | {"low": -1, "high": 2**62, "limit": 51}
    conditions = " and ".join(("s.place > :low", "s.place < :high", *walk.where, *walk.fits))
    sql = f"select s.place from {walk.source} where {conditions} order by s.place desc limit :limit"

    plan = [row["detail"] for row in kiosk.database.rows(f"explain query plan {sql}", values)]

    assert plan == [
        "SEARCH s USING COVERING INDEX visit_search_waiting (state=? AND place>? AND place<?)"
    ]


def test_the_state_and_the_ticket_say_what_the_visit_says(kiosk: Kiosk, book: list[Visit]) -> None:
    for state in STATES:
        expected = [visit.id for visit in book if visit.insurer_state == state]
        assert [visit.id for visit in kiosk.visit_finder.find(VisitQuery(state=state), limit=100)
        ] == expected  # fmt: skip
    for label in {visit.ticket_label for visit in book}:
        found = kiosk.visit_finder.find(VisitQuery(ticket=label or ""), limit=100)
        assert [v.id for v in found] == [v.id for v in book if v.ticket_label == label]


@pytest.mark.usefixtures("book")
def test_pages_by_several_walks_show_each_visit_once(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visit_finder, "FIRST_CHUNK", 2)
    query = replace(read_query("lan", NOW.year), state="accepted")
    whole = [visit.id for visit in kiosk.visit_finder.find(query, limit=100)]
    seen: list[str] = []
    before = None
    while True:
        page = kiosk.visit_finder.find(query, before, limit=2)
        seen += [visit.id for visit in page]
        if page.older is None:
            break
        before = page.older
    again = kiosk.visit_finder.find(query, after=before, limit=2)

    assert seen == whole
    assert len(whole) > 4
    last = (len(whole) - 1) // 2 * 2  # where the last page begins
    assert [visit.id for visit in again] == whole[last - 3 : last - 1]


def test_a_search_by_ticket_follows_a_visit_to_another_room(kiosk: Kiosk, record: Record) -> None:
    visit = record("Lê Lan", room="Phòng 1")
    record("Lê Ba", room="Phòng 2")
    kiosk.corrections.correct(visit.id, {"room": "Phòng 2"}, "nhầm", NOW)
    moved = kiosk.visits.by_id(visit.id)
    assert moved is not None
    rows = kiosk.database.rows("select state from ticket where visit = ? order by id", [visit.id])

    assert [row[0] for row in rows] == [TicketState.MOVED, TicketState.WAITING]
    assert moved.ticket_label == "2"
    assert [v.id for v in kiosk.visit_finder.find(VisitQuery(ticket="2"))] == [visit.id]
