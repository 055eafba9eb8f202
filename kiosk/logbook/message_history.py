"""The history of each message to the insurer, in order. Nothing in it is changed or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlite_utils

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text, to_utc_text


@dataclass(frozen=True, slots=True)
class MessageEvent:
    """One change of a message's state."""

    at: datetime  # aware
    state: str  # the new state
    code: str | None  # the insurer's code, or ours
    message: str | None  # the insurer's words, or ours
    transaction: str | None  # the insurer's maGiaoDich
    author: str  # see `kiosk.logbook.author`; empty: not written down


def read_history(database: Database, visit: str) -> list[MessageEvent]:
    """Return the events of all messages of a visit, oldest first.

    Raises LogbookUnavailable if the logbook cannot be read.
    """
    rows = database.rows(
        "select e.* from outbox_event e join outbox o on o.id = e.outbox"
        " where o.visit = ? order by e.id",
        [visit],
    )
    return [
        MessageEvent(
            at=from_utc_text(row["at"]),
            state=row["state"],
            code=row["code"],
            message=row["message"],
            transaction=row["transaction_code"],
            author=row["author"],
        )
        for row in rows
    ]


def add_event(
    db: sqlite_utils.Database,
    outbox: int,
    now: datetime,
    state: str,
    values: dict[str, Any],
    author: str,
) -> None:
    """Add an event to the history of the message with the id `outbox`.

    Runs within the transaction that changes the message.  `values` may hold "code", "message" and
    "transaction_code"; other keys are ignored.
    """
    names = ("code", "message", "transaction_code")
    db.execute(
        "insert into outbox_event (outbox, at, state, code, message, transaction_code, author)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        [outbox, to_utc_text(now), state, *(values.get(name) for name in names), author],
    )
