"""What happens to visits, written down for the webhooks within the transaction of the change.

1. One change may be several events, such as a card that is presented and says who the patient is.
2. Each receiver that the settings name, and that wants the kind, gets a message of its own.
3. Nothing is written of a visit that is a state secret; what waits about it is closed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import sqlite_utils

from kiosk.logbook.times import to_utc_text
from kiosk.logbook.visit import NewVisit

WHY_SECRET = "the visit is a state secret"


class VisitEventKind(StrEnum):
    """What happened to a visit. The values are stored, and other programs read them."""

    RECORDED = "visit.recorded"
    IDENTIFIED = "visit.identified"  # an unknown patient, or a temporary number, was replaced
    PRESENTED = "visit.presented"  # the card came after the arrival
    ADMITTED = "visit.admitted"  # to treatment, or that was changed
    CORRECTED = "visit.corrected"  # anything else
    CANCELLED = "visit.cancelled"


def kinds_of_change(before: NewVisit, after: NewVisit) -> list[VisitEventKind]:
    """Return what a change of a visit was, at least one kind."""
    was_unknown = before.unknown is not None and after.unknown is None
    was_temporary = before.temporary_code is not None and after.temporary_code is None
    reading = after.how.reading
    found = {
        VisitEventKind.IDENTIFIED: was_unknown or was_temporary,
        VisitEventKind.PRESENTED: reading is not None and reading != before.how.reading,
        VisitEventKind.ADMITTED: after.admission not in (None, before.admission),
    }
    return [kind for kind, holds in found.items() if holds] or [VisitEventKind.CORRECTED]


def note_events(
    db: sqlite_utils.Database,
    visit_id: str,
    visit: NewVisit,
    version: int,
    kinds: Sequence[VisitEventKind],
    now: datetime,
) -> None:
    """Queue a message about each event for each receiver; `visit` is as it is after the change."""
    at = to_utc_text(now)
    if visit.secret:
        db.execute(
            "update webhook_message set state = 'closed', message = ?, changed_at = ?"
            " where visit = ? and state in ('queued', 'parked')",
            [WHY_SECRET, at, visit_id],
        )
        return
    for kind in kinds:
        db.execute(
            "insert into webhook_message"
            " (webhook, event, kind, visit, version, facility, at, next_try_at, changed_at)"
            " select name, ?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6 from webhook where active = 1"
            " and (kinds = '[]' or ?2 in (select value from json_each(kinds))) order by name",
            [f"evt_{secrets.token_hex(16)}", kind, visit_id, version, visit.facility, at],
        )


def kinds_as_text(kinds: Sequence[str]) -> str:
    """Return kinds as the table `webhook` keeps them."""
    return json.dumps(sorted(set(kinds)))
