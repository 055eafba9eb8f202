"""Finds visits of the whole facility at the hub, newest first, a page at a time.

1.  What is typed means what it means in the logbook (`kiosk.logbook.read_query`): words of a name
    with marks or without, in any order, the last one perhaps unfinished.
2.  The hub is asked day by day, from the newest one back, until the page is full or
    SEARCH_BUDGET_S is used up.  Then the result says how far back was looked: what was not looked
    through is not called absent.
3.  The hub sorts out coarsely (`FOLDED` leaves marks, case and apostrophes out), and the words are
    compared here, by the rules of the logbook.  Nothing that is typed reaches SQL but as a value.
4.  A desk's own login sees names of the last days only (`LATELY`).  Older days are read by the
    login for reports (`ALL_DAYS`), after a person has typed their PIN (docs/hub.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from kiosk.hub.desk_states import Rows
from kiosk.logbook import (
    Cancelled,
    NewVisit,
    VisitQuery,
    known_numbers,
    person_words,
    phone_digits,
    room_key,
    spellings_of,
    visit_from_record,
)
from verify import CLINIC_ZONE

DAYS_OPEN = 2  # today and yesterday: what a desk's own login shows with names
SEARCH_BUDGET_S = 4.0  # of a page; after that it says how far back was looked
MAX_DAYS_BACK = 366 * 5
PAGE = 50  # visits
CHUNK = 500  # visits that are compared at a time

# A holder's name without marks, case and apostrophes.  Everything that is left of another script
# is compared here, not at the hub.
FOLDED = (
    "translate(lower(regexp_replace(normalize(coalesce(r.record->>'holder', ''), NFD),"
    " '[\u0300-\u036f''`\u00b4\u2018\u2019\u201b\u02b9\u02bb-\u02be\u02c8\u2032]', '', 'g')),"
    " 'đĐðÐɖƉ', 'dddddd')"
)
COLUMNS = (
    "r.id, r.day, r.desk, r.version, r.arrived_at, r.person, r.room, r.ticket, r.outcome, r.reason,"
    " r.cancelled_at, r.insurer_state, r.insurer_code, r.record::text as record"
)
# A number of the person, or a telephone number. The column `other_numbers` is a list as JSON.
OF_NUMBERS = (
    "r.person = any(%(numbers)s::text[]) or r.record->>'number' = any(%(numbers)s::text[])"
    " or r.record->>'card_number' = any(%(numbers)s::text[])"
    " or r.record->>'citizen_number' = any(%(numbers)s::text[])"
    " or strpos(r.record->>'other_numbers', %(number)s::text) > 0"
    " or strpos(regexp_replace(r.record->>'phone', '[^0-9]', '', 'g'), %(phone)s::text) > 0"
)
# It costs most of a search: `offset 0` lets it be made once for each visit, not for each word.
WITH_FOLDED = f"cross join lateral (select {FOLDED} as folded offset 0) f"
# Where visits with names come from: the last days for a desk, all days for reports.
LATELY = "hub.lately r"
ALL_DAYS = (
    "(select v.*, w.record, w.digest from hub.visit v"
    " join hub.visit_version w on w.facility = v.facility and w.day = v.day and w.visit = v.id"
    " and w.version = v.version) r"
)


@dataclass(frozen=True, slots=True)
class HubQuery:
    """What is looked for over the facility. `typed` is what was typed, with its filters.

    The rooms of the logbook's query are ids of one logbook: here `room` is a name.  Empty texts
    and None fit all visits.
    """

    typed: VisitQuery
    room: str = ""
    desk: int | None = None


@dataclass(frozen=True, slots=True)
class HubPlace:
    """A place in a list of visits: those behind it are older."""

    day: date
    arrived_at: datetime  # aware
    id: str


@dataclass(frozen=True, slots=True)
class HubVisit:
    """A visit as it stands at the hub. `arrived_at`, `cancelled_at` are aware."""

    id: str
    day: date  # of its id: the day on which it was recorded first
    desk: int
    version: int
    arrived_at: datetime
    person: str = field(repr=False)
    room: str
    ticket: str
    outcome: str
    reason: str
    cancelled_at: datetime | None
    insurer_state: str
    insurer_code: str | None
    # None: its desk sends no records to the hub, or this one cannot be read here.
    confirmed: NewVisit | None = field(repr=False)

    @property
    def place(self) -> HubPlace:
        """Its place in a list, newest first."""
        return HubPlace(self.day, self.arrived_at, self.id)


@dataclass(frozen=True, slots=True)
class HubVisits:
    """A page of visits, newest first; `older` is where the next one begins, None: this is the last.

    `looked_back_to` is the oldest day that was looked through, if the time was used up before.
    """

    visits: Sequence[HubVisit] = ()
    older: HubPlace | None = None
    looked_back_to: date | None = None
    ignored_marks: bool = False  # nothing fits the marks that were typed; these fit without

    def by_day(self) -> list[tuple[date, list[HubVisit]]]:
        """Return the visits by the clinic's day of their arrival, in the order of the list."""
        found: list[tuple[date, list[HubVisit]]] = []
        for visit in self.visits:
            day = visit.arrived_at.astimezone(CLINIC_ZONE).date()
            if not found or found[-1][0] != day:
                found.append((day, []))
            found[-1][1].append(visit)
        return found


