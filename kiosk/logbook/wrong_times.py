"""Visits whose time of arrival is probably wrong: how far the clock was off, and what is proposed.

They are the visits that a clock recorded which was more than MAX_CLOCK_DRIFT off, and those whose
message was parked because of their time.  A visit is among them until a person settles its time
(`Corrections.correct_time`), cancels it, or closes its message.  One that the insurer has accepted
was sent with a wrong time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.logbook.clock_readings import ESTIMATED
from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text
from kiosk.logbook.visit import CardOnVisit, visit_from_record

MAX_SHOWN = 500
CLOCK_CODE = "clock"  # of a message that was parked because of its time

WRONG = """
with wrong (visit) as (
    select visit from visit_clock where settled_at is null and abs(ahead_s) > 300
    union
    select visit from outbox where state in ('refused', 'parked') and code = :code)
"""
SELECT_WRONG = f"""
{WRONG}
select v.id, t.label, v.day, v.version, v.record, v.arrived_at, c.recorded_at, c.ahead_s,
    c.source, c.settled_at, m.state
from wrong join visit v on v.id = wrong.visit
left join ticket t on t.visit = v.id and t.state <> 'moved'
left join visit_clock c on c.visit = v.id
left join newest_message m on m.visit = v.id
where v.cancelled_at is null and coalesce(m.state, '') <> 'closed'
    and (:visit = '' or v.id = :visit)
order by v.row limit :limit
"""
COUNT_WRONG = f"""
{WRONG}
select count(*) from wrong join visit v on v.id = wrong.visit
left join newest_message m on m.visit = v.id
where v.cancelled_at is null and coalesce(m.state, '') <> 'closed'
"""
SELECT_SETTLED = "select recorded_at from visit_clock where visit = ? and settled_at is not null"


@dataclass(frozen=True, slots=True)
class WrongVisitTime:
    """A visit whose time of arrival is probably wrong."""

    visit: str
    ticket: str  # its label
    day: str  # at the clinic, ISO 8601, as it was printed
    version: int
    card: CardOnVisit
    recorded_at: datetime  # aware
    ahead: timedelta | None  # how far our clock was ahead; below zero: behind; None: not known
    is_estimated: bool  # not measured: the clock was off in this way before or after
    insurer_state: str  # of the newest message; not_sent if there is no message

    @property
    def proposed_at(self) -> datetime | None:
        """The recorded time minus the difference that was found (aware). None: not known."""
        return None if self.ahead is None else self.recorded_at - self.ahead

    @property
    def was_sent(self) -> bool:
        """Whether the insurer has accepted the visit with the wrong time."""
        return self.insurer_state == "accepted"


class WrongVisitTimes:
    """Reads which visits have a wrong time.  Raises LogbookUnavailable if it cannot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, visit: str = "") -> list[WrongVisitTime]:
        """Return the visits with a wrong time, the oldest first and at most MAX_SHOWN.

        With `visit`, only that one.
        """
        values = {"code": CLOCK_CODE, "visit": visit, "limit": MAX_SHOWN}
        return [
            WrongVisitTime(
                visit=row["id"],
                ticket=row["label"],
                day=row["day"],
                version=row["version"],
                card=visit_from_record(row["record"]).card,
                recorded_at=from_utc_text(row["recorded_at"] or row["arrived_at"]),
                ahead=None if row["ahead_s"] is None else timedelta(seconds=row["ahead_s"]),
                is_estimated=row["source"] == ESTIMATED,
                insurer_state=row["state"] or "not_sent",
            )
            for row in self._database.rows(SELECT_WRONG, values)
        ]

    def count(self) -> int:
        """Return how many visits have a wrong time."""
        return int(self._database.rows(COUNT_WRONG, {"code": CLOCK_CODE})[0][0])

    def recorded_at(self, visit: str) -> datetime | None:
        """Return the time that was recorded first for a visit whose time was settled (aware).

        None if nobody has settled it.
        """
        rows = self._database.rows(SELECT_SETTLED, [visit])
        return from_utc_text(rows[0]["recorded_at"]) if rows else None
