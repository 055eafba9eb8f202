"""Joins two records of one person whom no number joins: two cards, a passport, a mistyped number.

1.  A record is the visits that share a number.  A joining names one visit of each of two records;
    it holds for all visits of both, also for those that come later.
2.  Rows are only added: a joining with its reason, and an undoing that names it.  What the program
    shows of a person follows the joinings that were not undone.
3.  Names and births are compared before.  Nothing is changed in a visit, and nothing is sent.
4.  A visit that is deleted because its time is over takes its joinings along.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlite_utils

from kiosk.logbook.database import Database
from kiosk.logbook.errors import LogbookDamaged, NoSuchVisit, NothingToChange
from kiosk.logbook.person_numbers import SELECT_ROWS_WITH, known_numbers, limited
from kiosk.logbook.times import from_utc_text, to_utc_text
from kiosk.logbook.visit import Visit
from kiosk.logbook.visit_rows import UnreadableVisit, read_rows, visit_with_id

MAX_ROUNDS = 4  # from numbers to joined records and on
MAX_VISITS = 1_000  # of one person

CURRENT = (
    "select j.* from same_person j where j.undoes is null"
    " and not exists (select 1 from same_person u where u.undoes = j.id)"
)
# The visits to which those with one of some numbers, and some others, are joined.
SELECT_JOINED = f"""
with mine (id) as materialized (
    select id from visit where row in ({SELECT_ROWS_WITH})
    union select value from json_each(:ids)
)
select other as id from ({CURRENT}) where visit in (select id from mine)
union
select visit from ({CURRENT}) where other in (select id from mine)
"""


# The rows of a person's visits, newest first.
SELECT_ROWS_OF_PERSON = f"""
select row from ({SELECT_ROWS_WITH}
    union select row from visit where id in (select value from json_each(:ids)))
order by row desc limit :limit
"""
SELECT_OF_PERSON = f"""
select v.row from visit v where v.row in ({SELECT_ROWS_WITH}
    union select row from visit where id in (select value from json_each(:ids)))
order by v.arrived_at desc limit :limit
"""


SELECT_ROWS_OF = "select row from visit where id in (select value from json_each(?))"


@dataclass(frozen=True, slots=True)
class PersonVisits:
    """The visits of one person, newest arrival first, and damaged ones that may be theirs too."""

    visits: Sequence[Visit]
    unreadable: Sequence[UnreadableVisit] = ()


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """By what the visits of one person are found, with those of all records joined to theirs."""

    numbers: set[str] = field(repr=False)
    visits: set[str]  # ids that joinings name: a visit without a card may have no number

    def has(self, visit: Visit) -> bool:
        """Return whether a visit is one of the person's."""
        return visit.id in self.visits or not known_numbers(visit).isdisjoint(self.numbers)


@dataclass(frozen=True, slots=True)
class PersonJoining:
    """Two records that were joined, and when and why that ended if it did. Times are aware."""

    id: int
    at: datetime
    author: str  # see `kiosk.logbook.author`
    visit: str
    other: str
    why: str = field(repr=False)
    undone_at: datetime | None = None
    undone_by: str = ""
    undone_why: str = field(default="", repr=False)


