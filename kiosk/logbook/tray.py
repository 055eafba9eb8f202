"""Messages that wait for a person: what the insurer refused, and what nobody could send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.logbook.database import Database, guarded
from kiosk.logbook.times import restored
from kiosk.logbook.visit import CardOnVisit, visit_of_record

MOST_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Trouble:
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


def troubles(database: Database, visit_id: str = "") -> list[Trouble]:
    """Return the messages that wait for a person, of one visit or of all, longest first."""
    with guarded():
        rows = database.reading().execute(
            "select v.id, v.arrived_at, v.ticket, v.version, v.record, o.state, o.code,"
            " o.message, o.changed_at from outbox o join visit v on v.id = o.visit"
            " where o.state in ('refused', 'parked') and ? in ('', o.visit)"
            " order by o.changed_at, o.id limit ?",
            [visit_id, MOST_SHOWN],
        )
        return [
            Trouble(row["id"], restored(row["arrived_at"]), row["ticket"], row["version"],
                    visit_of_record(row["record"]).card, row["state"], row["code"], row["message"],
                    restored(row["changed_at"]))
            for row in rows.fetchall()
        ]  # fmt: skip
