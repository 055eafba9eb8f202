"""The ways to walk through the visits that a query finds, in the order of their arrivals.

Each walk reads one index of `visit_search` backwards, and compares the rest of the query row by
row.  All walks of a query find the same visits; which is the shortest depends on the logbook.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from kiosk.logbook.database import Database
from kiosk.logbook.person_numbers import SELECT_ROWS_WITH, limited
from kiosk.logbook.same_persons import PersonRecord
from kiosk.logbook.search_schema import ACCEPTED, WAITS
from kiosk.logbook.visit_query import NOT_SENT_STATE, IndexTerm, VisitQuery

SELECT_ROWS_OF = "select row from visit where id in (select value from json_each(:ids))"
WITH_PHONE = "select visit as row from visit_search where phone >= :phone and phone < :phone_end"

MAX_SHORT = 100_000  # messages; 20,000 are compared in 5 to 20 ms


@dataclass(frozen=True, slots=True)
class VisitWalk:
    """One index to walk through: SQL's source and the column of its places.

    `where` holds for all its rows, `fits` for those that the query finds.
    """

    source: str
    column: str
    values: dict[str, object] = field(repr=False)
    where: Sequence[str] = ()
    fits: Sequence[str] = ()
    counted: str = ""  # the state that the walk reads, if its index holds all that is compared

    def fitting(
        self, database: Database, low: int, high: int, is_forward: bool, limit: int
    ) -> list[int]:
        """Return the places that fit between two places, at most `limit`."""
        sql = f"select {self.column} as place {self._rest([*self.where, *self.fits], is_forward)}"
        values = self.values | {"low": low, "high": high, "limit": limit}
        return [int(row[0]) for row in database.rows(sql, values)]

    def piece(
        self, database: Database, low: int, high: int, is_forward: bool, limit: int
    ) -> list[tuple[int, bool]]:
        """Return the next places, at most `limit`, and whether each fits."""
        # `case` ends at the first condition that does not hold; a bare `and` computes all of them.
        fits = f"case when {' and '.join(self.fits) or '1'} then 1 else 0 end"
        sql = f"select {self.column} as place, {fits} {self._rest(self.where, is_forward)}"
        values = self.values | {"low": low, "high": high, "limit": limit}
        return [(int(row[0]), bool(row[1])) for row in database.rows(sql, values)]

    def is_short(self, database: Database) -> bool:
        """Return whether the whole walk is known to be short; no other is needed then."""
        count = "select 1 from outbox_count where state = ? and messages <= ?"
        return bool(self.counted and database.rows(count, [self.counted, MAX_SHORT]))

    def _rest(self, where: Sequence[str], is_forward: bool) -> str:
        conditions = [f"{self.column} > :low", f"{self.column} < :high", *where]
        return (
            f"from {self.source} where {' and '.join(conditions)}"
            f" order by {self.column} {'asc' if is_forward else 'desc'} limit :limit"
        )


class RunningWalk:
    """A walk that goes on piece by piece; `found` are the places that fit so far."""

    def __init__(self, walk: VisitWalk, low: int, high: int, is_forward: bool) -> None:
        self._walk, self._low, self._high, self._is_forward = walk, low, high, is_forward
        self.found: list[int] = []
        self.is_over = False

    def go_on(self, database: Database, limit: int) -> None:
        """Read the next `limit` rows."""
        rows = self._walk.piece(database, self._low, self._high, self._is_forward, limit)
        self.found += [place for place, fits in rows if fits]
        self.is_over = len(rows) < limit
        if rows and self._is_forward:
            self._low = rows[-1][0]
        elif rows:
            self._high = rows[-1][0]


def walks_of(query: VisitQuery, record: PersonRecord | None) -> list[VisitWalk]:
    """Return the walks for a query; `record` is the person's whose number it has."""
    values: dict[str, object] = {}
    terms = sorted(query.terms(), key=lambda term: term.is_common)  # what few have comes first
    all_terms = _comparisons(terms, values)
    columns = {}
    if query.state and query.state != NOT_SENT_STATE:
        columns["state"] = query.state
    if query.ticket:
        columns["ticket"] = query.ticket
    values |= columns
    equal = {name: f"s.{name} = :{name}" for name in columns}
    few = _few(query, record, values)
    if few:
        source = f"({' intersect '.join(few)}) r cross join visit_search s on s.visit = r.row"
        return [VisitWalk(source, "s.place", values, (), [*equal.values(), *all_terms.values()])]
    walks = []
    for name, condition in equal.items():
        source, where, counted = f"visit_search s indexed by visit_search_{name}", [condition], ""
        if name == "state" and query.state != ACCEPTED:
            source, counted = "visit_search s indexed by visit_search_waiting", query.state
            where.append(f"s.{WAITS}")
        others = [other for other in equal.values() if other != condition]
        fits = [*others, *all_terms.values()]
        walks.append(VisitWalk(source, "s.place", values, where, fits, counted))
    if match := query.match():
        compared = [all_terms[term] for term in terms if term.is_common]
        source = "visit_words w"
        if compared or equal:
            source += " cross join visit_search s on s.place = w.rowid"
        walks.append(
            VisitWalk(
                source,
                "w.rowid",
                values | {"match": match},
                ["w.visit_words match :match"],
                [*equal.values(), *compared],
            )
        )
    return walks or [VisitWalk("visit_search s", "s.place", values, (), [*all_terms.values()])]


def _comparisons(terms: Sequence[IndexTerm], values: dict[str, object]) -> dict[IndexTerm, str]:
    """Return a condition on the words of a row for each term; put their values into `values`."""
    conditions = {}
    for place, term in enumerate(terms):
        texts = term.texts()
        names = [f"text_{place}_{number}" for number in range(len(texts))]
        values.update(zip(names, texts, strict=True))
        holds = " or ".join(f"instr(' ' || s.words || ' ', :{name})" for name in names)
        conditions[term] = f"not ({holds})" if term.is_excluded else f"({holds})"
    return conditions


def _few(query: VisitQuery, record: PersonRecord | None, values: dict[str, object]) -> list[str]:
    """Return selections of the rows of visits, of which few fit; put their values into `values`."""
    found, by_person = [], []
    if record:
        by_person += [SELECT_ROWS_WITH, SELECT_ROWS_OF]
        values["numbers"] = json.dumps(limited(record.numbers))
        values["ids"] = json.dumps(sorted(record.visits))
    if query.phone:
        by_person.append(WITH_PHONE)
        values |= {"phone": query.phone, "phone_end": query.phone + ":"}  # behind the digit 9
    if by_person:
        found.append(f"select row from ({' union '.join(by_person)})")
    if query.visit:
        found.append("select row from visit where id = :visit")
        values["visit"] = query.visit
    return found
