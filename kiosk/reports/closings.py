"""Closing a day: a person signs its figures, and what changes afterwards is shown.

- A closing is a row with the figures as they were; rows are only added.  A day may be closed again.
- States at the insurer go on after a closing, as they should (waiting, then accepted).  Everything
  else is called a change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from kiosk.logbook import (
    Attempts,
    Database,
    DayEnd,
    DaysEnd,
    LogbookDamaged,
    Outages,
    Unfinished,
    day_begins,
    day_ends,
    from_utc_text,
    to_utc_text,
)
from kiosk.reports.facts import CHANGES
from kiosk.reports.gateway import outages_in
from kiosk.reports.incidents import count_incidents
from kiosk.reports.insurer_states import (
    CLOSED,
    LEFT_OUT,
    MISSING,
    PARKED,
    REFUSED,
    STATES,
    WAITING,
)
from kiosk.reports.period import ReportPeriod
from kiosk.reports.readings import count_nothing
from verify import clinic_day

MAX_NOTE = 500  # characters
MAX_LISTED = 400  # days that are listed
STATE_OF_MESSAGE = {"queued": WAITING, "in_flight": WAITING, "refused": REFUSED, "parked": PARKED}
AT_INSURER = "states"  # the figures that go on after a closing
# What the person who closes a day has to see before they sign.
OPEN_STATES = (WAITING, REFUSED, PARKED, MISSING)

# What was corrected or cancelled on a day, whenever its visit was.
SELECT_CHANGES = """
select coalesce(sum({corrected}), 0) as corrections, coalesce(sum({withdrawn}), 0) as cancellations
from visit_version c indexed by visit_version_replaced join visit v on v.id = c.visit
where c.replaced_at >= :begin and c.replaced_at < :end
""".format(**CHANGES)
SELECT_COUNTED = """
select count(*) as visits from visit_fact where day = ? and is_cancelled = 0
"""
SELECT_VERSIONS = """
select coalesce(sum(v.version), 0) as versions, coalesce(sum(m.state is null and f.is_left_out), 0)
    as left_out, coalesce(sum(m.state is null and not f.is_left_out), 0) as missing
from visit_fact f join visit v on v.row = f.visit left join newest_message m on m.visit = v.id
where f.day = :day and f.is_cancelled = 0
"""


@dataclass(frozen=True, slots=True)
class DayClosing:
    """A closing. `at` is aware."""

    id: int
    day: date
    at: datetime
    author: str  # see `kiosk.logbook.author`
    figures: Mapping[str, Any]  # as `DayFigures.of` returned them
    note: str = field(repr=False)

    @property
    def is_early(self) -> bool:
        """Whether the day was not over: further visits may follow."""
        return clinic_day(self.at) <= self.day


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure that is another one than at the closing."""

    name: str
    then: int
    now: int

    @property
    def is_at_insurer(self) -> bool:
        """Whether it is a state at the insurer, which goes on after a closing."""
        return self.name.startswith(f"{AT_INSURER}.")


