"""How often the help with VssID and VNeID was used: days and counts, nothing about a person."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NamedTuple

from kiosk.logbook.database import Database


class HelpKind(StrEnum):
    """What was done. The values are stored."""

    HELPED = "helped"  # a clerk said that an answer helped
    PRINTED = "printed"
    SHOWN = "shown"  # on the patient's display, or at a screen of self-service


SHEET = "sheet:"  # before the goal of a preparation sheet, as a key
SELF_VIEW = "self:"  # before the key of a guide that somebody opened at a screen of self-service


class HelpCount(NamedTuple):
    """How often one thing was done about one trouble or guide in some days."""

    kind: HelpKind
    key: str
    number: int


class HelpCounts:
    """The table `help_count`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, kind: HelpKind, key: str, day: date) -> None:
        """Count one more, on a day of the clinic. Raises NotRecorded if that cannot be written."""
        with self._database.transaction() as db:
            db.execute(
                "insert into help_count (day, kind, key, count) values (?, ?, ?, 1)"
                " on conflict (day, kind, key) do update set count = count + 1",
                [day.isoformat(), kind, key],
            )

    def between(self, first: date, last: date) -> list[HelpCount]:
        """Return the sums of some days, both included, the greatest first.

        Raises LogbookUnavailable if the logbook cannot be read.
        """
        rows = self._database.rows(
            "select kind, key, sum(count) as number from help_count where day between ? and ?"
            " group by kind, key order by number desc, key, kind",
            [first.isoformat(), last.isoformat()],
        )
        return [HelpCount(HelpKind(row["kind"]), row["key"], row["number"]) for row in rows]
