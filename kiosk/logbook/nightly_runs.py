"""What the logbook keeps for the nightly job.

- Each run, with its report once it has finished.  A run that never finished was killed; the next
  one starts from the beginning.
- What the insurer said later about visits that went in unconfirmed (the look-back).
- Whether the messages of each day add up to its visits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime

from kiosk.logbook.database import Database
from kiosk.logbook.nightly_report import (
    DayTotals,
    NightlyReport,
    nightly_report_from_json,
    nightly_report_json,
)
from kiosk.logbook.times import DAY_OF_ARRIVAL, day_begins, from_utc_text, to_utc_text
from kiosk.logbook.visit import NewVisit, visit_from_record
from verify import Outcome, Reason


@dataclass(frozen=True, slots=True)
class LookBackResult:
    """A visit that went in unconfirmed, and what the insurer said about it later.

    The times are aware.
    """

    visit: str
    arrived_at: datetime
    ticket: str  # its label
    at: datetime  # when the insurer answered
    outcome: Outcome
    reason: Reason
    confirmed: NewVisit


# This reads two indexes and no table.  Only for a visit without a message it reads the visit's own
# row, whose record is long.
SELECT_DAY_TOTALS = f"""
select {DAY_OF_ARRIVAL} as day, count(*) as visits,
    sum(v.cancelled_at is not null) as cancelled,
    sum(case when m.state is null then (
        select json_extract(r.record, '$.arrival') in ('emergency', 'uninsured')
            or coalesce(json_extract(r.record, '$.secret'), 0)
        from visit r where r.row = v.row) else 0 end) as not_reported,
    sum(coalesce(m.state = 'accepted', 0)) as accepted,
    sum(coalesce(m.state = 'refused', 0)) as refused,
    sum(coalesce(m.state = 'parked', 0)) as parked,
    sum(coalesce(m.state in ('queued', 'in_flight'), 0)) as waiting,
    sum(coalesce(m.state = 'closed', 0)) as closed
from visit v left join newest_message m on m.visit = v.id
where v.arrived_at >= ? group by 1 order by 1 desc
"""


class NightlyRuns:
    """The tables `job` and `look_back`.

    All times that come in and go out are aware.  Methods that read raise LogbookUnavailable if
    the logbook cannot be read, methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, now: datetime) -> int:
        """Record that a run begins; return its id."""
        with self._database.transaction() as db:
            cursor = db.execute("insert into job (started_at) values (?)", [to_utc_text(now)])
            return int(cursor.lastrowid or 0)

    def finish(self, job: int, now: datetime, report: NightlyReport) -> None:
        """Record that the run with this id has ended, and its report."""
        text = json.dumps(nightly_report_json(report), ensure_ascii=False)
        with self._database.transaction() as db:
            db.execute(
                "update job set finished_at = ?, report = ? where id = ?",
                [to_utc_text(now), text, job],
            )

    def last_finished_at(self, now: datetime | None = None) -> datetime | None:
        """Return when a run last finished. None if no run has ever finished.

        With `now`, a run that finished later than that does not count: the clock was ahead.
        """
        rows = self._database.rows(
            "select max(finished_at) from job where ? is null or finished_at <= ?",
            [now and to_utc_text(now)] * 2,
        )
        return from_utc_text(rows[0][0]) if rows[0][0] else None

    def last_report(self) -> tuple[datetime, NightlyReport] | None:
        """Return when a run last finished, and its report. None if no run has ever finished."""
        rows = self._database.rows(
            "select finished_at, report from job where finished_at is not null"
            " order by id desc limit 1"
        )
        if not rows:
            return None
        finished_at, text = rows[0]
        return from_utc_text(finished_at), nightly_report_from_json(json.loads(text))

    def days(self, first: str) -> list[DayTotals]:
        """Return the totals of each day from `first` (ISO 8601, at the clinic) on, newest first.

        A visit counts on the day of its arrival, as far as it was corrected.
        """
        rows = self._database.rows(SELECT_DAY_TOTALS, [day_begins(date.fromisoformat(first))])
        return [DayTotals(**{name: row[name] for name in DayTotals.__slots__}) for row in rows]

    def unconfirmed(self, since: datetime) -> list[str]:
        """Return the ids of the visits to look back at, oldest first.

        These are the visits from `since` on that went in unconfirmed, were not cancelled, are no
        state secret, and about which the insurer has not answered since.
        """
        rows = self._database.rows(
            "select id from visit where outcome = 'unconfirmed' and arrived_at >= ?"
            " and cancelled_at is null and id not in (select visit from look_back)"
            " and not coalesce(json_extract(record, '$.secret'), 0)"
            " order by arrived_at",
            [to_utc_text(since)],
        )
        return [row["id"] for row in rows]

    def without_card_number(self, since: datetime) -> list[str]:
        """Return the ids of the visits with a number of 10 or 12 digits for a card, oldest first.

        These are the visits from `since` on that were not cancelled, about which the insurer has
        not answered since they were recorded.  Neither those of `unconfirmed` nor state secrets
        are among them.
        """
        rows = self._database.rows(
            "select v.id from visit v where v.arrived_at >= ? and v.cancelled_at is null"
            " and length(v.number) in (10, 12)"
            " and json_extract(v.record, '$.card_number') is null"
            " and not coalesce(json_extract(v.record, '$.secret'), 0)"
            " and v.outcome <> 'unconfirmed'"
            " and not exists (select 1 from lookup l where l.visit = v.id"
            " and l.kind = 'card' and l.result = 'answered')"
            " order by v.arrived_at",
            [to_utc_text(since)],
        )
        return [row["id"] for row in rows]

    def record_look_back(self, visit: str, outcome: Outcome, reason: Reason, now: datetime) -> None:
        """Record the verdict on a visit after the insurer's later answer."""
        with self._database.transaction() as db:
            db.execute(
                "insert or replace into look_back values (?, ?, ?, ?)",
                [visit, to_utc_text(now), outcome, reason],
            )

    def worklist(self, since: datetime) -> list[LookBackResult]:
        """Return the visits from `since` on that turned out to need a person, newest first."""
        rows = self._database.rows(
            "select v.id, v.arrived_at, t.label, v.record, l.at, l.outcome, l.reason"
            " from look_back l join visit v on v.id = l.visit"
            " left join ticket t on t.visit = v.id and t.state <> 'moved'"
            " where l.outcome = 'desk' and v.arrived_at >= ? and v.cancelled_at is null"
            " order by v.arrived_at desc",
            [to_utc_text(since)],
        )
        return [
            LookBackResult(
                row["id"],
                from_utc_text(row["arrived_at"]),
                row["label"],
                from_utc_text(row["at"]),
                Outcome(row["outcome"]),
                Reason(row["reason"]),
                visit_from_record(row["record"]),
            )
            for row in rows
        ]
