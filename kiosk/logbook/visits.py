"""Visits: one person, here, once.

A visit and its message to the insurer are one transaction, on disk before anyone is shown
that it was recorded.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlite_utils

from kiosk.errors import KeyUsedBefore
from kiosk.logbook.database import Database, guarded
from kiosk.logbook.outbox import enqueue
from kiosk.logbook.times import restored, stored
from verify import Outcome, Reason, clinic_day


@dataclass(frozen=True, slots=True)
class NewVisit:
    """What was confirmed at the desk. Personal fields stay out of any repr."""

    attempt: int  # the reading
    verdict_of: int  # the verdict it was confirmed on
    facility: str
    arrived_at: datetime
    outcome: Outcome
    reason: Reason
    number: str = field(repr=False)  # the card's, as shown
    person: str = field(repr=False)
    card_number: str | None = field(repr=False)  # the 15 characters, where known
    holder: str | None = field(repr=False)
    born: str | None = field(repr=False)  # ISO 8601, to the day, month or year
    sex: str | None
    registered_at: str | None  # the facility on the card
    valid_from: str | None
    valid_until: str | None
    service_code: str
    service_name: str
    room: str
    arrival: str
    care: str
    papers: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    clerk_reason: str = field(default="", repr=False)
    citizen_number: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as it stands in the logbook, with how its message stands."""

    row: int
    id: str
    attempt: int
    arrived_at: datetime
    ticket: int
    outcome: Outcome
    reason: Reason
    record: dict[str, Any] = field(repr=False)
    insurer_state: str  # queued, in_flight, accepted, refused, parked, closed, not_sent
    transaction_code: str | None
    message: str | None
    version: int = 1  # one more for each correction
    cancelled_at: datetime | None = None


Compose = Callable[[str, NewVisit], "Message | None"]


@dataclass(frozen=True, slots=True)
class Message:
    """What goes into the outbox with a visit: ready to be sent, or parked with why it is not."""

    body: str | None = field(repr=False)
    why_parked: str | None = None


def visit_of_record(record: dict[str, Any]) -> NewVisit:
    """Return what was confirmed, from the record that was kept of it."""
    return NewVisit(
        **record
        | {
            "arrived_at": restored(record["arrived_at"]),
            "outcome": Outcome(record["outcome"]),
            "reason": Reason(record["reason"]),
        }
    )


class Visits:
    """The table, and the first row of each visit's outbox."""

    def __init__(self, database: Database, compose: Compose) -> None:
        self._database = database
        self._compose = compose  # visit id and visit → its message; None: the insurer is not told

    def confirm(self, visit: NewVisit, key: str) -> tuple[Visit, bool]:
        """Write a visit and its message down; return it, and whether it is new.

        The same key, or the same reading, gives the visit that is already there.
        KeyUsedBefore where the key belongs to another reading.
        """
        with self._database.transaction() as db:
            already = self.of_reading(visit.attempt, key)
            if already is not None:
                return already, False
            row = self._insert(db, visit, key)
        return self._select("v.row = ?", row)[0], True

    def _insert(self, db: sqlite_utils.Database, visit: NewVisit, key: str) -> int:
        day = clinic_day(visit.arrived_at).isoformat()
        visit_id = f"{visit.facility}-{day.replace('-', '')}-{secrets.token_hex(8)}"
        message = self._compose(visit_id, visit)
        ticket = db.execute(
            "select coalesce(max(ticket), 0) + 1 from visit where day = ?", [day]
        ).fetchone()[0]
        record = asdict(visit) | {"arrived_at": stored(visit.arrived_at)}
        row = db.execute(
            "insert into visit (id, attempt, verdict_of, idempotency_key, arrived_at, day, ticket,"
            " outcome, reason, number, person, record)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [visit_id, visit.attempt, visit.verdict_of, key, stored(visit.arrived_at), day, ticket,
             visit.outcome, visit.reason, visit.number, visit.person,
             json.dumps(record, ensure_ascii=False)],
        ).lastrowid  # fmt: skip
        if message is not None:
            enqueue(db, visit_id, 1, visit.person, message.body, message.why_parked,
                    visit.arrived_at)  # fmt: skip
        return int(row or 0)

    def list_from(
        self, after_row: int = 0, since: datetime | None = None, limit: int = 50
    ) -> list[Visit]:
        """Return visits after a row, oldest first, and not before `since` (aware)."""
        return self._select("v.row > ? and v.arrived_at >= ? order by v.row limit ?",
                            after_row, stored(since) if since else "", limit)  # fmt: skip

    def newest(self, limit: int = 50) -> list[Visit]:
        """Return the newest visits first."""
        return self._select("true order by v.row desc limit ?", limit)

    def of_reading(self, reading: int, key: str) -> Visit | None:
        """Return the visit that was confirmed on a reading.

        KeyUsedBefore where this idempotency key belongs to another reading.
        """
        found = self._select("v.attempt = ? or v.idempotency_key = ?", reading, key)
        if any(visit.attempt != reading for visit in found):
            raise KeyUsedBefore("the key belongs to another reading")
        return found[0] if found else None

    def by_id(self, visit_id: str) -> Visit | None:
        """Return one visit."""
        found = self._select("v.id = ?", visit_id)
        return found[0] if found else None

    def on(self, reading: int) -> Visit | None:
        """Return the visit that was confirmed on a reading."""
        found = self._select("v.attempt = ?", reading)
        return found[0] if found else None

    def is_here_today(self, person: str, now: datetime) -> bool:
        """Tell whether this person has a visit on the clinic's day of `now`."""
        with guarded():
            row = self._database.reading().execute(
                "select 1 from visit where day = ? and person = ? and cancelled_at is null limit 1",
                [clinic_day(now).isoformat(), person],
            )
            return row.fetchone() is not None

    def newest_at(self) -> datetime | None:
        """Return when the last visit was; None: never."""
        row = self._database.reading().execute("select max(arrived_at) from visit").fetchone()
        return restored(row[0]) if row[0] else None

    def oldest_at(self) -> datetime | None:
        """Return when the first visit was; None: never."""
        row = self._database.reading().execute("select min(arrived_at) from visit").fetchone()
        return restored(row[0]) if row[0] else None

    def _select(self, where: str, *values: object) -> list[Visit]:
        with guarded():
            rows = (
                self._database.reading()
                .execute(
                    "select v.*, o.state, o.transaction_code, o.message from visit v"
                    " left join outbox o on o.id ="
                    f" (select max(id) from outbox where visit = v.id) where {where}",
                    list(values),
                )
                .fetchall()
            )
        return [
            Visit(
                row["row"], row["id"], row["attempt"], restored(row["arrived_at"]), row["ticket"],
                Outcome(row["outcome"]), Reason(row["reason"]), json.loads(row["record"]),
                row["state"] or "not_sent", row["transaction_code"], row["message"],
                row["version"], restored(row["cancelled_at"]) if row["cancelled_at"] else None,
            )
            for row in rows
        ]  # fmt: skip
