"""What became of visits at the insurer: counts that add up, and the visits behind each.

- Each visit that was not cancelled has one state: that of its newest message, or one of two for
  those without a message (`LEFT_OUT`, as the law asks; `MISSING`, otherwise).
- `SIGNED` and `OVERDUE` are further figures about the same visits, and are not added.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kiosk.insurer import Reporting
from kiosk.logbook import Database, day_begins, day_ends
from kiosk.reports.facts import MAX_DIGITS, VisitPage
from kiosk.reports.period import ReportPeriod

ACCEPTED, REFUSED, WAITING, PARKED, CLOSED = "accepted", "refused", "waiting", "parked", "closed"
LEFT_OUT, MISSING = "left_out", "missing"
SIGNED, OVERDUE = "signed", "overdue"
WITH_MESSAGE = (ACCEPTED, REFUSED, WAITING, PARKED, CLOSED)
STATES = (*WITH_MESSAGE, LEFT_OUT, MISSING)
STATE_FIGURES = (*STATES, SIGNED, OVERDUE)

# Reads indexes; of a visit without a message also its facts.
STATE = f"""
case when m.state is null then case when (select f.is_left_out from visit_fact f
        where f.day = date(v.arrived_at, '+420 minutes') and f.visit = v.row)
    then '{LEFT_OUT}' else '{MISSING}' end
when m.state in ('queued', 'in_flight') then '{WAITING}' else m.state end
"""
IS_SIGNED = """
exists (select 1 from outbox o join sent_message s on s.message = o.id
    join sent_file d indexed by sent_file_signed on d.id = s.file
    where o.visit = v.id and d.certificate_serial is not null)
"""
FROM_VISITS = """
from visit v indexed by visit_arrived left join newest_message m on m.visit = v.id
where v.arrived_at >= :begin and v.arrived_at < :end and v.cancelled_at is null
"""


class InsurerStates:
    """Counts visits by their states. Raises LogbookUnavailable if the logbook cannot be read."""

    def __init__(self, database: Database, reporting: Reporting) -> None:
        self._database = database
        self._reporting = reporting

    def of(self, period: ReportPeriod, now: datetime) -> dict[str, int]:
        """Return how many visits of a period are in each of STATE_FIGURES; `now` is aware."""
        found = dict.fromkeys(STATE_FIGURES, 0)
        rows = self._database.rows(
            f"select {STATE} as state, count(*) as visits, sum({IS_SIGNED}) as signed"
            f" {FROM_VISITS} group by 1",
            _span(period),
        )
        for row in rows:
            found[row["state"]] += row["visits"]
            found[SIGNED] += row["signed"]
        found[OVERDUE] = len(self._overdue(period, now))
        return found

    def page(
        self, period: ReportPeriod, state: str, cursor: str | None, limit: int, now: datetime
    ) -> VisitPage:
        """Return the visits behind a figure, from a cursor on, in the order of their rows.

        Raises ValueError if `state` is not in STATE_FIGURES.
        """
        if state not in STATE_FIGURES:
            raise ValueError("no such state")
        is_row = cursor and cursor.isascii() and cursor.isdigit() and len(cursor) <= MAX_DIGITS
        after = int(cursor) if cursor and is_row else 0
        if state == OVERDUE:
            rows: Sequence[int] = [row for row in self._overdue(period, now) if row > after]
        else:
            condition = IS_SIGNED if state == SIGNED else f"({STATE}) = :state"
            found = self._database.rows(
                f"select v.row {FROM_VISITS} and v.row > :after and {condition}"
                " order by v.row limit :limit",
                _span(period) | {"state": state, "after": after, "limit": limit + 1},
            )
            rows = [row["row"] for row in found]
        shown = list(rows[:limit])
        return VisitPage(shown, str(shown[-1]) if len(rows) > limit else None)

    def _overdue(self, period: ReportPeriod, now: datetime) -> list[int]:
        return self._reporting.overdue_rows(period.first, period.last, now)


def _span(period: ReportPeriod) -> dict[str, object]:
    return {"begin": day_begins(period.first), "end": day_ends(period.last)}
