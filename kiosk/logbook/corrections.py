"""What a person does about a visit afterwards: correct it, cancel it, send it again, close it.

A correction is a new version under the same visit id; what was sent stays as it was.  Nothing is
deleted: the record as it stood, and in whose words it was changed, stay beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlite_utils

from kiosk.logbook.database import Database
from kiosk.logbook.errors import ChangedMeanwhile, NoSuchVisit, NothingToChange, StillSending
from kiosk.logbook.message_history import add_event
from kiosk.logbook.outbox import enqueue
from kiosk.logbook.times import from_utc_text, to_utc_text
from kiosk.logbook.tray import TrayEntry, tray_entries
from kiosk.logbook.visit import (
    Compose,
    Correction,
    NewVisit,
    corrected,
    visit_from_record,
    visit_record,
)

OPEN = ("queued", "refused", "parked")
TROUBLED = ("refused", "parked")


@dataclass(frozen=True, slots=True)
class VisitVersion:
    """A visit as it stood until it was changed, and why."""

    version: int
    visit: NewVisit = field(repr=False)
    replaced_at: datetime
    why: str


class Corrections:
    """Changes to visits that are in the logbook."""

    def __init__(self, database: Database, compose: Compose) -> None:
        self._database = database
        self._compose = compose

    def tray(self, visit_id: str = "") -> list[TrayEntry]:
        """Return the messages that wait for a person, of one visit or of all, longest first."""
        return tray_entries(self._database, visit_id)

    def versions(self, visit_id: str) -> list[VisitVersion]:
        """Return what a visit was before each change, oldest first."""
        rows = self._database.rows(
            "select * from visit_version where visit = ? order by version", [visit_id]
        )
        return [
            VisitVersion(
                row["version"],
                visit_from_record(row["record"]),
                from_utc_text(row["replaced_at"]),
                row["why"],
            )
            for row in rows
        ]

    def correct(
        self, visit_id: str, changes: Mapping[str, Correction], why: str, now: datetime,
        version: int | None = None,
    ) -> None:  # fmt: skip
        """Write a corrected visit down, and send it as a new version if the insurer sees a change.

        `changes` are by the names in CORRECTABLE, with the values that a visit has.

        NoSuchVisit, StillSending while the message is on its way, NothingToChange where the visit
        was cancelled or nothing differs, or ChangedMeanwhile where it is no longer the version
        that was looked at.
        """
        with self._database.transaction() as db:
            visit, row = self._visit(db, visit_id)
            if version is not None and version != row["version"]:
                raise ChangedMeanwhile(f"version {row['version']}, not {version}")
            after = corrected(visit, changes)
            if after == visit:
                raise NothingToChange("nothing differs")
            message = self._compose(visit_id, after)
            is_there = message is not None and self._has(db, visit_id, message.body)
            if not is_there:
                self._end_message(db, visit_id, f"corrected: {why}", now)
            newer = self._keep(db, row, why, now)
            db.execute(
                "update visit set record = ?, version = ? where id = ?",
                [visit_record(after), newer, visit_id],
            )
            if message is not None and not is_there:
                enqueue(db, visit_id, newer, row["person"], message.body, message.why_parked, now)

    def cancel(self, visit_id: str, why: str, now: datetime) -> bool:
        """Mark a visit as cancelled; return whether the insurer had it already.

        The gateway knows no call that takes a visit back: one that was accepted stays accepted
        there.  NoSuchVisit, StillSending or NothingToChange where that cannot be.
        """
        with self._database.transaction() as db:
            _, row = self._visit(db, visit_id)
            was_accepted = self._end_message(db, visit_id, f"cancelled: {why}", now)
            version = self._keep(db, row, why, now)
            db.execute(
                "update visit set cancelled_at = ?, version = ? where id = ?",
                [to_utc_text(now), version, visit_id],
            )
        return was_accepted

    def send_again(self, visit_id: str, now: datetime) -> None:
        """Send a refused or parked message again as it is; NothingToChange where none is."""
        with self._database.transaction() as db:
            row = self._newest_message(db, visit_id)
            if row["state"] not in TROUBLED or row["body"] is None:
                raise NothingToChange("there is no message that could be sent as it is")
            db.execute(
                "update outbox set state = 'queued', alone = 1, next_try_at = ?, changed_at = ?"
                " where id = ?",
                [to_utc_text(now), to_utc_text(now), row["id"]],
            )
            add_event(db, row["id"], now, "queued", {"message": "sent again by a person"})

    def close(self, visit_id: str, why: str, now: datetime) -> None:
        """Let a refused or parked message be; NothingToChange where none is."""
        with self._database.transaction() as db:
            row = self._newest_message(db, visit_id)
            if row["state"] not in TROUBLED:
                raise NothingToChange("no message waits for a person")
            self._close(db, row["id"], f"closed: {why}", now)

    @staticmethod
    def _has(db: sqlite_utils.Database, visit_id: str, body: str | None) -> bool:
        """Tell whether the newest message says the same, and is accepted or on its way."""
        row = db.execute(
            "select body, state from newest_message where visit = ?", [visit_id]
        ).fetchone()
        alive = row is not None and row["state"] in ("accepted", "queued", "in_flight")
        return alive and body is not None and row["body"] == body

    @staticmethod
    def _visit(db: sqlite_utils.Database, visit_id: str) -> tuple[NewVisit, Any]:
        row = db.execute("select * from visit where id = ?", [visit_id]).fetchone()
        if row is None:
            raise NoSuchVisit(visit_id)
        if row["cancelled_at"]:
            raise NothingToChange("the visit was cancelled")
        return visit_from_record(row["record"]), row

    @staticmethod
    def _newest_message(db: sqlite_utils.Database, visit_id: str) -> Any:
        row = db.execute("select * from newest_message where visit = ?", [visit_id]).fetchone()
        if row is None:
            raise NoSuchVisit(visit_id)
        return row

    def _end_message(
        self, db: sqlite_utils.Database, visit_id: str, why: str, now: datetime
    ) -> bool:
        """Close a visit's message if it has not gone; return whether the insurer has it."""
        row = db.execute(
            "select id, state from newest_message where visit = ?", [visit_id]
        ).fetchone()
        if row is not None and row["state"] == "in_flight":
            raise StillSending("the visit is being sent just now")
        if row is not None and row["state"] in OPEN:
            self._close(db, row["id"], why, now)
        accepted = "select 1 from outbox where visit = ? and state = 'accepted' limit 1"
        return db.execute(accepted, [visit_id]).fetchone() is not None

    @staticmethod
    def _close(db: sqlite_utils.Database, outbox: int, why: str, now: datetime) -> None:
        db.execute(
            "update outbox set state = 'closed', message = ?, changed_at = ? where id = ?",
            [why, to_utc_text(now), outbox],
        )
        add_event(db, outbox, now, "closed", {"message": why})

    @staticmethod
    def _keep(db: sqlite_utils.Database, row: Any, why: str, now: datetime) -> int:
        """Keep the record as it stands; return the next version's number."""
        db.execute(
            "insert into visit_version (visit, version, record, replaced_at, why)"
            " values (?, ?, ?, ?, ?)",
            [row["id"], row["version"], row["record"], to_utc_text(now), why],
        )
        return int(row["version"]) + 1
