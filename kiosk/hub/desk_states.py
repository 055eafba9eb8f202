"""The desks of a facility, as the hub knows them: which are up to date, and which are late.

All moments are of the hub's own clock, so that a desk with a wrong clock looks neither newer nor
older than it is.  What a desk has not sent yet, the hub cannot know: whoever shows figures over the
facility names the desks that are late, and since when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

UP_TO_DATE = timedelta(minutes=2)  # a desk sends a sign of life more often
MAX_SKEW = timedelta(minutes=2)  # of a desk's clock, before a page names it

# Runs an SQL text with named values on the hub; each row by its columns.
Rows = Callable[[str, Mapping[str, object]], Iterable[Mapping[str, Any]]]

# A desk that began again has several streams: all had come when that was so of one of them.
SELECT_DESKS = """
select d.id, d.name, d.letter, d.retired_at, clock_timestamp() as at, s.begun_at, s.complete_at,
    s.clock_skew_ms, s.program
from hub.desk d left join lateral (
    select min(begun_at) as begun_at, max(complete_at) as complete_at,
        (array_agg(clock_skew_ms order by begun_at desc))[1] as clock_skew_ms,
        (array_agg(program order by begun_at desc))[1] as program
    from hub.stream where facility = d.facility and desk = d.id) s on true
where d.facility = %(facility)s order by d.id
"""


@dataclass(frozen=True, slots=True)
class DeskState:
    """A desk as the hub knows it. Moments are aware, of the hub's clock."""

    id: int
    name: str
    letter: str
    at: datetime  # when the hub was asked
    begun_at: datetime | None  # when it first sent something; None: never
    complete_at: datetime | None  # when the hub last had all that it had recorded; None: never
    retired_at: datetime | None
    skew: timedelta | None  # how far the hub's clock is ahead of the desk's; None: not known
    program: str  # the version of the program there; empty: not known

    @property
    def is_late(self) -> bool:
        """Whether the hub may lack what was done there: not all had come lately, not retired."""
        if self.retired_at is not None:
            return False
        return self.complete_at is None or self.at - self.complete_at > UP_TO_DATE

    @property
    def has_wrong_clock(self) -> bool:
        """Whether its clock and the hub's differ by more than MAX_SKEW."""
        return self.skew is not None and abs(self.skew) > MAX_SKEW


def read_desks(rows: Rows, facility: str) -> list[DeskState]:
    """Return the desks of a facility by their numbers, also those that were retired."""
    return [_desk(row) for row in rows(SELECT_DESKS, {"facility": facility})]


def _desk(row: Mapping[str, Any]) -> DeskState:
    skew = row["clock_skew_ms"]
    return DeskState(
        row["id"],
        row["name"],
        row["letter"],
        row["at"],
        row["begun_at"],
        row["complete_at"],
        row["retired_at"],
        None if skew is None else timedelta(milliseconds=skew),
        row["program"] or "",
    )
