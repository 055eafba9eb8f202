"""Patients to contact because the insurer's later answer changed, each with a mark when done.

A mark is a row with who, when and a note; taking it back is a further row.  Nothing is deleted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from kiosk.logbook import (
    Database,
    NoSuchVisit,
    day_begins,
    day_ends,
    from_utc_text,
    to_utc_text,
)
from kiosk.reports.errors import AlreadyContacted

MAX_NOTE = 200  # characters
# The mark of a visit that holds: the newest one that nobody took back.
HOLDS = "c.undoes is null and not exists (select 1 from contacted u where u.undoes = c.id)"
SELECT_COUNTS = f"""
select count(*) as people, coalesce(sum(exists (
    select 1 from contacted c where c.visit = v.id and {HOLDS})), 0) as done
from look_back l join visit v on v.id = l.visit
where l.outcome = 'desk' and v.cancelled_at is null
    and v.arrived_at >= :begin and v.arrived_at < :end
"""


@dataclass(frozen=True, slots=True)
class ContactMark:
    """That a patient was contacted. `at` is aware."""

    id: int
    visit: str
    at: datetime
    author: str  # see `kiosk.logbook.author`
    note: str = field(repr=False)


class Contacts:
    """The table `contacted`.

    Methods that read raise LogbookUnavailable if the logbook cannot be read, those that write raise
    NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def marks(self) -> dict[str, ContactMark]:
        """Return the marks that hold, by visit."""
        rows = self._database.rows(f"select * from contacted c where {HOLDS} order by id")
        return {row["visit"]: _mark(row) for row in rows}

    def history(self, visit: str) -> list[tuple[ContactMark, bool]]:
        """Return all rows about a visit, oldest first, and whether each takes an earlier one back.

        So a mark that was wrong stays visible.
        """
        rows = self._database.rows("select * from contacted where visit = ? order by id", [visit])
        return [(_mark(row), row["undoes"] is not None) for row in rows]

    def count(self, first: date, last: date) -> tuple[int, int]:
        """Return how many patients who arrived on some days are to be contacted, and were."""
        row = self._database.rows(
            SELECT_COUNTS, {"begin": day_begins(first), "end": day_ends(last)}
        )[0]
        return int(row["people"]), int(row["done"])

    def mark(self, visit: str, now: datetime, author: str, note: str = "") -> None:
        """Record that the patient of a visit was contacted.

        Raises NoSuchVisit if nobody is to be contacted about it, and AlreadyContacted if somebody
        has done so.
        """
        with self._database.transaction() as db:
            if not db.execute(
                "select 1 from look_back where visit = ? and outcome = 'desk'", [visit]
            ).fetchone():
                raise NoSuchVisit(visit)
            if self._holding(db, visit) is not None:
                raise AlreadyContacted("somebody has contacted the patient")
            self._add(db, visit, now, author, note, None)

    def take_back(self, visit: str, now: datetime, author: str, note: str = "") -> None:
        """Record that a mark was a mistake. Raises AlreadyContacted if none holds any more."""
        with self._database.transaction() as db:
            mark = self._holding(db, visit)
            if mark is None:
                raise AlreadyContacted("no mark holds that could be taken back")
            self._add(db, visit, now, author, note, mark)

    @staticmethod
    def _holding(db: Any, visit: str) -> int | None:
        row = db.execute(
            f"select id from contacted c where visit = ? and {HOLDS}", [visit]
        ).fetchone()
        return int(row["id"]) if row else None

    @staticmethod
    def _add(
        db: Any, visit: str, now: datetime, author: str, note: str, undoes: int | None
    ) -> None:
        db.execute(
            "insert into contacted (visit, at, author, note, undoes) values (?, ?, ?, ?, ?)",
            [visit, to_utc_text(now), author, note[:MAX_NOTE], undoes],
        )


def _mark(row: Any) -> ContactMark:
    return ContactMark(
        row["id"], row["visit"], from_utc_text(row["at"]), row["author"], row["note"]
    )