class SamePersons:
    """The table `same_person`, and the visits of one person by it.

    Methods that read raise LogbookUnavailable if the logbook cannot be read, methods that write
    raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def visits_of(self, visit: Visit) -> PersonVisits:
        """Return all visits of the person of a visit, newest arrival first, at most MAX_VISITS.

        They are those that share a number with it, and those of joined records.
        """
        record = joined_record(self._database, known_numbers(visit), visit.id)
        values: dict[str, object] = {
            "numbers": json.dumps(limited(record.numbers)),
            "ids": json.dumps(sorted(record.visits)),
            "limit": MAX_VISITS,
        }
        try:
            found = self._database.rows(SELECT_OF_PERSON, values)
            numbers = [row["row"] for row in found]
        except LogbookDamaged:  # the indexes alone name the rows, by the order of their recording
            found = self._database.rows(SELECT_ROWS_OF_PERSON, values)
            numbers = [row["row"] for row in found]
        read = read_rows(self._database, numbers)
        visits = [each for each in read if isinstance(each, Visit) and record.has(each)]
        visits.sort(key=lambda each: (each.arrived_at, each.row), reverse=True)
        return PersonVisits(visits, [each for each in read if isinstance(each, UnreadableVisit)])

    def join(
        self,
        visit_id: str,
        other_id: str,
        why: str,
        now: datetime,
        author: str,
        within: Callable[[sqlite_utils.Database], object] | None = None,
    ) -> None:
        """Join the records of two visits.  `within` is called in the transaction.

        Raises NoSuchVisit if there is no such visit, or NothingToChange if both are of one record.
        """
        with self._database.transaction() as db:
            if within is not None:
                within(db)
            visit, other = self._visit(visit_id), self._visit(other_id)
            if joined_record(self._database, known_numbers(visit), visit_id).has(other):
                raise NothingToChange("both visits are of one record")
            db.execute(
                "insert into same_person (at, author, visit, other, why) values (?, ?, ?, ?, ?)",
                [to_utc_text(now), author, visit_id, other_id, why],
            )

    def undo(
        self,
        joining: int,
        why: str,
        now: datetime,
        author: str,
        within: Callable[[sqlite_utils.Database], object] | None = None,
    ) -> None:
        """End a joining.  `within` is called in the transaction.

        Raises NothingToChange if it has ended, or no joining has this id.
        """
        with self._database.transaction() as db:
            if within is not None:
                within(db)
            row = db.execute(
                f"select visit, other from ({CURRENT}) where id = ?", [joining]
            ).fetchone()
            if row is None:
                raise NothingToChange("there is no such joining, or it was undone")
            db.execute(
                "insert into same_person (at, author, visit, other, undoes, why)"
                " values (?, ?, ?, ?, ?, ?)",
                [to_utc_text(now), author, row["visit"], row["other"], joining, why],
            )

    def of_visits(self, visits: Collection[str]) -> list[PersonJoining]:
        """Return the joinings that name one of some visits, oldest first, also undone ones."""
        rows = self._database.rows(
            "select j.*, u.at as undone_at, u.author as undone_by, u.why as undone_why"
            " from same_person j left join same_person u on u.undoes = j.id"
            " where j.undoes is null and (j.visit in (select value from json_each(:ids))"
            " or j.other in (select value from json_each(:ids))) order by j.id",
            {"ids": json.dumps(list(visits))},
        )
        return [_joining(row) for row in rows]

    def _visit(self, visit_id: str) -> Visit:
        found = visit_with_id(self._database, visit_id)
        if found is None:
            raise NoSuchVisit(visit_id)
        return found


def joined_record(database: Database, numbers: Collection[str], visit_id: str = "") -> PersonRecord:
    """Return the record with some numbers of a person, or of a visit, with all joined to it.

    Raises LogbookUnavailable if the logbook cannot be read.
    """
    known, seen = set(numbers), {visit_id} - {""}
    if not database.rows("select 1 from same_person limit 1"):
        return PersonRecord(known, seen)
    for _round in range(MAX_ROUNDS):
        new = _joined_ids(database, limited(known), seen) - seen
        if not new:
            break
        seen |= new
        rows = database.rows(SELECT_ROWS_OF, [json.dumps(sorted(new))])
        for visit in read_rows(database, [row["row"] for row in rows]):
            if isinstance(visit, Visit):
                known |= known_numbers(visit)
    return PersonRecord(known, seen)


def _joined_ids(database: Database, numbers: Collection[str], seen: Collection[str]) -> set[str]:
    """Return the visits to which those with some numbers, and some others, are joined."""

    def joined(of: Collection[str], ids: Collection[str]) -> set[str]:
        values: dict[str, object] = {
            "numbers": json.dumps(list(of)),
            "ids": json.dumps(sorted(ids)),
        }
        return {str(row["id"]) for row in database.rows(SELECT_JOINED, values)}

    try:
        return joined(numbers, seen)
    except LogbookDamaged:  # a visit that cannot be read has joinings that nobody can look up
        rows = database.rows(SELECT_ROWS_WITH, {"numbers": json.dumps(list(numbers))})
        visits = read_rows(database, [row["row"] for row in rows])
        return joined([], {*seen, *(visit.id for visit in visits if visit.id)})


def _joining(row: Any) -> PersonJoining:
    return PersonJoining(
        id=row["id"],
        at=from_utc_text(row["at"]),
        author=row["author"],
        visit=row["visit"],
        other=row["other"],
        why=row["why"],
        undone_at=from_utc_text(row["undone_at"]) if row["undone_at"] else None,
        undone_by=row["undone_by"] or "",
        undone_why=row["undone_why"] or "",
    )
