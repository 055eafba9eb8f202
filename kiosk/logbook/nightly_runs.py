"""The nightly job's own records: its runs, what it found out later, and whether all adds up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text, to_utc_text
from kiosk.logbook.visit import NewVisit, visit_from_record
from verify import Outcome, Reason


@dataclass(frozen=True, slots=True)
class DayTotals:
    """One day at the clinic: of its visits, how their newest messages stand."""

    day: str
    visits: int
    cancelled: int
    not_told: int  # emergencies, and patients without insurance
    accepted: int
    refused: int
    parked: int
    waiting: int
    closed: int

    @property
    def adds_up(self) -> bool:
        """Whether every visit is in exactly one of these states."""
        told = self.accepted + self.refused + self.parked + self.waiting + self.closed
        return self.visits == told + self.not_told


@dataclass(frozen=True, slots=True)
class LookBackResult:
    """A visit that went in unconfirmed, and what the insurer said of it later."""

    visit: str
    arrived_at: datetime
    ticket: int
    at: datetime
    outcome: Outcome
    reason: Reason
    confirmed: NewVisit


# Read from two indexes alone; a visit's own row, with its long record, only if it has no message.
SELECT_DAY_TOTALS = """
select v.day, count(*) as visits,
    sum(v.cancelled_at is not null) as cancelled,
    sum(case when m.state is null then (
        select json_extract(r.record, '$.arrival') in ('emergency', 'uninsured')
        from visit r where r.row = v.row) else 0 end) as not_told,
    sum(coalesce(m.state = 'accepted', 0)) as accepted,
    sum(coalesce(m.state = 'refused', 0)) as refused,
    sum(coalesce(m.state = 'parked', 0)) as parked,
    sum(coalesce(m.state in ('queued', 'in_flight'), 0)) as waiting,
    sum(coalesce(m.state = 'closed', 0)) as closed
from visit v left join newest_message m on m.visit = v.id
where v.day >= ? group by v.day order by v.day desc
"""


class NightlyRuns:
    """The tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, now: datetime) -> int:
        """Note that a run began; return its id."""
        with self._database.transaction() as db:
            return int(
                db.execute("insert into job (started_at) values (?)", [to_utc_text(now)]).lastrowid
                or 0
            )

    def finish(self, job: int, now: datetime, report: dict[str, Any]) -> None:
        """Note that a run ended, with its report."""
        with self._database.transaction() as db:
            db.execute("update job set finished_at = ?, report = ? where id = ?",
                       [to_utc_text(now), json.dumps(report, ensure_ascii=False), job])  # fmt: skip

    def last_finished_at(self) -> datetime | None:
        """Return when a run was last finished; None: never."""
        row = self._database.rows("select max(finished_at) from job")[0]
        return from_utc_text(row[0]) if row[0] else None

    def last_report(self) -> tuple[datetime, dict[str, Any]] | None:
        """Return when the last run that finished did, and its report; None: never."""
        rows = self._database.rows(
            "select finished_at, report from job where finished_at is not null"
            " order by finished_at desc limit 1"
        )
        return (from_utc_text(rows[0][0]), json.loads(rows[0][1])) if rows else None

    def days(self, first: str) -> list[DayTotals]:
        """Return how the visits of each day stand, newest first, from a day (ISO 8601) on."""
        rows = self._database.rows(SELECT_DAY_TOTALS, [first])
        return [DayTotals(**{name: row[name] for name in DayTotals.__slots__}) for row in rows]

    def unconfirmed(self, since: datetime) -> list[str]:
        """Return the visits that went in unconfirmed and of which nothing was heard since."""
        rows = self._database.rows(
            "select id from visit where outcome = 'unconfirmed' and arrived_at >= ?"
            " and cancelled_at is null and id not in (select visit from look_back)"
            " order by arrived_at",
            [to_utc_text(since)],
        )
        return [row["id"] for row in rows]

    def record_look_back(self, visit: str, outcome: Outcome, reason: Reason, now: datetime) -> None:
        """Keep what the insurer said later of a visit."""
        with self._database.transaction() as db:
            db.execute("insert or replace into look_back values (?, ?, ?, ?)",
                       [visit, to_utc_text(now), outcome, reason])  # fmt: skip

    def worklist(self, since: datetime) -> list[LookBackResult]:
        """Return the visits that turned out to need a person, newest first."""
        rows = self._database.rows(
            "select v.id, v.arrived_at, v.ticket, v.record, l.at, l.outcome, l.reason"
            " from look_back l join visit v on v.id = l.visit"
            " where l.outcome = 'desk' and v.arrived_at >= ? and v.cancelled_at is null"
            " order by v.arrived_at desc",
            [to_utc_text(since)],
        )
        return [
            LookBackResult(
                row["id"],
                from_utc_text(row["arrived_at"]),
                row["ticket"],
                from_utc_text(row["at"]),
                Outcome(row["outcome"]),
                Reason(row["reason"]),
                visit_from_record(row["record"]),
            )
            for row in rows
        ]
