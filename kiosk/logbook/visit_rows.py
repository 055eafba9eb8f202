"""Reads the rows of visits.  One damaged row takes no page down.

The log names a damaged row; lists go on without it, and the page of the logbook shows its place.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from kiosk.logbook.errors import VisitUnreadable
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


def readable(rows: Iterable[Any]) -> list[Visit]:
    """Return the visits of rows of SELECT_VISITS; the log names those that are damaged."""
    found = []
    for row in rows:
        try:
            found.append(visit_of_row(row))
        except VisitUnreadable as exc:
            log.error("%s", exc)
    return found


def visit_of_row(row: Any) -> Visit:
    """Return the visit of a row of SELECT_VISITS. Raises VisitUnreadable if it is damaged."""
    try:
        return _visit(row)
    except (KeyError, ValueError, TypeError, AttributeError) as exc:
        raise VisitUnreadable(row["row"], row["id"], type(exc).__name__) from None


def _visit(row: Any) -> Visit:
    confirmed = visit_from_record(row["record"])
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
