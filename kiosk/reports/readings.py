"""Readings of cards: how many each reader read and could not read, and which led to nothing.

A reading counts once, with its own verdict; later verdicts on it do not count.  Typed numbers are
readings too.  Each count leads to its readings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from kiosk.logbook import Database, day_begins, day_ends, from_utc_text
from kiosk.reports.period import ReportPeriod
from verify import Reason

# Something was read, and it is damaged or incomplete: the reader, its settings or the card's code.
FAILURES = frozenset(
    {
        Reason.UNREADABLE,
        Reason.TRUNCATED,
        Reason.TOO_LONG,
        Reason.BAD_ENCODING,
        Reason.SELF_CHECK_FAILED,
        Reason.CHUNKED_CARD,
        Reason.DAMAGED_BY_INPUT_METHOD,
        Reason.LEADING_ZERO_LOST,
    }
)
# Why a reading led to nothing, beside the reasons of verdicts.
SCANNED_AGAIN = "scanned_again"  # the same number was recorded on one of these days
SET_ASIDE = "set_aside"  # a person took it off the list

READINGS = "a.refines is null and a.at >= :begin and a.at < :end"
SELECT_BY_READER = f"""
select a.reader, a.reason, count(*) as readings from attempt a indexed by attempt_counted
where {READINGS} group by 1, 2
"""
# The numbers that were recorded on these days.
RECORDED = f"""
with recorded as materialized (
    select distinct a.number from attempt a indexed by attempt_counted
    join visit v on v.attempt = a.id
    where {READINGS} and a.number is not null and v.cancelled_at is null)
"""
WHY_NOTHING = f"""
case when exists (select 1 from set_aside s where s.reading = a.id) then '{SET_ASIDE}'
    when a.number in (select number from recorded) then '{SCANNED_AGAIN}'
    else a.reason end
"""
LED_TO_NOTHING = """
not exists (select 1 from visit v where v.attempt = a.id)
    and not exists (select 1 from visit v where v.later_reading = a.id)
"""
SELECT_NOTHING = f"""
{RECORDED}
select {WHY_NOTHING} as why, count(*) as readings
from attempt a indexed by attempt_counted
where {READINGS} and {LED_TO_NOTHING}
group by 1 order by readings desc, why
"""
SELECT_BEHIND = f"""
{RECORDED}
select a.id, a.at, a.reader, a.outcome, a.reason, a.number,
    (select v.id from visit v where v.attempt = a.id or v.later_reading = a.id) as visit
from (select id from attempt a indexed by attempt_counted where {READINGS} and {{condition}}
    and a.id > :after order by a.id limit :limit) found
join attempt a on a.id = found.id order by a.id
"""
COUNT_BEHIND = f"""
{RECORDED}
select count(*) from attempt a indexed by attempt_counted where {READINGS} and {{condition}}
"""


class ReadingCount(StrEnum):
    """What a figure of readings counts. The values stand in addresses."""

    ALL = "all"
    READER = "reader"  # of one reader
    READER_FAILED = "reader_failed"  # of one reader, damaged or incomplete
    FAILED = "failed"  # damaged or incomplete, for one reason or for any
    NOTHING = "nothing"  # led to no visit, for one reason or for any


@dataclass(frozen=True, slots=True)
class FoundReading:
    """A reading with its own verdict. `at` is aware."""

    id: int
    at: datetime
    reader: str
    outcome: str
    reason: str
    number: str = field(repr=False)  # of the card; empty: none was read
    visit: str | None  # the id of the visit that it led to


@dataclass(frozen=True, slots=True)
class ReadingPage:
    """Some readings, and the cursor at which the next page begins; None: the end."""

    readings: Sequence[FoundReading]
    cursor: int | None


@dataclass(frozen=True, slots=True)
class ReaderFigures:
    """What one reader read."""

    reader: str
    readings: int
    failed: int  # with a reason of FAILURES


@dataclass(frozen=True, slots=True)
class ReadingFigures:
    """The readings of some days."""

    readings: int
    by_reader: tuple[ReaderFigures, ...]  # the busiest first
    failures: dict[str, int]  # by reason, the most frequent first
    nothing: dict[str, int]  # that led to no visit, by why; the most frequent first

    @property
    def failed(self) -> int:
        """How many readings were damaged or incomplete."""
        return sum(self.failures.values())


def count_readings(database: Database, period: ReportPeriod) -> ReadingFigures:
    """Return the readings of a period. Raises LogbookUnavailable if they cannot be read."""
    readers: dict[str, list[int]] = {}
    failures: dict[str, int] = {}
    for row in database.rows(SELECT_BY_READER, _span(period)):
        counts = readers.setdefault(row["reader"], [0, 0])
        counts[0] += row["readings"]
        if row["reason"] in FAILURES:
            counts[1] += row["readings"]
            failures[row["reason"]] = failures.get(row["reason"], 0) + row["readings"]
    by_reader = [ReaderFigures(reader, *counts) for reader, counts in readers.items()]
    return ReadingFigures(
        sum(reader.readings for reader in by_reader),
        tuple(sorted(by_reader, key=lambda reader: (-reader.readings, reader.reader))),
        dict(sorted(failures.items(), key=lambda pair: (-pair[1], pair[0]))),
        count_nothing(database, period),
    )


def count_nothing(database: Database, period: ReportPeriod) -> dict[str, int]:
    """Return how many readings of a period led to no visit, by why."""
    return {row["why"]: row["readings"] for row in database.rows(SELECT_NOTHING, _span(period))}


def count_behind(
    database: Database, period: ReportPeriod, what: ReadingCount, value: str = ""
) -> int:
    """Return how many readings a figure counts; `value` is a reader or a reason; empty: all."""
    condition, values = _behind(period, what, value)
    return int(database.rows(COUNT_BEHIND.format(condition=condition), values)[0][0])


def readings_behind(
    database: Database,
    period: ReportPeriod,
    what: ReadingCount,
    value: str = "",
    after: int = 0,
    limit: int = 100,
) -> ReadingPage:
    """Return the readings behind a figure, oldest first, from a cursor on.

    Raises LogbookUnavailable if they cannot be read.
    """
    condition, values = _behind(period, what, value)
    rows = database.rows(
        SELECT_BEHIND.format(condition=condition), values | {"after": after, "limit": limit + 1}
    )
    shown = [_found(row) for row in rows[:limit]]
    return ReadingPage(shown, shown[-1].id if len(rows) > limit else None)


def _found(row: Any) -> FoundReading:
    return FoundReading(
        id=row["id"],
        at=from_utc_text(row["at"]),
        reader=row["reader"],
        outcome=row["outcome"],
        reason=row["reason"],
        number=row["number"] or "",
        visit=row["visit"],
    )


def _behind(period: ReportPeriod, what: ReadingCount, value: str) -> tuple[str, dict[str, object]]:
    """Return the condition of a figure on `attempt a`, and its values."""
    values = _span(period) | {"value": value}
    is_failed = "a.reason in ({})".format(", ".join(f"'{reason}'" for reason in sorted(FAILURES)))
    match what:
        case ReadingCount.ALL:
            return "1", values
        case ReadingCount.READER:
            return "a.reader = :value", values
        case ReadingCount.READER_FAILED:
            return f"a.reader = :value and {is_failed}", values
        case ReadingCount.FAILED:
            return f"{is_failed} and :value in ('', a.reason)", values
        case ReadingCount.NOTHING:
            return f"{LED_TO_NOTHING} and :value in ('', {WHY_NOTHING})", values


def _span(period: ReportPeriod) -> dict[str, object]:
    return {"begin": day_begins(period.first), "end": day_ends(period.last)}
