"""Counts of the visits of a whole facility, from the hub: for a report, and for the end of a day.

1. The figures mean what they mean in the reports of a desk (docs/reports.md): a visit counts on the
   clinic's day of its arrival, wherever that was corrected to, and a cancelled one counts as
   cancelled only.
2. All of a report is one statement, so that its figures are of one moment and add up.
3. The hub holds no names here: a desk's own login may read all of it, of any day.
4. What a desk has not sent is missing.  A desk that was not seen since the first of the days has
   no figures at all, which is not zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from kiosk.hub.desk_states import DeskState, Rows
from kiosk.reports import Dimension, ReportPeriod
from verify import CLINIC_ZONE, Outcome

NOT_SENT = "not_sent"  # visits without a message: the law wants none, or one is missing
OPEN = ("waiting", "refused", "parked")
STATES = ("accepted", "refused", "waiting", "parked", "closed", NOT_SENT)
DESK_OF, SERIES = "desk", "series"  # dimensions that the reports of a desk do not have
# These have all their values in their own order, also those with no visit.
IN_ORDER: Mapping[str, Sequence[str]] = {
    Dimension.HOUR: [str(hour) for hour in range(24)],
    Dimension.WEEKDAY: [str(day) for day in range(1, 8)],
    Dimension.STATE: STATES,
}

LOCAL = "(v.arrived_at at time zone interval '7 hours')"
# The day of a visit's id is not always that of its arrival: a wrong time may have been corrected.
# The index `visit_other_day` holds the few visits of which that is so.  Two statements, because a
# condition with `or` would read the partitions of all months.
_COLUMNS = (
    "v.desk, v.version, v.arrived_at, v.room, v.outcome, v.reason, v.insurer_state, v.cancelled_at"
)
OF_THESE_DAYS = f"""
(select {_COLUMNS} from hub.visit v where v.facility = %(facility)s
    and v.day between %(first)s and %(last)s and {LOCAL}::date between %(first)s and %(last)s
union all select {_COLUMNS} from hub.visit v where v.facility = %(facility)s
    and v.day not between %(first)s and %(last)s and {LOCAL}::date <> v.day
    and v.arrived_at >= %(begin)s and v.arrived_at < %(end)s) v
"""
STATE_OF = (
    "case when v.insurer_state in ('queued', 'in_flight') then 'waiting' else v.insurer_state end"
)
# Each row of the answer has one dimension; which one, says `grouping`.
SETS: tuple[tuple[str, str], ...] = (
    (DESK_OF, "v.desk"),
    (Dimension.HOUR, f"extract(hour from {LOCAL})::int"),
    (Dimension.WEEKDAY, f"extract(isodow from {LOCAL})::int"),
    (Dimension.OUTCOME, "v.outcome"),
    (Dimension.REASON, "v.reason"),
    (Dimension.ROOM, "v.room"),
    (Dimension.STATE, STATE_OF),
)
DAY, MONTH = f"{LOCAL}::date", f"to_char({LOCAL}, 'YYYY-MM')"


@dataclass(frozen=True, slots=True)
class DeskFigures:
    """What one desk did on the days of a report, as far as the hub knows."""

    visits: int
    cancelled: int
    states: Mapping[str, int]  # by STATES
    corrected: int  # visits that have more than one version

    @property
    def not_accepted(self) -> int:
        """How many visits wait, were refused, or need a person."""
        return sum(self.states[name] for name in OPEN)


@dataclass(frozen=True, slots=True)
class FacilityFigures:
    """The figures of some days over the whole facility. `made_at` is the hub's clock, aware."""

    period: ReportPeriod
    made_at: datetime
    visits: int  # that were not cancelled
    cancelled: int
    tables: Mapping[str, Mapping[str, int]]  # by a Dimension, or DESK_OF, and value
    series_by: Dimension  # DAY or MONTH
    series: Mapping[str, int]  # only days, or months, that have visits
    desks: Mapping[int, DeskFigures]  # of desks that have visits on these days

    @property
    def states(self) -> Mapping[str, int]:
        """How many visits are in each of STATES."""
        return self.tables[Dimension.STATE]

    @property
    def not_accepted(self) -> int:
        """How many visits wait, were refused, or need a person."""
        return sum(self.states[name] for name in OPEN)

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How many visits have each outcome at the desk."""
        found = self.tables[Dimension.OUTCOME]
        return {outcome.value: found.get(outcome.value, 0) for outcome in Outcome}

    def knows(self, desk: DeskState) -> bool:
        """Whether the hub knows a desk's visits of these days: a zero is then known to be one."""
        begins = day_begins(self.period.first)
        is_known = desk.complete_at is not None and desk.complete_at >= begins
        return desk.id in self.desks or is_known

    def is_whole_of(self, desk: DeskState) -> bool:
        """Whether the hub had all of a desk up to now, or to the end of these days."""
        ends = day_ends(self.period.last)
        return not desk.is_late or (desk.complete_at is not None and desk.complete_at >= ends)


