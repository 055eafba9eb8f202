"""Finds visits in a logbook of any size, newest first, a page at a time.

1.  The order is that of the arrivals (`visit_search.place`).  A page ends at a place, not at a
    number of rows: nothing is shown twice or left out while visits are recorded.
2.  What few visits have (a number, a telephone) is looked up first.  All else comes from an index
    that is read backwards until the page is full: of words, of states or of tickets.  If a query
    has several of them, they are read in turn, in growing pieces: the one that ends first has the
    page, and nobody has to know beforehand which that is.
3.  A damaged visit keeps its place in the list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from kiosk.logbook.database import Database
from kiosk.logbook.errors import LogbookDamaged
from kiosk.logbook.person_numbers import all_spellings, known_numbers, limited
from kiosk.logbook.same_persons import PersonRecord, joined_record
from kiosk.logbook.times import day_begins, day_ends
from kiosk.logbook.visit import Visit
from kiosk.logbook.visit_index import PLACES_PER_S, phone_digits, place_of
from kiosk.logbook.visit_query import VisitQuery
from kiosk.logbook.visit_rows import UnreadableVisit, read_rows
from kiosk.logbook.visit_walks import RunningWalk, walks_of
from verify import CLINIC_ZONE, clinic_day

PAGE = 50  # visits
MAX_COUNTED = 10_000  # visits of a day
MAX_PLACE = 2**62

FIRST_CHUNK = 500  # rows, when several indexes are walked through in turn


@dataclass(frozen=True, slots=True)
class FoundDay:
    """The visits of a page that arrived on one day of the clinic."""

    day: date
    count: int  # all that the query finds on this day, also on other pages; at most MAX_COUNTED
    visits: Sequence[Visit | UnreadableVisit]


@dataclass(frozen=True, slots=True)
class FoundVisits:
    """A page of results, newest first, by days.  `newer` and `older` are places; None: no more."""

    days: Sequence[FoundDay] = ()
    newer: int | None = None
    older: int | None = None
    ignored_marks: bool = False  # nothing fits the marks that were typed; these fit without
    # The index is damaged: these are the newest visits of the days, whatever else was looked for.
    is_without_index: bool = False

    def __iter__(self) -> Iterator[Visit | UnreadableVisit]:
        return (visit for day in self.days for visit in day.visits)


class VisitFinder:
    """Looks visits up.  All methods raise LogbookUnavailable if the logbook cannot be read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(
        self,
        query: VisitQuery,
        before: int | None = None,
        after: int | None = None,
        limit: int = PAGE,
    ) -> FoundVisits:
        """Return the newest visits that a query finds.

        `before` is the place at which an earlier page ended: the visits behind it follow.  `after`
        is where it began: those in front of it.  If nothing fits the marks of a name, it is found
        without them.

        If the index is damaged, the newest visits of the query's days: `is_without_index`.
        """
        if query.is_unusable:
            return FoundVisits()
        try:
            return self._find(query, before, after, limit)
        except LogbookDamaged:
            return self._newest(query, limit)

    def _find(
        self, query: VisitQuery, before: int | None, after: int | None, limit: int
    ) -> FoundVisits:
        is_first = before is None and after is None
        places = self._places(query, before, after, limit + 1)
        if not places and is_first and query.has_marks:
            found = self._find(query.without_marks(), None, None, limit)
            return FoundVisits(found.days, found.newer, found.older, ignored_marks=True)
        has_more, places = len(places) > limit, places[:limit]
        if after is not None:
            places = places[::-1]
        if not places:
            return FoundVisits()
        newer = has_more if after is not None else before is not None
        older = has_more if after is None else True
        return FoundVisits(
            self._days(query, self._visits(places), newer, older),
            places[0] if newer else None,
            places[-1] if older else None,
        )

    def _newest(self, query: VisitQuery, limit: int) -> FoundVisits:
        """Return the newest visits of the days of a query, from the logbook's own order."""
        first, last = query.first, query.last
        rows = self._database.rows(
            "select row from visit indexed by visit_arrived"
            " where arrived_at >= ? and arrived_at < ? order by arrived_at desc limit ?",
            [day_begins(first) if first else "", day_ends(last) if last else "9999", limit],
        )
        visits = read_rows(self._database, [row["row"] for row in rows])
        days: dict[date, list[Visit | UnreadableVisit]] = {}
        for visit in sorted(visits, key=_arrival, reverse=True):
            days.setdefault(clinic_day(_arrival(visit)), []).append(visit)
        return FoundVisits(
            [FoundDay(day, len(of_day), of_day) for day, of_day in days.items()],
            is_without_index=True,
        )

    def count(self, query: VisitQuery, day: date) -> int:
        """Return how many visits of a day a query finds, at most MAX_COUNTED."""
        begin = _begin(day)
        return len(self._places(query, _begin(day + timedelta(days=1)), begin - 1, MAX_COUNTED))

    def choices(self, kind: str) -> list[tuple[int, str]]:
        """Return the rooms or authors that visits have, as id and newest name, by name."""
        rows = self._database.rows(
            "select id, label from search_value where kind = ? order by label", [kind]
        )
        return [(int(row["id"]), str(row["label"])) for row in rows]

    def pages(self, query: VisitQuery, size: int = 500) -> Iterator[list[Visit | UnreadableVisit]]:
        """Yield all visits that `find` shows for a query, newest first, in pieces of `size`."""
        if query.is_unusable:
            return
        if query.has_marks and not self._places(query, None, None, 1):
            query = query.without_marks()
        before: int | None = None
        while places := self._places(query, before, None, size):
            yield [visit for _place, visit in self._visits(places)]
            before = places[-1]

    def _days(
        self,
        query: VisitQuery,
        found: list[tuple[int, Visit | UnreadableVisit]],
        has_newer: bool,
        has_older: bool,
    ) -> list[FoundDay]:
        days: list[tuple[date, list[Visit | UnreadableVisit]]] = []
        for place, visit in found:
            day = clinic_day(_time_of_place(place))
            if not days or days[-1][0] != day:
                days.append((day, []))
            days[-1][1].append(visit)
        result = []
        for number, (day, visits) in enumerate(days):
            # Only the first and the last day of a page may go on elsewhere.
            is_cut = (number == 0 and has_newer) or (number == len(days) - 1 and has_older)
            count = self.count(query, day) if is_cut else len(visits)
            result.append(FoundDay(day, count, visits))
        return result

    def _visits(self, places: Sequence[int]) -> list[tuple[int, Visit | UnreadableVisit]]:
        rows = self._database.rows(
            "select place, visit from visit_search where place in (select value from json_each(?))"
            " order by place desc",
            [json.dumps(list(places))],
        )
        visits = read_rows(self._database, [row["visit"] for row in rows])
        by_row = {visit.row: visit for visit in visits}
        return [
            (row["place"], _at_place(by_row[row["visit"]], row["place"]))
            for row in rows
            if row["visit"] in by_row
        ]

    def _places(
        self, query: VisitQuery, before: int | None, after: int | None, limit: int
    ) -> list[int]:
        """Return the places of the visits between two places, both excluded, at most `limit`.

        Newest first; with `after` alone, oldest first.
        """
        if not query.number:
            return self._indexed_places(query, None, before, after, limit)
        record = joined_record(self._database, {query.number})
        is_forward = before is None and after is not None
        found: list[int] = []
        while True:
            places = self._indexed_places(query, record, before, after, limit)
            found += self._of_record(places, record, query)
            if len(found) >= limit or len(places) < limit:
                return found[:limit]
            before, after = (None, places[-1]) if is_forward else (places[-1], after)

    def _indexed_places(
        self,
        query: VisitQuery,
        record: PersonRecord | None,
        before: int | None,
        after: int | None,
        limit: int,
    ) -> list[int]:
        """Return the same by the indexes alone: also visits that had a number only by mistake."""
        low = -1 if query.first is None else _begin(query.first) - 1
        high = MAX_PLACE if query.last is None else _begin(query.last + timedelta(days=1))
        low, high = max(low, -1 if after is None else after), min(high, before or high)
        is_forward = before is None and after is not None
        walks = walks_of(query, record)
        if len(walks) == 1:
            return walks[0].fitting(self._database, low, high, is_forward, limit)
        running = [RunningWalk(walk, low, high, is_forward) for walk in walks]
        chunk = FIRST_CHUNK
        while True:
            for walk in running:
                walk.go_on(self._database, chunk)
                if walk.is_over or len(walk.found) >= limit:
                    return walk.found[:limit]
            chunk *= 2

    def _of_record(self, places: list[int], record: PersonRecord, query: VisitQuery) -> list[int]:
        """Leave out visits that had a number only by mistake, until that was undone."""
        numbers = limited(record.numbers)
        kept = {
            place
            for place, visit in self._visits(places)
            if isinstance(visit, UnreadableVisit)
            or visit.id in record.visits
            or not all_spellings(known_numbers(visit)).isdisjoint(numbers)
            or (query.phone and phone_digits(visit.arrival.phone).startswith(query.phone))
        }
        return [place for place in places if place in kept]


def _arrival(visit: Visit | UnreadableVisit) -> datetime:
    """Return when a visit arrived; the earliest time of all if that cannot be read."""
    return visit.arrived_at or datetime.min.replace(tzinfo=CLINIC_ZONE)


def _at_place(visit: Visit | UnreadableVisit, place: int) -> Visit | UnreadableVisit:
    """Return a visit; a damaged one with the time of its place, if it has none of its own."""
    if isinstance(visit, UnreadableVisit) and visit.arrived_at is None:
        return replace(visit, arrived_at=_time_of_place(place))
    return visit


def _time_of_place(place: int) -> datetime:
    return datetime.fromtimestamp(place // PLACES_PER_S, CLINIC_ZONE)


def _begin(day: date) -> int:
    return place_of(datetime(day.year, day.month, day.day, tzinfo=CLINIC_ZONE))
