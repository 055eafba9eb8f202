"""What befell each message, in order; nothing here is ever changed or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlite_utils

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text, to_utc_text


@dataclass(frozen=True, slots=True)
class MessageEvent:
    """What a message became, when (aware), and in whose words."""

    at: datetime
    state: str
    code: str | None
    message: str | None
    transaction: str | None


def read_history(database: Database, visit: str) -> list[MessageEvent]:
    """Return what befell a visit's messages, oldest first."""
    rows = database.rows(
        "select e.* from outbox_event e join outbox o on o.id = e.outbox"
        " where o.visit = ? order by e.id",
        [visit],
    )
    return [
        MessageEvent(from_utc_text(row["at"]), row["state"], row["code"], row["message"],
              row["transaction_code"])
        for row in rows
    ]  # fmt: skip


def add_event(
    db: sqlite_utils.Database, outbox: int, now: datetime, state: str, values: dict[str, Any]
) -> None:
    """Add to a message's history, within the transaction that changes it."""
    db.execute(
        "insert into outbox_event (outbox, at, state, code, message, transaction_code)"
        " values (?, ?, ?, ?, ?, ?)",
        [outbox, to_utc_text(now), state, values.get("code"), values.get("message"),
         values.get("transaction_code")],
    )  # fmt: skip
