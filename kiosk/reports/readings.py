"""Readings of cards: how many each reader read and could not read, and which led to nothing.

A reading counts once, with its own verdict; later verdicts on it do not count.  Typed numbers are
readings too.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.logbook import Database, day_begins, day_ends
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
SELECT_NOTHING = f"""
with recorded as materialized (
    select distinct a.number from attempt a indexed by attempt_counted
    join visit v on v.attempt = a.id
    where {READINGS} and a.number is not null and v.cancelled_at is null)
select case when exists (select 1 from set_aside s where s.reading = a.id) then '{SET_ASIDE}'
    when a.number in (select number from recorded) then '{SCANNED_AGAIN}'
    else a.reason end as why, count(*) as readings
from attempt a indexed by attempt_counted
where {READINGS} and not exists (select 1 from visit v where v.attempt = a.id)
    and not exists (select 1 from visit v where v.later_reading = a.id)
group by 1 order by readings desc, why
"""


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


def _span(period: ReportPeriod) -> dict[str, object]:
    return {"begin": day_begins(period.first), "end": day_ends(period.last)}
