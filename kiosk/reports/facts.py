"""Counts of visits by what they are, and the visits behind each count, from `visit_fact`.

- A visit counts on the clinic's day of its arrival; a corrected arrival counts where it is now.
- A visit that was cancelled counts under `Dimension.CANCELLED` and nowhere else.
- A value that is not known is the empty text, and is counted as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kiosk.logbook import DAY_OF_ARRIVAL, Database, day_begins, day_ends
from kiosk.reports.period import ReportPeriod
from kiosk.reports.ranks import RANKED, TimeFigures, time_figures

MAX_VALUES = 20_000  # of one dimension; the country has some 13,000 facilities
MAX_DIGITS = 15  # of a number in an address
MAX_MS = 10**MAX_DIGITS  # longer than anything takes
EXPORT_STEP = 2_000  # visits that an export holds in memory


class Dimension(StrEnum):
    """By what visits are counted. The values stand in addresses."""

    ALL = "all"
    CANCELLED = "cancelled"
    HOUR = "hour"
    WEEKDAY = "weekday"  # 1 is Monday, 7 is Sunday
    DAY = "day"
    MONTH = "month"
    OUTCOME = "outcome"
    REASON = "reason"
    GROUP = "group"
    BENEFIT = "benefit"
    FACILITY = "facility"
    ROOM = "room"
    SERVICE = "service"
    ROUTE = "route"
    CARE = "care"
    SOURCE = "source"
    READER = "reader"
    TIMED = "timed"  # 1 if the time from scan to recording is known, else 0
    TOOK = "took"  # at least so many milliseconds
    NOT_INSURED = "not_insured"  # 1: emergencies and patients without insurance
    STATE = "state"  # at the insurer; counted by `kiosk.reports.insurer_states`
    # What was changed on these days, whenever the visit was.
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"  # cancelled on these days


COLUMNS = {
    Dimension.HOUR: "f.hour",
    Dimension.WEEKDAY: "strftime('%w', f.day)",
    Dimension.DAY: "f.day",
    Dimension.MONTH: "substr(f.day, 1, 7)",
    Dimension.OUTCOME: "f.outcome",
    Dimension.REASON: "f.reason",
    Dimension.GROUP: "f.card_group",
    Dimension.BENEFIT: "f.benefit",
    Dimension.FACILITY: "f.facility",
    Dimension.ROOM: "f.room",
    Dimension.SERVICE: "f.service",
    Dimension.ROUTE: "f.route",
    Dimension.CARE: "f.care",
    Dimension.SOURCE: "f.source",
    Dimension.READER: "f.reader",
    Dimension.TIMED: "f.took_ms is not null",
    Dimension.NOT_INSURED: "f.route in ('emergency', 'uninsured')",
}
# A cancellation makes a version too, at the same moment.
IS_CORRECTION = "v.cancelled_at is null or v.cancelled_at <> c.replaced_at"
CHANGES = {
    Dimension.CORRECTED: IS_CORRECTION,
    Dimension.WITHDRAWN: "v.cancelled_at = c.replaced_at",
}
CHANGED = f"""
(f.day, f.visit) in (select {DAY_OF_ARRIVAL}, v.row
    from visit_version c indexed by visit_version_replaced join visit v on v.id = c.visit
    where c.replaced_at >= :begin and c.replaced_at < :end and ({{condition}}))