class DayFigures:
    """The figures of a day that are closed.

    Raises LogbookUnavailable if they cannot be read, LogbookDamaged also if a visit of the day
    cannot: figures without it would be wrong.
    """

    def __init__(self, database: Database, days: DaysEnd, outages: Outages) -> None:
        self._database = database
        self._days = days
        self._outages = outages
        self._unfinished = Unfinished(database, Attempts(database))

    def of(self, day: date, end: DayEnd | None = None) -> dict[str, Any]:
        """Return the figures of a day, by name; some are tables of figures.

        `end` is what `DaysEnd.of` returned for the day, if the caller has it.
        """
        end = end or self._days.of(day)
        [counted] = self._database.rows(SELECT_COUNTED, [day.isoformat()])
        if counted["visits"] != end.visits:
            raise LogbookDamaged(
                f"{counted['visits']} visits of {day}, of which {end.visits} can be read"
            )
        span: dict[str, object] = {"begin": day_begins(day), "end": day_ends(day)}
        changes = self._database.rows(SELECT_CHANGES, span)[0]
        versions = self._database.rows(SELECT_VERSIONS, {"day": day.isoformat()})[0]
        states = dict.fromkeys(STATES, 0)
        for state, count in end.messages.items():
            if state != "not_sent":
                states[STATE_OF_MESSAGE.get(state, state)] += count
        states |= {LEFT_OUT: versions["left_out"], MISSING: versions["missing"]}
        period = ReportPeriod(day, day)
        return {
            "visits": end.visits,
            "cancelled": end.cancelled,
            "outcomes": dict(sorted(end.outcomes.items())),
            "not_insured": end.not_insured,
            "from_paper": end.from_paper,
            AT_INSURER: states,
            "corrections": changes["corrections"],
            "cancellations": changes["cancellations"],
            "versions": versions["versions"],
            "nothing": count_nothing(self._database, period),
            "outages": len(outages_in(self._outages, period)),
            "incidents": count_incidents(self._database, self._outages, period),
            "unfinished": len(self._unfinished.of_day(day)),
            "timed": len(end.timed),
            "slowest_s": [round(visit.took.total_seconds()) for visit in end.slowest],
        }


class DayClosings:
    """The table `day_closing`.

    Methods that read raise LogbookUnavailable if the logbook cannot be read, those that write raise
    NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(
        self, day: date, figures: Mapping[str, Any], author: str, now: datetime, note: str = ""
    ) -> int:
        """Record that a person closed a day with these figures; return the closing's id."""
        text = json.dumps(figures, ensure_ascii=False, sort_keys=True)
        with self._database.transaction() as db:
            row = db.execute(
                "insert into day_closing (day, at, author, figures, note) values (?, ?, ?, ?, ?)",
                [day.isoformat(), to_utc_text(now), author, text, note[:MAX_NOTE]],
            ).lastrowid
        return int(row or 0)

    def of_day(self, day: date) -> list[DayClosing]:
        """Return the closings of a day, newest first."""
        rows = self._database.rows(
            "select * from day_closing where day = ? order by id desc", [day.isoformat()]
        )
        return [_closing(row) for row in rows]

    def days(self, period: ReportPeriod) -> set[date]:
        """Return the days of a period that were closed."""
        rows = self._database.rows(
            "select distinct day from day_closing where day between ? and ?",
            [period.first.isoformat(), period.last.isoformat()],
        )
        return {date.fromisoformat(row["day"]) for row in rows}


def changes_since(closing: DayClosing, figures: Mapping[str, Any]) -> list[FigureChange]:
    """Return which figures are others than at a closing; names of tables stand before a dot.

    A figure that an earlier version of the program did not have yet is not compared.
    """
    known = {name: value for name, value in figures.items() if name in closing.figures}
    then, now = _flat(closing.figures), _flat(known)
    return [
        FigureChange(name, then.get(name, 0), now.get(name, 0))
        for name in sorted(then.keys() | now.keys())
        if then.get(name, 0) != now.get(name, 0)
    ]


def for_insurer(figures: Mapping[str, Any]) -> int:
    """Return how many visits have a message: accepted, refused, waiting, held and closed ones."""
    states = figures[AT_INSURER]
    return sum(states[name] for name in ("accepted", REFUSED, WAITING, PARKED, CLOSED))


def _flat(figures: Mapping[str, Any]) -> dict[str, int]:
    flat: dict[str, int] = {}
    for name, value in figures.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{key}": int(count) for key, count in value.items()}
        elif isinstance(value, int):
            flat[name] = value
    return flat


def _closing(row: Any) -> DayClosing:
    return DayClosing(
        row["id"],
        date.fromisoformat(row["day"]),
        from_utc_text(row["at"]),
        row["author"],
        json.loads(row["figures"]),
        row["note"],
    )
