"""The days that a report is about: a day, a month, a quarter, a year, or any range."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from kiosk.reports.errors import PeriodFault, WrongPeriod
from verify import clinic_day

MAX_YEARS = 5
YEARS = range(2020, 2201)  # as far as the program believes a clock
MANY_DAYS = 62  # from here on a series has months in place of days
NAME = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(\d{2})(?:-(\d{2}))?))?\Z", re.ASCII)


class PeriodKind(StrEnum):
    """What the days of a report are together."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    RANGE = "range"


MONTHS_OF = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.YEAR: 12}


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """Days of the clinic, from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def kind(self) -> PeriodKind:
        """What the days are together: a whole month is one, however somebody asked for it."""
        if self.first == self.last:
            return PeriodKind.DAY
        for kind, months in MONTHS_OF.items():
            begins = (self.first.month - 1) % months == 0
            if begins and self == _months(self.first.year, self.first.month, months):
                return kind
        return PeriodKind.RANGE

    @property
    def name(self) -> str:
        """How it stands in an address: `2026-11-25`, `2026-11`, `2026-Q4`, `2026`, `A..B`."""
        match self.kind:
            case PeriodKind.DAY:
                return self.first.isoformat()
            case PeriodKind.MONTH:
                return f"{self.first:%Y-%m}"
            case PeriodKind.QUARTER:
                return f"{self.first:%Y}-Q{(self.first.month + 2) // 3}"
            case PeriodKind.YEAR:
                return f"{self.first:%Y}"
            case PeriodKind.RANGE:
                return f"{self.first}..{self.last}"

    @property
    def days(self) -> list[date]:
        """All of its days, oldest first."""
        return [self.first + timedelta(days=on) for on in range((self.last - self.first).days + 1)]

    @property
    def has_many_days(self) -> bool:
        """Whether its series are by month, because days would be too many."""
        return (self.last - self.first).days + 1 > MANY_DAYS

    def before(self) -> ReportPeriod | None:
        """Return the period of the same kind before this one. None of a year that cannot be."""
        return self._neighbour(self.first - timedelta(days=1), ends=True)

    def after(self) -> ReportPeriod | None:
        """Return the period of the same kind after this one. None of a year that cannot be."""
        return self._neighbour(self.last + timedelta(days=1), ends=False)

    def _neighbour(self, day: date, *, ends: bool) -> ReportPeriod | None:
        """Return the period of this kind that ends, or begins, on a day."""
        kind, length = self.kind, self.last - self.first
        if kind in MONTHS_OF:
            months = MONTHS_OF[kind]
            month = day.month - (day.month - 1) % months
            found = _months(day.year, month, months)
        else:
            found = ReportPeriod(day - length, day) if ends else ReportPeriod(day, day + length)
        return found if {found.first.year, found.last.year} <= set(YEARS) else None


def read_period(text: str, today: date) -> ReportPeriod:
    """Return the period that a name means, as `ReportPeriod.name` writes it.

    Raises WrongPeriod if no days have this name, if they have not begun on `today`, or if they are
    more than MAX_YEARS.
    """
    first, dots, last = text.partition("..")
    if dots:
        return read_range(first, last, today)
    match = NAME.match(text)
    if match is None or int(match[1]) not in YEARS:
        raise WrongPeriod(PeriodFault.NOT_A_DAY)
    year, quarter, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None  # every name has one
    try:
        if day is not None:
            found = ReportPeriod(date(year, month or 0, day), date(year, month or 0, day))
        elif quarter is not None:
            found = _months(year, 3 * quarter - 2, 3)
        elif month is not None:
            found = _months(year, month, 1)
        else:
            found = _months(year, 1, 12)
    except ValueError:
        raise WrongPeriod(PeriodFault.NOT_A_DAY) from None
    return checked(found, today)


def last_day_begun(now: datetime, newest_visit: datetime | None) -> date:
    """Return the last day at the clinic that has begun; both moments are aware.

    That is the day of `now`, or the next one if a visit is of it: then the clock of this PC went
    back over midnight.
    """
    today = clinic_day(now)
    tomorrow = today + timedelta(days=1)
    is_begun = newest_visit is not None and clinic_day(newest_visit) >= tomorrow
    return tomorrow if is_begun else today


def read_range(first: str, last: str, today: date) -> ReportPeriod:
    """Return the period between two days in ISO 8601, both included. Raises WrongPeriod."""
    try:
        found = ReportPeriod(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        raise WrongPeriod(PeriodFault.NOT_A_DAY) from None
    return checked(found, today)


def checked(period: ReportPeriod, today: date) -> ReportPeriod:
    """Return the same period. Raises WrongPeriod if no report can be made for it."""
    if not {period.first.year, period.last.year} <= set(YEARS):
        raise WrongPeriod(PeriodFault.NOT_A_DAY)
    if period.last < period.first:
        raise WrongPeriod(PeriodFault.REVERSED)
    if period.first > today:
        raise WrongPeriod(PeriodFault.TO_COME)
    if (period.last - period.first).days >= 366 * MAX_YEARS:
        raise WrongPeriod(PeriodFault.TOO_LONG)
    return period


def _months(year: int, month: int, count: int) -> ReportPeriod:
    last_month = month + count - 1
    last_year, last_month = year + (last_month - 1) // 12, (last_month - 1) % 12 + 1
    last_day = calendar.monthrange(last_year, last_month)[1]
    return ReportPeriod(date(year, month, 1), date(last_year, last_month, last_day))
