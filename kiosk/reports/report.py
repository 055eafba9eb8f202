"""A report: everything that its page, its paper and its files show of some days.

All of it is read in one transaction, so that its figures are of one moment and add up.  A part that
is damaged is named, and the others are read: its figures are then those of an empty one and must
not be shown as figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from kiosk.insurer import Reporting
from kiosk.logbook import (
    Database,
    DayCoverage,
    HelpCounts,
    LogbookDamaged,
    Outages,
    ProgramRuns,
    ReadableParts,
)
from kiosk.reports.closings import DayClosings
from kiosk.reports.contacts import Contacts
from kiosk.reports.facts import Dimension, Figure, VisitFacts
from kiosk.reports.gateway import (
    GatewayFigures,
    QuestionPage,
    gateway_figures,
    questions_behind,
)
from kiosk.reports.insurer_states import STATE_FIGURES, InsurerStates
from kiosk.reports.period import ReportPeriod
from kiosk.reports.ranks import TimeFigures
from kiosk.reports.readings import (
    ReadingCount,
    ReadingFigures,
    ReadingPage,
    count_behind,
    count_readings,
    readings_behind,
)
from verify import clinic_day

# By what each report counts its visits, in this order; and by day or by month.
TABLES = (
    *(Dimension.HOUR, Dimension.WEEKDAY, Dimension.OUTCOME, Dimension.REASON, Dimension.ROUTE),
    *(Dimension.GROUP, Dimension.BENEFIT, Dimension.FACILITY, Dimension.ROOM, Dimension.SERVICE),
    *(Dimension.CARE, Dimension.SOURCE, Dimension.READER),
)


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period at a moment (aware)."""

    period: ReportPeriod
    made_at: datetime
    visits: int  # that were not cancelled
    cancelled: int
    coverage: Mapping[DayCoverage, int]  # how many days that have begun, by whether it ran
    closed_days: int
    tables: Mapping[Dimension, Mapping[str, int]]  # by value; empty text: not known
    series_by: Dimension  # DAY or MONTH
    series: Mapping[str, int | None]  # None: the program did not run, or that is not known
    times: TimeFigures | None  # from scan to recording; None: no visit has such a time
    times_series: Mapping[str, TimeFigures]
    states: Mapping[str, int]  # at the insurer, by `STATE_FIGURES`
    readings: ReadingFigures
    gateway: GatewayFigures
    helped: Mapping[str, int]  # how often help with VssID and VNeID was given, by kind
    to_contact: int  # patients whose answer changed
    contacted: int
    # Of `facts`, `closings`, `states`, `readings`, `gateway`, `help` and `contacts`.
    damaged: Sequence[str] = ()

    def require_whole(self) -> Report:
        """Return the same report. Raises LogbookDamaged if a part of it could not be read."""
        if self.damaged:
            raise LogbookDamaged(f"parts of a report cannot be read: {', '.join(self.damaged)}")
        return self

    @property
    def not_timed(self) -> int:
        """How many visits have no time from scan to recording."""
        return self.visits - (self.times.count if self.times else 0)

    @property
    def has_data(self) -> bool:
        """Whether a zero is known to be one: there are visits, or the program ran."""
        return bool(
            self.visits or self.cancelled or self.coverage.get(DayCoverage.RAN) or self.damaged
        )


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is counted in `visit_fact`."""

    by_day: Mapping[str, int] = field(default_factory=dict)
    cancelled: int = 0
    tables: Mapping[Dimension, Mapping[str, int]] = field(
        default_factory=lambda: {dimension: {} for dimension in TABLES}
    )
    times: Mapping[str, TimeFigures] = field(default_factory=dict)
    times_series: Mapping[str, TimeFigures] = field(default_factory=dict)


class Reports:
    """Makes reports. Raises LogbookUnavailable if the logbook cannot be read."""

    def __init__(
        self, database: Database, reporting: Reporting, runs: ProgramRuns, outages: Outages
    ) -> None:
        self._database = database
        self._runs = runs
        self._outages = outages
        self.facts = VisitFacts(database)
        self.states = InsurerStates(database, reporting)
        self.contacts = Contacts(database)
        self.closings = DayClosings(database)
        self._help = HelpCounts(database)

    def of(self, period: ReportPeriod, now: datetime) -> Report:
        """Return the report of a period; `now` is aware."""
        with self._database.one_moment():
            return self._of(period, now)

    def readings(
        self, period: ReportPeriod, what: ReadingCount, value: str, after: int, limit: int
    ) -> tuple[int, ReadingPage]:
        """Return how many readings a figure counts, and a page of them from a cursor on."""
        with self._database.one_moment():
            return (
                count_behind(self._database, period, what, value),
                readings_behind(self._database, period, what, value, after, limit),
            )

    def questions(self, period: ReportPeriod, result: str, after: int, limit: int) -> QuestionPage:
        """Return how many questions to the insurer had a result, and a page of them."""
        return questions_behind(self._database, period, result, after, limit)

    def _of(self, period: ReportPeriod, now: datetime) -> Report:
        parts = ReadableParts()
        facts = parts.read("facts", lambda: self._facts(period), _Facts())
        begun = [day for day in period.days if day <= clinic_day(now)]
        coverage = self._coverage(begun, facts.by_day)
        no_readings = ReadingFigures(0, (), {}, {})
        no_gateway = GatewayFigures({}, None, {}, (), timedelta(0))
        people, done = parts.read(
            "contacts", lambda: self.contacts.count(period.first, period.last), (0, 0)
        )
        return Report(
            period=period,
            made_at=now,
            visits=sum(facts.by_day.values()),
            cancelled=facts.cancelled,
            coverage=Counter(coverage.values()),
            closed_days=parts.read("closings", lambda: len(self.closings.days(period)), 0),
            tables=facts.tables,
            series_by=_series_by(period),
            series=_series(facts.by_day, coverage, _series_by(period)),
            times=facts.times.get(""),
            times_series=facts.times_series,
            states=parts.read(
                "states", lambda: self.states.of(period, now), dict.fromkeys(STATE_FIGURES, 0)
            ),
            readings=parts.read(
                "readings", lambda: count_readings(self._database, period), no_readings
            ),
            gateway=parts.read(
                "gateway",
                lambda: gateway_figures(self._database, self._outages, period, now),
                no_gateway,
            ),
            helped=parts.read("help", lambda: self._helped(period), {}),
            to_contact=people,
            contacted=done,
            damaged=tuple(parts.damaged),
        )

    def _facts(self, period: ReportPeriod) -> _Facts:
        return _Facts(
            by_day=self.facts.by(Dimension.DAY, period),
            cancelled=self.facts.count(period, Figure(Dimension.CANCELLED)),
            tables={dimension: self.facts.by(dimension, period) for dimension in TABLES},
            times=self.facts.times(period),
            times_series=self.facts.times(period, _series_by(period)),
        )

    def _helped(self, period: ReportPeriod) -> Mapping[str, int]:
        helped: Counter[str] = Counter()
        for row in self._help.between(period.first, period.last):
            helped[row.kind.value] += row.number
        return helped

    def _coverage(self, days: list[date], by_day: Mapping[str, int]) -> dict[date, DayCoverage]:
        """Return whether the program ran on each day; on a day with visits it did."""
        without = [day for day in days if day.isoformat() not in by_day]
        found = self._runs.coverage(without)
        return {day: found.get(day, DayCoverage.RAN) for day in days}


def _series_by(period: ReportPeriod) -> Dimension:
    return Dimension.MONTH if period.has_many_days else Dimension.DAY


def _series(
    by_day: Mapping[str, int], coverage: Mapping[date, DayCoverage], series_by: Dimension
) -> dict[str, int | None]:
    """Return the visits of each day or month. None where a zero would not be known to be one."""
    length = 7 if series_by is Dimension.MONTH else 10
    found: dict[str, int | None] = {}
    for day, covered in coverage.items():
        key, visits = day.isoformat()[:length], by_day.get(day.isoformat(), 0)
        if visits or covered is DayCoverage.RAN:
            found[key] = (found.get(key) or 0) + visits
        else:
            found.setdefault(key, None)
    for text, visits in by_day.items():  # of days to come: a clock was ahead
        if date.fromisoformat(text) not in coverage:
            found[text[:length]] = (found.get(text[:length]) or 0) + visits
    return dict(sorted(found.items()))
