"""Reads the rows of visits.  One damaged row takes no page down.

- A row with a damaged record is named, and lists go on without it or show its place.
- A damaged page ends a whole query.  Then each row is read for itself, and those that cannot be
  read are named with the table that is damaged: a visit is read with its message and its ticket.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kiosk.logbook.damaged_text import DamagedText
from kiosk.logbook.database import Database
from kiosk.logbook.errors import LogbookDamaged, VisitUnreadable
from kiosk.logbook.times import from_utc_text
from kiosk.logbook.visit import NewVisit, Visit, visit_from_record

log = logging.getLogger(__name__)

# What the insurer is not sent, and why: the `message` of a visit.
WHY_SECRET = "a state secret is not reported in the common way (TT 12/2026/TT-BTC Điều 9 khoản 5)"

# Of `visit`, without the columns that SQLite computes from the record: it refuses a whole query if
# one record is no JSON.
COLUMNS = "v.row, v.id, v.record, v.arrived_at, v.version, v.cancelled_at"
SELECT_VISITS = (
    f"select {COLUMNS}, m.state, m.tries, m.transaction_code, m.message, t.number as queue_number,"
    " t.label as queue_label, t.id as queue_ticket from visit v"
    " left join newest_message m on m.visit = v.id"
    " left join ticket t on t.visit = v.id and t.state <> 'moved'"
)


@dataclass(frozen=True, slots=True)
class UnreadableVisit:
    """A visit that is damaged, for its place in a list."""

    row: int
    id: str  # empty: it cannot be read either
    arrived_at: datetime | None  # aware; None: it cannot be read either
    kind: str  # of the damage


def readable(database: Database, rows: Iterable[Any]) -> list[Visit]:
    """Return the visits of rows of SELECT_VISITS; those that are damaged are named."""
    found = []
    for row in rows:
        try:
            found.append(visit_of_row(row))
        except VisitUnreadable as exc:
            database.note_unreadable("visit", row["row"])
            log.error("%s", exc)
    return found


def read_rows(database: Database, numbers: Sequence[int]) -> list[Visit | UnreadableVisit]:
    """Return the visits with some row numbers, by their rows; numbers without a visit are left out.

    Damaged ones keep their places.  Raises LogbookUnavailable if the logbook cannot be read.
    """
    select = f"{SELECT_VISITS} where v.row in (select value from json_each(?)) order by v.row"
    try:
        rows = database.rows(select, [json.dumps(list(numbers))])
    except LogbookDamaged:
        return [found for number in sorted(set(numbers)) for found in _read_row(database, number)]
    return [_visit_or_place(database, row) for row in rows]


def visit_with_id(database: Database, visit_id: str) -> Visit | None:
    """Return the visit with an id. None if no visit has it.

    Raises VisitUnreadable if it is damaged, LogbookUnavailable if the logbook cannot be read.
    """
    try:
        rows = database.rows(f"{SELECT_VISITS} where v.id = ?", [visit_id])
    except LogbookDamaged as exc:
        numbers = database.rows("select row from visit where id = ?", [visit_id])  # an index has it
        if not numbers:
            return None
        row = numbers[0]["row"]
        database.note_unreadable("visit", row)
        kind = f"a damaged page of {', '.join(exc.tables) or 'an index'}"
        raise VisitUnreadable(row, visit_id, kind) from None
    if not rows:
        return None
    try:
        return visit_of_row(rows[0])
    except VisitUnreadable as exc:
        database.note_unreadable("visit", exc.row)
        raise


def _read_row(database: Database, number: int) -> list[Visit | UnreadableVisit]:
    """Return the visit of one row, or its place; nothing if no visit has it."""
    try:
        rows = database.rows(f"{SELECT_VISITS} where v.row = ?", [number])
    except LogbookDamaged:
        return [_place(database, number)]
    return [_visit_or_place(database, row) for row in rows]


def _place(database: Database, number: int) -> UnreadableVisit:
    """Return the place of a visit that cannot be read, or whose message or ticket cannot."""
    try:
        [alone] = database.rows("select id, arrived_at from visit where row = ?", [number])
    except (LogbookDamaged, ValueError):
        database.note_unreadable("visit", number)
        return UnreadableVisit(number, "", None, "damaged page")
    arrived_at = from_utc_text(alone["arrived_at"])
    return UnreadableVisit(number, alone["id"], arrived_at, "damaged page of its message or ticket")


def _visit_or_place(database: Database, row: Any) -> Visit | UnreadableVisit:
    try:
        return visit_of_row(row)
    except VisitUnreadable as exc:
        database.note_unreadable("visit", exc.row)
        arrived_at = from_utc_text(row["arrived_at"])
        return UnreadableVisit(exc.row, exc.visit_id, arrived_at, exc.kind)


def visit_of_row(row: Any) -> Visit:
    """Return the visit of a row of SELECT_VISITS. Raises VisitUnreadable if it is damaged."""
    confirmed = record_of_row(row)
    try:
        return _visit(row, confirmed)
    except (KeyError, ValueError, TypeError, AttributeError) as exc:
        raise VisitUnreadable(row["row"], row["id"], type(exc).__name__) from None


def record_of_row(row: Any) -> NewVisit:
    """Return what the record in a row of `visit` holds. Raises VisitUnreadable if it is damaged."""
    if isinstance(row["record"], DamagedText):
        raise VisitUnreadable(row["row"], row["id"], "no UTF-8")
    try:
        return visit_from_record(row["record"])
    except (KeyError, ValueError, TypeError, AttributeError) as exc:
        raise VisitUnreadable(row["row"], row["id"], type(exc).__name__) from None


def _visit(row: Any, confirmed: NewVisit) -> Visit:
    was_kept_secret = confirmed.secret and not row["tries"]  # else it may have reached the insurer
    return Visit(
        **{name: getattr(confirmed, name) for name in NewVisit.__slots__},
        row=row["row"],
        id=row["id"],
        ticket=row["queue_number"],
        ticket_label=row["queue_label"],
        ticket_id=row["queue_ticket"],
        insurer_state="not_sent" if was_kept_secret else row["state"] or "not_sent",
        transaction_code=row["transaction_code"],
        message=WHY_SECRET if was_kept_secret else row["message"],
        version=row["version"],
        cancelled_at=from_utc_text(row["cancelled_at"]) if row["cancelled_at"] else None,
    )