def read_figures(rows: Rows, facility: str, period: ReportPeriod) -> FacilityFigures:
    """Return the figures of a period."""
    by_month = period.has_many_days
    sets = [*SETS, (SERIES, MONTH if by_month else DAY)]
    values = _values(facility, period)
    found: dict[str, dict[str, int]] = {name: {} for name, _text in sets}
    total = None
    for row in rows(_counting(sets), values):
        # A bit of `grouping` for each column: 1 if the row is of all its values.
        counted_by = 2 ** len(sets) - 1 - row["what"]
        if not counted_by:
            total = row
            continue
        number = len(sets) - counted_by.bit_length()
        found[sets[number][0]][str(row[f"c{number}"])] = row["n"]
    assert total is not None  # the sum of no rows is a row
    desks = _read_desk_figures(rows, values)
    return FacilityFigures(
        period,
        total["at"],
        total["n"],
        sum(desk.cancelled for desk in desks.values()),
        {name: _ordered(name, counts) for name, counts in found.items()},
        Dimension.MONTH if by_month else Dimension.DAY,
        dict(sorted(found[SERIES].items())),
        desks,
    )


def _counting(sets: Sequence[tuple[str, str]]) -> str:
    """Return the statement that counts by each of some expressions, and all visits, in one pass."""
    names = [f"c{number}" for number in range(len(sets))]
    columns = ", ".join(f"{text} as {name}" for name, (_of, text) in zip(names, sets, strict=True))
    return (
        f"select clock_timestamp() as at, grouping({', '.join(names)}) as what, {', '.join(names)},"
        f" count(*) as n from (select {columns} from {OF_THESE_DAYS} where v.cancelled_at is null)"
        " counted"
        f" group by grouping sets ((), {', '.join(f'({name})' for name in names)})"
    )


def _read_desk_figures(rows: Rows, values: Mapping[str, object]) -> dict[int, DeskFigures]:
    counted = "count(*) filter (where v.cancelled_at is null{})"
    states = ", ".join(
        counted.format(f" and {STATE_OF} = '{name}'") + f" as {name}" for name in STATES
    )
    found = rows(
        f"select v.desk, {counted.format('')} as visits, {states},"
        f" {counted.format(' and v.version > 1')} as corrected,"
        " count(*) filter (where v.cancelled_at is not null) as cancelled"
        f" from {OF_THESE_DAYS} group by v.desk order by v.desk",
        values,
    )
    return {
        row["desk"]: DeskFigures(
            row["visits"],
            row["cancelled"],
            {name: row[name] for name in STATES},
            row["corrected"],
        )
        for row in found
    }


def _values(facility: str, period: ReportPeriod) -> dict[str, object]:
    return {
        "facility": facility,
        "first": period.first,
        "last": period.last,
        "begin": day_begins(period.first),
        "end": day_ends(period.last),
    }


def day_begins(day: date) -> datetime:
    """Return the moment at which a day of the clinic begins."""
    return datetime.combine(day, time(), CLINIC_ZONE)


def day_ends(day: date) -> datetime:
    """Return the moment at which a day of the clinic is over."""
    return day_begins(day + timedelta(days=1))


def _ordered(name: str, counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counts of a dimension in its own order; others the most frequent first."""
    order = IN_ORDER.get(name)
    if order is not None:
        return {value: counts.get(value, 0) for value in order}
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
