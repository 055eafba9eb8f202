"""Changes that were made at this desk to visits of other desks.

1.  A change is the next version of a visit as the hub has it.  This logbook does not have the visit
    and makes none of it: the row is the proof of who changed what, and what goes up.
2.  It is written in one transaction with its entry of the journal for the hub
    (`kiosk.logbook.hub_schema`) and its link of the chain, so that it is not lost while the hub is
    away, and goes up again if the hub has lost it.
3.  The desk that recorded the visit takes it over (`kiosk.logbook.changes_elsewhere`) and sends it
    to the insurer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlite_utils

from kiosk.logbook.damaged_text import whole_text
from kiosk.logbook.database import Database
from kiosk.logbook.errors import ChangedMeanwhile, LogbookDamaged
from kiosk.logbook.times import from_utc_text, to_utc_text


@dataclass(frozen=True, slots=True)
class ChangeMade:
    """A version of a visit of another desk that was made here."""

    visit: str  # its id
    version: int
    owner: int  # the desk that recorded it, by its number in the hub
    parent: str  # the digest of the version before, as hexadecimal digits
    ticket: str  # what that desk printed
    person: str = field(repr=False)  # the person's number at the insurer
    record: str = field(repr=False)  # JSON, also `cancelled_at`, as the hub keeps it
    at: datetime  # aware
    author: str  # see `kiosk.logbook.author`
    why: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WrittenChange:
    """A change as it stands in this logbook. `seq` is its number in the journal for the hub."""

    change: ChangeMade
    seq: int


class ChangesMade:
    """The table `change_elsewhere`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self, change: ChangeMade, within: Callable[[sqlite_utils.Database], object] | None = None
    ) -> None:
        """Write a change.

        `within` is called in the transaction, such as to use an approval up; if it raises, nothing
        is written.  Raises ChangedMeanwhile if this version of the visit, or a later one, was made
        here before, and NotRecorded if the logbook cannot be written.
        """
        with self._database.transaction() as db:
            if within is not None:
                within(db)
            made = db.execute(
                "select max(version) as version from change_elsewhere where visit = ?",
                [change.visit],
            ).fetchone()
            if made["version"] is not None and made["version"] >= change.version:
                raise ChangedMeanwhile(f"version {made['version']} was made here before")
            db.execute(
                "insert into change_elsewhere (at, author, visit, version, owner, parent, ticket,"
                " person, why, record) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    to_utc_text(change.at),
                    change.author,
                    change.visit,
                    change.version,
                    change.owner,
                    change.parent,
                    change.ticket,
                    change.person,
                    change.why,
                    change.record,
                ],
            )

    def newest(self, visit_id: str) -> WrittenChange | None:
        """Return the newest change of a visit that was made here. None if it has none.

        Raises LogbookUnavailable if the logbook, or the change, cannot be read.
        """
        rows = self._database.rows(
            "select c.*, (select j.seq from hub_journal j where j.elsewhere = c.id) as seq"
            " from change_elsewhere c where c.visit = ? order by c.id desc limit 1",
            [visit_id],
        )
        if not rows:
            return None
        return _written(rows[0])


def _written(row: Any) -> WrittenChange:
    try:
        change = ChangeMade(
            visit=row["visit"],
            version=row["version"],
            owner=row["owner"],
            parent=row["parent"],
            ticket=row["ticket"],
            person=row["person"],
            record=whole_text(row["record"]),
            at=from_utc_text(whole_text(row["at"])),
            author=row["author"],
            why=row["why"],
        )
    except (ValueError, TypeError) as exc:
        words = f"a change of another desk's visit cannot be read ({type(exc).__name__})"
        raise LogbookDamaged(words, ["change_elsewhere"]) from exc
    return WrittenChange(change, row["seq"] or 0)