class HubSearch:
    """Looks visits up at the hub, through `rows`, in `source` (LATELY or ALL_DAYS)."""

    def __init__(
        self,
        rows: Rows,
        facility: str,
        source: str,
        monotonic: Callable[[], float] = time.monotonic,
        budget_s: float = SEARCH_BUDGET_S,
    ) -> None:
        self._rows, self._facility, self._source = rows, facility, source
        self._monotonic, self._budget_s = monotonic, budget_s

    def find(
        self,
        query: HubQuery,
        first: date,
        last: date,
        before: HubPlace | None = None,
        limit: int = PAGE,
    ) -> HubVisits:
        """Return the newest visits of some days (both included) that a query finds.

        `before` is the place at which an earlier page ended.  If nothing fits the marks of a name,
        it is found without them.
        """
        if query.typed.is_unusable:
            return HubVisits()
        found = self._find(query, first, last, before, limit)
        if found.visits or before or not query.typed.has_marks or found.looked_back_to:
            return found
        plain = replace(query, typed=query.typed.without_marks())
        found = self._find(plain, first, last, None, limit)
        return replace(found, ignored_marks=bool(found.visits))

    def _find(
        self, query: HubQuery, first: date, last: date, before: HubPlace | None, limit: int
    ) -> HubVisits:
        until = self._monotonic() + self._budget_s
        found: list[HubVisit] = []
        day = min(last, before.day) if before else last
        first = max(first, last - timedelta(days=MAX_DAYS_BACK))
        if query.typed.visit:
            first = day = day_of(query.typed.visit) or day
        while day >= first:
            for visit in self._of_day(query, day, before, limit + 1 - len(found)):
                found.append(visit)
            before = None
            if len(found) > limit:
                return HubVisits(found[:limit], found[limit - 1].place)
            if self._monotonic() > until and day > first:
                return HubVisits(found, _end_of(day), looked_back_to=day)
            day -= timedelta(days=1)
        return HubVisits(found)

    def _of_day(
        self, query: HubQuery, day: date, before: HubPlace | None, limit: int
    ) -> Iterator[HubVisit]:
        """Yield at most `limit` visits of a day that fit, newest first."""
        where, values = _coarse(query)
        values |= {"facility": self._facility, "day": day, "limit": max(limit, CHUNK)}
        source = f"{self._source} {WITH_FOLDED}" if query.typed.names else self._source
        left = limit
        while True:
            behind = ""
            if before is not None:
                behind = "and (r.arrived_at, r.id) < (%(arrived_at)s, %(id)s)"
                values |= {"arrived_at": before.arrived_at, "id": before.id}
            rows = list(
                self._rows(
                    f"select {COLUMNS} from {source} where r.facility = %(facility)s"
                    f" and r.day = %(day)s {where} {behind}"
                    " order by r.arrived_at desc, r.id desc limit %(limit)s",
                    values,
                )
            )
            for row in rows:
                visit = hub_visit(row)
                if _fits(query, visit):
                    yield visit
                    left -= 1
                    if not left:
                        return
            if len(rows) < max(limit, CHUNK):
                return
            before = HubPlace(day, rows[-1]["arrived_at"], rows[-1]["id"])


