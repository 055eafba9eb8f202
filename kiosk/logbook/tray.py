"""The tray: messages that wait for a person.

The insurer refused them, or they are parked because the program could not send them or does not
know the insurer's code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text
from kiosk.logbook.visit import CardOnVisit, visit_from_record

MAX_TRAY_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class TrayEntry:
    """A message that waits for a person, with the current state of its visit."""

    visit: str
    arrived_at: datetime  # aware
    ticket: str  # its label
    version: int  # of the visit
    card: CardOnVisit
    state: str  # refused or parked
    code: str | None
    message: str | None
    since: datetime  # when the message got this state; aware
    due_as: str = "check_in"  # which deadline counts, as in `ReportedMessage`


def _card(record: str) -> CardOnVisit:
    """Return the card of a visit; an empty one if its record is damaged: the entry stays."""
    try:
        return visit_from_record(record).card
    except (KeyError, ValueError, TypeError, AttributeError):
        return CardOnVisit("")


def tray_entries(database: Database, visit_id: str = "") -> list[TrayEntry]:
    """Return the messages that wait for a person, the one that waits longest first.

    With `visit_id`, only that visit's.  At most MAX_TRAY_ENTRIES.  Raises LogbookUnavailable if
    the logbook cannot be read.
    """
    of_visit = "and m.visit = :visit" if visit_id else ""
    rows = database.rows(
        "select v.id, v.arrived_at, t.label, v.version, v.record, m.state, m.code,"
        " m.message, m.changed_at, exists (select 1 from outbox judged"
        " where judged.visit = m.visit and judged.answered_at is not null) as was_judged"
        " from newest_message m join visit v on v.id = m.visit"
        " left join ticket t on t.visit = v.id and t.state <> 'moved'"
        f" where m.state in ('refused', 'parked') {of_visit}"
        " order by m.changed_at, m.id limit :limit",
        {"visit": visit_id, "limit": MAX_TRAY_ENTRIES},
    )
    return [
        TrayEntry(
            visit=row["id"],
            arrived_at=from_utc_text(row["arrived_at"]),
            ticket=row["label"],
            version=row["version"],
            card=_card(row["record"]),
            state=row["state"],
            code=row["code"],
            message=row["message"],
            since=from_utc_text(row["changed_at"]),
            due_as="correction" if row["was_judged"] else "check_in",
        )
        for row in rows
    ]
