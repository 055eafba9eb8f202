"""Deadlines of messages: the law's dated rules, this facility's own aim, and downtime that counts.

1. The rules are those of `verify.deadline_of`.
2. A deadline is later by the downtime that the law excuses: the portal's, and that of power and
   line if the insurer was informed (`Outage.makes_later`).  An outage without an end counts until
   now.
3. The order of sending uses the deadlines without downtime: a message that may wait longer is not
   sent later on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from kiosk.logbook import Outage, OverdueBefore
from verify import (
    CLINIC_ZONE,
    Deadline,
    Downtime,
    Law,
    clinic_day,
    deadline_of,
    extended,
    united,
)

ONE_DAY = timedelta(days=1)
OFFSET_UNITS = ("own_aim", "hours")  # the other units end with a day
NEVER = datetime(1970, 1, 1, tzinfo=CLINIC_ZONE)  # before all visits
MAX_DAYS_BACK = 120  # a correction's working days never take longer


class DeadlinesNow:
    """Deadlines as of one moment, for one page or one report."""

    def __init__(
        self, law: Law, aim: timedelta, downtimes: Sequence[Downtime], now: datetime
    ) -> None:
        """`downtimes` are united; `now` is aware."""
        self.now = now
        self._law = law
        self._aim = aim
        self._downtimes = downtimes
        # By message, status and day: a deadline of that day, and how long after its begin it is if
        # it does not end with a day.
        self._of_day: dict[tuple[str, str, date], tuple[Deadline | None, timedelta | None]] = {}

    def plain(self, message: str, begun_at: datetime, status: str = "in_force") -> Deadline | None:
        """Return the deadline of a message without downtime. None if no rule holds on its day.

        `message` and `begun_at` are those of `verify.deadline_of`; `status` is `draft` for a rule
        that is not in force.
        """
        key = (message, status, clinic_day(begun_at))
        if key not in self._of_day:
            deadline = deadline_of(message, begun_at, self._law, self._aim, status)
            is_offset = deadline is not None and deadline.rule.unit in OFFSET_UNITS
            offset = deadline.due_at - begun_at if deadline is not None and is_offset else None
            self._of_day[key] = deadline, offset
        deadline, offset = self._of_day[key]
        if deadline is None or offset is None:
            return deadline  # all that begins on one day is due at the same time
        return Deadline(begun_at + offset, deadline.rule)

    def due_at(self, message: str, begun_at: datetime, status: str = "in_force") -> datetime | None:
        """Return only when a message is due, with the downtime that counts: quicker for many.

        None if no rule holds on the day.  That is the clinic's day of `begun_at`: the day on the
        ticket is another one if a wrong clock printed it.
        """
        key = (message, status, clinic_day(begun_at))
        known = self._of_day.get(key)
        if known is None:
            self.plain(message, begun_at, status)
            known = self._of_day[key]
        deadline, offset = known
        if deadline is None:
            return None
        due_at = deadline.due_at if offset is None else begun_at + offset
        return extended(due_at, begun_at, self._downtimes) if self._downtimes else due_at

    def of(self, message: str, begun_at: datetime, status: str = "in_force") -> Deadline | None:
        """Return the deadline of a message, later by the downtime that counts."""
        deadline = self.plain(message, begun_at, status)
        if deadline is None or not self._downtimes:
            return deadline
        return replace(deadline, due_at=extended(deadline.due_at, begun_at, self._downtimes))


class Deadlines:
    """The deadlines of this facility."""

    def __init__(
        self, law: Callable[[], Law], aim: timedelta, outages: Callable[[], Sequence[Outage]]
    ) -> None:
        """`law` returns the current tables, `outages` the newest version of each outage."""
        self._law = law
        self._aim = aim
        self._outages = outages
        self._overdue_days: tuple[Law, date, datetime] | None = None

    def at(self, now: datetime) -> DeadlinesNow:
        """Return the deadlines as of a moment (aware).

        Raises LogbookUnavailable if the outages cannot be read.
        """
        return DeadlinesNow(self._law(), self._aim, downtimes(self._outages(), now), now)

    def overdue_before(self, now: datetime) -> OverdueBefore:
        """Return the arrival before which a message is overdue at `now`, without downtime."""
        law = self._law()
        return OverdueBefore(self._check_in_before(law, now), self._correction_before(law, now))

    def _check_in_before(self, law: Law, now: datetime) -> datetime:
        deadline = deadline_of("check_in", now, law, self._aim)
        if deadline is None:
            return NEVER
        if deadline.rule.unit in OFFSET_UNITS:
            return now - (deadline.due_at - now)
        return _first_day_that_is_not_due("check_in", law, self._aim, now)

    def _correction_before(self, law: Law, now: datetime) -> datetime:
        """Return the same for corrections; kept for the day, since each sending asks."""
        today = clinic_day(now)
        known = self._overdue_days
        if known is None or known[0] is not law or known[1] != today:
            before = _first_day_that_is_not_due("correction", law, self._aim, now)
            self._overdue_days = known = (law, today, before)
        return known[2]


def downtimes(outages: Sequence[Outage], now: datetime) -> list[Downtime]:
    """Return the downtime that makes deadlines later, united; one without an end lasts until now.

    An outage that ends before it begins, or begins after now, because a clock was changed, is left
    out.
    """
    counted = (
        Downtime(outage.begins_at, min(outage.ends_at or now, now))
        for outage in outages
        if outage.makes_later
    )
    return united(downtime for downtime in counted if downtime.begin <= downtime.end)


def _first_day_that_is_not_due(message: str, law: Law, aim: timedelta, now: datetime) -> datetime:
    """Return the beginning of the first day (aware) of which a message is not overdue at `now`."""
    day = clinic_day(now)
    for _ in range(MAX_DAYS_BACK):
        begin = datetime.combine(day, time(), CLINIC_ZONE)
        deadline = deadline_of(message, begin, law, aim)
        if deadline is None or deadline.due_at <= now:
            return begin + ONE_DAY
        day -= ONE_DAY
    return NEVER