def hub_visit(row: Mapping[str, Any]) -> HubVisit:
    """Return the visit of a row of COLUMNS."""
    return HubVisit(
        id=row["id"],
        day=row["day"],
        desk=row["desk"],
        version=row["version"],
        arrived_at=row["arrived_at"],
        person=row["person"] or "",
        room=row["room"],
        ticket=row["ticket"],
        outcome=row["outcome"],
        reason=row["reason"],
        cancelled_at=row["cancelled_at"],
        insurer_state=row["insurer_state"],
        insurer_code=row["insurer_code"],
        confirmed=record_of(row["record"]),
    )


def record_of(text: str | None) -> NewVisit | None:
    """Return the visit that a record of the hub holds. None without one that can be read.

    A desk that sends no records (`[hub] records = "no"`) sends an empty one; a newer version of the
    program may write what this one cannot read.
    """
    try:
        return visit_from_record(text) if text else None
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def day_of(visit_id: str) -> date | None:
    """Return the day that the id of a visit names: "01999-20261129-…". None if it names none."""
    try:
        return datetime.strptime(visit_id.split("-")[1], "%Y%m%d").date()
    except (IndexError, ValueError):
        return None


def _coarse(query: HubQuery) -> tuple[str, dict[str, object]]:
    """Return conditions on `r` that all visits of a query meet, and their values."""
    typed = query.typed
    found: list[tuple[str, dict[str, object]]] = [
        (
            f"(position(%(name{number})s in f.folded) > 0 or f.folded ~ '[^\\x01-\\x7f]')",
            {f"name{number}": word.plain},
        )
        for number, word in enumerate(typed.names)
    ]
    if typed.born:
        found.append(("starts_with(r.record->>'born', %(born)s)", {"born": typed.born}))
    if typed.number or typed.phone:
        found.append((f"({OF_NUMBERS})", _numbers(typed)))
    named: dict[str, object] = {
        "id": typed.visit,
        "ticket": typed.ticket,
        "outcome": typed.outcome,
        "insurer_state": typed.state,
        "desk": query.desk,
    }
    found += [(f"r.{name} = %({name})s", {name: value}) for name, value in named.items() if value]
    if typed.cancelled is not Cancelled.ALL:
        only = typed.cancelled is Cancelled.ONLY
        found.append((f"r.cancelled_at is {'not ' if only else ''}null", {}))
    values: dict[str, object] = {}
    for _condition, more in found:
        values |= more
    return "".join(f" and {condition}" for condition, _more in found), values


def _numbers(typed: VisitQuery) -> dict[str, object]:
    """Return the values of OF_NUMBERS; what was not typed fits nothing."""
    return {
        "numbers": list(spellings_of(typed.number)) if typed.number else [],
        "number": typed.number or None,
        "phone": typed.phone.lstrip("0") or None,
    }


def _fits(query: HubQuery, visit: HubVisit) -> bool:
    """Return whether a visit that the hub has found coarsely is looked for."""
    typed = query.typed
    if query.room and room_key(visit.room) != room_key(query.room):
        return False
    confirmed = visit.confirmed
    if confirmed is None:
        return not typed.names and not typed.born and not typed.phone
    if typed.number or typed.phone:
        numbers = {*known_numbers(confirmed), visit.person}
        spelled = {spelling for number in numbers for spelling in spellings_of(number)}
        is_number = bool(typed.number) and bool(spelled & set(spellings_of(typed.number)))
        phone = phone_digits(confirmed.arrival.phone)
        if not is_number and not (typed.phone and phone.startswith(typed.phone)):
            return False
    born = str(confirmed.card.born) if confirmed.card.born else None
    words = f" {' '.join(person_words(confirmed.card.holder, born))} "
    personal = VisitQuery(
        names=typed.names,
        last_is_whole=typed.last_is_whole,
        born=typed.born,
        ignores_marks=typed.ignores_marks,
    )
    return all(any(text in words for text in term.texts()) for term in personal.terms())


def _end_of(day: date) -> HubPlace:
    """Return the place behind all visits of a day."""
    return HubPlace(day, datetime.min.replace(tzinfo=CLINIC_ZONE, year=1900), "")
