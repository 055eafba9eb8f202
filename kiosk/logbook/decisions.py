"""What people decided about a logbook that was missing, damaged, older, or not the same.

A decision is a row that is only added.  It says which links of the chain are known to be lost, so
that a gap in the numbers has an explanation that is itself part of the logbook.

Patients hold numbers that the logbook may have lost.  So on the day of a decision all series go on
from a number that is well above them; the next day they begin at 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlite_utils

from kiosk.logbook.database import Database
from kiosk.logbook.times import day_begins, day_ends, from_utc_text, to_utc_text


class DecisionKind(StrEnum):
    """What was decided. The values are stored."""

    RESTORED = "restored"  # a backup took the logbook's place
    ACCEPTED = "accepted"  # the desk goes on with the logbook that is there
    BEGUN = "begun"  # a new logbook was begun, because the one before is gone
    REBUILT = "rebuilt"  # its indexes and computed tables were made again


@dataclass(frozen=True, slots=True)
class LogbookDecision:
    """A decision."""

    at: datetime  # aware
    kind: DecisionKind
    trouble: str  # what the program had found; empty: nothing
    author: str
    reason: str
    backup: str = ""  # the name of the backup; empty: none was restored
    lost_from: int | None = None  # the first link that is known to be lost
    lost_to: int | None = None
    lost_hash: str = ""  # of the last one, in hexadecimal digits
    numbers_from: int | None = None  # of every series on the day of `at`; None: not known


class Decisions:
    """The table `logbook_decision`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, decision: LogbookDecision) -> None:
        """Write a decision. Raises NotRecorded if the logbook cannot be written."""
        with self._database.transaction() as db:
            db.execute(
                "insert into logbook_decision (at, kind, trouble, author, reason, backup,"
                " lost_from, lost_to, lost_hash, numbers_from)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    to_utc_text(decision.at),
                    decision.kind,
                    decision.trouble,
                    decision.author,
                    decision.reason,
                    decision.backup,
                    decision.lost_from,
                    decision.lost_to,
                    decision.lost_hash,
                    decision.numbers_from,
                ],
            )

    def newest(self, limit: int = 20) -> list[LogbookDecision]:
        """Return the newest decisions, newest first. Raises LogbookUnavailable."""
        rows = self._database.rows(
            "select * from logbook_decision order by id desc limit ?", [limit]
        )
        return [_decision(row) for row in rows]


def first_number(db: sqlite_utils.Database, day: date) -> int:
    """Return the first number that a series may give on a day of the clinic: 1 on most days."""
    row = db.execute(
        "select max(numbers_from) from logbook_decision where at >= ? and at < ?",
        [day_begins(day), day_ends(day)],
    ).fetchone()
    return int(row[0] or 1)


def _decision(row: Any) -> LogbookDecision:
    return LogbookDecision(
        from_utc_text(row["at"]),
        DecisionKind(row["kind"]),
        *(row[name] for name in ("trouble", "author", "reason", "backup")),
        *(row[name] for name in ("lost_from", "lost_to", "lost_hash", "numbers_from")),
    )
