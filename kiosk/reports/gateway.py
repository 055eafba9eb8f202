"""The insurer's gateway: how long its answers took, how many never came, and outages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from kiosk.logbook import (
    Database,
    Outage,
    Outages,
    OutageState,
    day_begins,
    day_ends,
    from_utc_text,
)
from kiosk.reports.period import ReportPeriod
from kiosk.reports.ranks import RANKED, TimeFigures, time_figures
from verify import CLINIC_ZONE

ANSWERED = "answered"
SELECT_RESULTS = """
select result, count(*) as lookups from lookup indexed by lookup_timed
where at >= :begin and at < :end group by 1
"""
LOCAL = "l.at, '+420 minutes'"
DURATIONS = """
select {value} as value, l.duration_ms as ms from lookup l indexed by lookup_timed
where l.at >= :begin and l.at < :end and l.result = 'answered'
"""
_BEHIND = "l.at >= :begin and l.at < :end and l.result = :result"
COUNT_BEHIND = f"select count(*) from lookup l indexed by lookup_timed where {_BEHIND}"
# A question before the visit was recorded was about the reading that led to it.
SELECT_BEHIND = f"""
select l.*, coalesce(l.visit, (select v.id from lookup_reading r join visit v
    on v.attempt = r.reading where r.lookup = l.id limit 1)) as of_visit
from (select id from lookup l indexed by lookup_timed where {_BEHIND} and l.id > :after
    order by l.id limit :limit) found
join lookup l on l.id = found.id order by l.id
"""


@dataclass(frozen=True, slots=True)
class GatewayFigures:
    """The questions of some days to the insurer, and the outages that touched these days."""

    results: dict[str, int]  # how many questions, by `kiosk.logbook.LookupResult`
    latency: TimeFigures | None  # of those that were answered; None: none was
    series: dict[str, TimeFigures]  # the same by day or month
    outages: tuple[Outage, ...]  # without those dismissed, the one that began last first
    outage_time: timedelta  # of these days in which one or more of them lasted


def gateway_figures(
    database: Database, outages: Outages, period: ReportPeriod, now: datetime
) -> GatewayFigures:
    """Return the figures of a period. Raises LogbookUnavailable if they cannot be read."""
    span: dict[str, object] = {"begin": day_begins(period.first), "end": day_ends(period.last)}
    bucket = f"strftime('%Y-%m', {LOCAL})" if period.has_many_days else f"date({LOCAL})"
    whole = time_figures(database.rows(RANKED.format(of=DURATIONS.format(value="''")), span))
    results = {row["result"]: row["lookups"] for row in database.rows(SELECT_RESULTS, span)}
    touching = outages_in(outages, period)
    return GatewayFigures(
        results,
        whole.get(""),
        time_figures(database.rows(RANKED.format(of=DURATIONS.format(value=bucket)), span)),
        touching,
        _time_of(touching, period, now),
    )


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the insurer, and what came of it. `at` is aware."""

    id: int
    at: datetime
    kind: str
    purpose: str
    author: str  # see `kiosk.logbook.author`
    took_ms: int
    result: str
    code: str  # the insurer's; empty: none
    visit: str | None  # the id of the visit that it was about


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """Some questions of a period, and the cursor at which the next page begins; None: the end."""

    count: int  # of all pages
    questions: Sequence[Question]
    cursor: int | None


def questions_behind(
    database: Database, period: ReportPeriod, result: str, after: int = 0, limit: int = 100
) -> QuestionPage:
    """Return the questions with a result, oldest first, from a cursor on.

    Raises LogbookUnavailable if they cannot be read.
    """
    values: dict[str, object] = {
        "begin": day_begins(period.first),
        "end": day_ends(period.last),
        **{"result": result, "after": after, "limit": limit + 1},
    }
    with database.one_moment():
        [count] = database.rows(COUNT_BEHIND, values)
        rows = database.rows(SELECT_BEHIND, values)
    shown = [_question(row) for row in rows[:limit]]
    return QuestionPage(count[0], shown, shown[-1].id if len(rows) > limit else None)


def _question(row: Any) -> Question:
    return Question(
        id=row["id"],
        at=from_utc_text(row["at"]),
        kind=row["kind"],
        purpose=row["purpose"],
        author=row["author"],
        took_ms=row["duration_ms"],
        result=row["result"],
        code=row["code"] or "",
        visit=row["of_visit"],
    )


def outages_in(outages: Outages, period: ReportPeriod) -> tuple[Outage, ...]:
    """Return the outages that touch a period, without those that a person dismissed."""
    begin, end = _bounds(period)
    return tuple(
        outage
        for outage in outages.newest()
        if outage.state is not OutageState.DISMISSED
        and outage.begins_at < end
        and (outage.ends_at is None or outage.ends_at > begin)
    )


def _bounds(period: ReportPeriod) -> tuple[datetime, datetime]:
    begin = datetime.combine(period.first, time(), CLINIC_ZONE)
    return begin, datetime.combine(period.last, time(), CLINIC_ZONE) + timedelta(days=1)


def _time_of(outages: tuple[Outage, ...], period: ReportPeriod, now: datetime) -> timedelta:
    """Return how long outages lasted within a period; a time that two share counts once."""
    begin, end = _bounds(period)
    total, until = timedelta(0), begin
    for outage in sorted(outages, key=lambda outage: outage.begins_at):
        since = max(outage.begins_at, until)
        ends = min(outage.ends_at or now, end)
        if ends > since:
            total += ends - since
            until = ends
    return total
