"""By when a message has to reach the insurer, by the dated rules of `deadlines.csv`.

1.  A visit's first report (`check_in`) is due right after its first cost (QĐ 130 Điều 3 khoản 1, as
    QĐ 4750 Điều 2 khoản 2 changed it).  The law names no figure, so the facility's own aim counts.
2.  A `correction` is due within working days (TT 48/2017 Điều 6 and 7).  They are counted from the
    day of the visit, which is not counted itself (BLDS 2015 Điều 147): the end of the visit is not
    known here, and no reading of the rule gives an earlier day.
3.  The totals of a month are due on a day of the next one.
4.  A deadline in days ends with its last day at the clinic.  If offices are closed on that day, it
    ends with the next working day (TT 48/2017 Điều 13 khoản 7).  A deadline in hours does not move.
5.  A deadline that depends on days whose holidays are not in the table says so.
6.  Downtime that counts makes a deadline later by as long as it lasted (TT 12/2026 Điều 2 khoản 4).
    Downtimes that overlap count once.
"""

from __future__ import annotations

import bisect
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from verify.clock import CLINIC_ZONE, clinic_day
from verify.entitlement.referrals import is_working_day
from verify.entitlement.rules.law import Law
from verify.entitlement.rules.rows import DeadlineRule

ONE_DAY = timedelta(days=1)
MAX_DAYS_OFF = 60  # in a row; more are a fault in the table of holidays
_end = operator.attrgetter("end")
MAX_CALENDAR_DAYS = 400  # in which the working days of a deadline are looked for


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a message is due, and by which rule.

    `holidays_known` is False if the due time depends on days for which the table of holidays says
    nothing yet: it is then a guess that such days are usual ones.
    """

    due_at: datetime  # aware
    rule: DeadlineRule
    holidays_known: bool = True

    @property
    def last_day(self) -> date:
        """The day at the clinic on which it is due; one that ends with a day ends with this one."""
        return clinic_day(self.due_at - timedelta(microseconds=1))


@dataclass(frozen=True, slots=True)
class Downtime:
    """A time in which nothing could be sent; both ends are aware, and `end` is not before."""

    begin: datetime
    end: datetime


def deadline_of(
    message: str, begun_at: datetime, law: Law, aim: timedelta, status: str = "in_force"
) -> Deadline | None:
    """Return by when a message is due whose time began at `begun_at` (aware).

    `message` is `check_in`, `correction`, `month_totals` (of the month of `begun_at`) or
    `reconciliation`; `aim` is the facility's own, for a rule that names no figure.  The day of
    `begun_at` chooses the rule.  None if no rule of this status holds on it.
    """
    day = clinic_day(begun_at)
    rule = law.deadline_on(message, status, day)
    if rule is None:
        return None
    if rule.unit == "own_aim":
        return Deadline(begun_at + aim, rule)
    if rule.unit == "hours":
        return Deadline(begun_at + timedelta(hours=rule.within), rule)
    last_day = _last_day(rule, day, law)
    return Deadline(_end_of(last_day), rule, last_day <= law.holidays_known_until())


def _last_day(rule: DeadlineRule, day: date, law: Law) -> date:
    """Return the last day of a deadline that counts in days, from the day on which it began."""
    if rule.unit == "working_days":
        return after_working_days(day, rule.within, law)
    if rule.unit == "day_of_next_month":
        first_of_next = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        last = first_of_next.replace(day=rule.within)
    else:
        last = day + timedelta(days=rule.within)
    return _working_day_from(last, law)


def after_working_days(day: date, count: int, law: Law) -> date:
    """Return the last of `count` working days after a day, which is not counted itself."""
    found = 0
    for _ in range(MAX_CALENDAR_DAYS):
        day += ONE_DAY
        found += is_working_day(day, law)
        if found == count:
            break
    return day


def _working_day_from(day: date, law: Law) -> date:
    for later in range(MAX_DAYS_OFF):
        if is_working_day(day + timedelta(days=later), law):
            return day + timedelta(days=later)
    return day


def _end_of(day: date) -> datetime:
    """Return the first moment after a day at the clinic (aware)."""
    return datetime.combine(day + ONE_DAY, time(), CLINIC_ZONE)


def united(downtimes: Iterable[Downtime]) -> list[Downtime]:
    """Return the same time as periods that neither overlap nor touch, oldest first."""
    result: list[Downtime] = []
    for downtime in sorted(downtimes, key=lambda downtime: downtime.begin):
        if result and downtime.begin <= result[-1].end:
            result[-1] = Downtime(result[-1].begin, max(result[-1].end, downtime.end))
        else:
            result.append(downtime)
    return result


def extended(due_at: datetime, begun_at: datetime, downtimes: Sequence[Downtime]) -> datetime:
    """Return a due time made later by the downtime between `begun_at` and it (all aware).

    `downtimes` come from `united`.  A downtime within the time that was added counts too; one that
    begins when the message is already due does not.
    """
    first = bisect.bisect_right(downtimes, begun_at, key=_end)
    for downtime in downtimes[first:]:
        if downtime.begin >= due_at:
            break
        due_at += downtime.end - max(downtime.begin, begun_at)
    return due_at