"""
# In a report these have all their values in their own order, also those with no visit.
IN_ORDER = {
    Dimension.HOUR: [str(hour) for hour in range(24)],
    Dimension.WEEKDAY: [str(day) for day in range(1, 8)],
}
SUNDAY, SUNDAY_IN_SQL = "7", "0"


@dataclass(frozen=True, slots=True)
class Figure:
    """Which visits a figure counts: those with this value; `value` is empty if it is not known."""

    dimension: Dimension
    value: str = ""


@dataclass(frozen=True, slots=True)
class VisitPage:
    """Some visits by their rows, and the cursor at which the next page begins; None: the end."""

    rows: list[int]
    cursor: str | None


class VisitFacts:
    """Reads `visit_fact`. Methods raise LogbookUnavailable if the logbook cannot be read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, period: ReportPeriod, figure: Figure) -> int:
        """Return how many visits a figure counts."""
        where, values = _where(period, figure)
        rows = self._database.rows(f"select count(*) from visit_fact f where {where}", values)
        return int(rows[0][0])

    def by(self, dimension: Dimension, period: ReportPeriod) -> dict[str, int]:
        """Return how many visits have each value, the most frequent first, at most MAX_VALUES."""
        where, values = _where(period, Figure(Dimension.ALL))
        rows = self._database.rows(
            f"select {COLUMNS[dimension]} as value, count(*) as visits from visit_fact f"
            f" where {where} group by 1 order by visits desc, value limit {MAX_VALUES}",
            values,
        )
        found = {str(row["value"]): int(row["visits"]) for row in rows}
        if dimension is Dimension.WEEKDAY and SUNDAY_IN_SQL in found:
            found[SUNDAY] = found.pop(SUNDAY_IN_SQL)
        if dimension in IN_ORDER:
            return {value: found.get(value, 0) for value in IN_ORDER[dimension]}
        if dimension in (Dimension.DAY, Dimension.MONTH):
            return dict(sorted(found.items()))
        return found

    def times(self, period: ReportPeriod, by: Dimension | None = None) -> dict[str, TimeFigures]:
        """Return the times from the first scan to the recording, by the values of a dimension.

        Without one, those of all visits are under the empty text.  Values without times are left
        out.
        """
        where, values = _where(period, Figure(Dimension.ALL))
        column = COLUMNS[by] if by else "''"
        rows = self._database.rows(
            RANKED.format(
                of=f"select {column} as value, f.took_ms as ms from visit_fact f"
                f" where {where} and f.took_ms is not null"
            ),
            values,
        )
        return time_figures(rows)

    def page(
        self, period: ReportPeriod, figure: Figure, cursor: str | None, limit: int
    ) -> VisitPage:
        """Return the visits behind a figure, oldest first, from a cursor on.

        A cursor that cannot be read begins at the start.
        """
        where, values = _where(period, figure)
        day, _, row = (cursor or "").partition(".")
        if row.isascii() and row.isdigit() and len(row) <= MAX_DIGITS:
            where += " and (f.day, f.visit) > (:cursor_day, :cursor_row)"
            values |= {"cursor_day": day, "cursor_row": int(row)}
        rows = self._database.rows(
            f"select f.day, f.visit from visit_fact f where {where}"
            " order by f.day, f.visit limit :limit",
            values | {"limit": limit + 1},
        )
        shown = rows[:limit]
        has_more = len(rows) > limit
        return VisitPage(
            [row["visit"] for row in shown],
            f"{shown[-1]['day']}.{shown[-1]['visit']}" if has_more else None,
        )

    def walk(self, period: ReportPeriod, figure: Figure) -> Iterator[Any]:
        """Yield the facts of the visits behind a figure, with their ids and states, oldest first.

        At most EXPORT_STEP of them are in memory.  A visit whose arrival is corrected meanwhile may
        be missing.
        """
        where, values = _where(period, figure)
        values |= {"day": "", "row": 0, "limit": EXPORT_STEP}
        while True:
            rows = self._database.rows(
                "select f.*, v.id, (select state from newest_message m where m.visit = v.id)"
                f" as state from visit_fact f join visit v on v.row = f.visit where {where}"
                " and (f.day, f.visit) > (:day, :row) order by f.day, f.visit limit :limit",
                values,
            )
            yield from rows
            if len(rows) < EXPORT_STEP:
                return
            values |= {"day": rows[-1]["day"], "row": rows[-1]["visit"]}


def is_whole(text: str) -> bool:
    """Return whether a text is a whole number that SQLite can hold."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def _whole(text: str, otherwise: int) -> int:
    """Return the number of some digits that SQLite can hold; `otherwise` if they are not."""
    return int(text) if is_whole(text) else otherwise


def _where(period: ReportPeriod, figure: Figure) -> tuple[str, dict[str, object]]:
    """Return the condition of a figure on `visit_fact f`, and its values."""
    values: dict[str, object] = {
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
    }
    days = "f.day >= :first and f.day <= :last"
    match figure.dimension:
        case Dimension.ALL:
            return f"{days} and f.is_cancelled = 0", values
        case Dimension.CANCELLED:
            return f"{days} and f.is_cancelled = 1", values
        case Dimension.TOOK:
            values["ms"] = _whole(figure.value, MAX_MS)
            return f"{days} and f.is_cancelled = 0 and f.took_ms >= :ms", values
        case Dimension.STATE:
            raise ValueError("states are counted by kiosk.reports.insurer_states")
        case Dimension.CORRECTED | Dimension.WITHDRAWN:
            span = {"begin": day_begins(period.first), "end": day_ends(period.last)}
            return CHANGED.format(condition=CHANGES[figure.dimension]), dict(span)
    values["value"] = figure.value
    if figure.dimension is Dimension.WEEKDAY and figure.value == SUNDAY:
        values["value"] = SUNDAY_IN_SQL
    if figure.dimension in (Dimension.HOUR, Dimension.TIMED, Dimension.NOT_INSURED):
        values["value"] = _whole(figure.value, -1)
    return f"{days} and f.is_cancelled = 0 and {COLUMNS[figure.dimension]} = :value", values
