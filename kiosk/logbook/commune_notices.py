"""Which commune was informed of an unknown patient, and when.

- If nobody of the family is known after 48 hours, the facility informs the people's committee of
  its commune (Luật Khám bệnh, chữa bệnh 2023 Điều 72).
- Rows are only added: a wrong one is followed by a right one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kiosk.logbook.database import Database
from kiosk.logbook.errors import NoSuchVisit
from kiosk.logbook.times import from_utc_text, to_utc_text
from kiosk.logbook.visit import Visit

INFORM_AFTER = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class CommuneNotice:
    """One notice to a commune. Texts may name people, so the repr leaves them out."""

    visit: str
    recipient: str = field(repr=False)  # who was informed
    informed_at: datetime  # aware
    way: str = field(repr=False)
    note: str = field(repr=False)
    at: datetime  # when it was written down; aware
    author: str  # see `kiosk.logbook.author`


class CommuneNotices:
    """The table `commune_notice`.

    All times are aware.  Methods that read raise LogbookUnavailable if the logbook cannot be
    read, methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, notice: CommuneNotice) -> None:
        """Record a notice. Raises NoSuchVisit if no visit has its id."""
        with self._database.transaction() as db:
            if not db.execute("select 1 from visit where id = ?", [notice.visit]).fetchone():
                raise NoSuchVisit(notice.visit)
            db.execute(
                "insert into commune_notice"
                " (visit, recipient, informed_at, way, note, at, author)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                [
                    notice.visit,
                    notice.recipient,
                    to_utc_text(notice.informed_at),
                    notice.way,
                    notice.note,
                    to_utc_text(notice.at),
                    notice.author,
                ],
            )

    def of_visit(self, visit: str) -> list[CommuneNotice]:
        """Return the notices about the patient of a visit, in the order they were written down."""
        rows = self._database.rows(
            "select * from commune_notice where visit = ? order by id", [visit]
        )
        return [
            CommuneNotice(
                visit=row["visit"],
                recipient=row["recipient"],
                informed_at=from_utc_text(row["informed_at"]),
                way=row["way"],
                note=row["note"],
                at=from_utc_text(row["at"]),
                author=row["author"],
            )
            for row in rows
        ]

    def overdue(self, unknown: Iterable[Visit], now: datetime) -> list[Visit]:
        """Return the visits among `unknown` whose commune should know by now, but does not."""
        return [
            visit for visit in unknown if inform_by(visit) <= now and not self.of_visit(visit.id)
        ]


def inform_by(visit: Visit) -> datetime:
    """Return when the commune of an unknown patient's visit has to be informed (aware)."""
    return visit.arrived_at + INFORM_AFTER
