"""Messages that wait for a person: what the insurer refused, and what nobody could send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text
from kiosk.logbook.visit import CardOnVisit, visit_from_record

MOST_SHOWN = 500


@dataclass(frozen=True, slots=True)
class TrayEntry:
    """A message that waits for a person, with its visit as it stands."""

    visit: str
    arrived_at: datetime
    ticket: int
    version: int
    card: CardOnVisit
    state: str
    code: str | None
    message: str | None
    since: datetime


def tray_entries(database: Database, visit_id: str = "") -> list[TrayEntry]:
    """Return the messages that wait for a person, of one visit or of all, longest first."""
    of_visit = "and m.visit = :visit" if visit_id else ""
    rows = database.rows(
        "select v.id, v.arrived_at, v.ticket, v.version, v.record, m.state, m.code,"
        " m.message, m.changed_at from newest_message m join visit v on v.id = m.visit"
        f" where m.state in ('refused', 'parked') {of_visit}"
        " order by m.changed_at, m.id limit :most",
        {"visit": visit_id, "most": MOST_SHOWN},
    )
    return [
        TrayEntry(row["id"], from_utc_text(row["arrived_at"]), row["ticket"], row["version"],
                visit_from_record(row["record"]).card, row["state"], row["code"], row["message"],
                from_utc_text(row["changed_at"]))
        for row in rows
    ]  # fmt: skip
