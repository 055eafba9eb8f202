"""Every figure of a report is what plain Python counts in all rows, and leads to those visits."""

from __future__ import annotations

import sqlite3
import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

import pytest

from kiosk.logbook.report_schema import FILL_VISIT_FACT
from kiosk.reports import STATE_FIGURES, TABLES, Dimension, Figure, ReportPeriod
from kiosk.reports.facts import IN_ORDER
from kiosk.reports.insurer_states import STATES
from tests.reports.book import FAILED, NOW, SEVEN_HOURS, Book, PlainBook, day_at

PERIODS = {
    "day": ReportPeriod(date(2026, 11, 3), date(2026, 11, 3)),
    "month": ReportPeriod(date(2026, 11, 1), date(2026, 11, 30)),
    "quarter": ReportPeriod(date(2026, 7, 1), date(2026, 9, 30)),
    "year": ReportPeriod(date(2026, 1, 1), date(2026, 12, 31)),
    "range": ReportPeriod(date(2026, 9, 28), date(2026, 11, 2)),
    "empty": ReportPeriod(date(2025, 2, 1), date(2025, 2, 28)),
}
PLAIN: dict[Dimension, Callable[[dict[str, Any]], object]] = {
    Dimension.HOUR: lambda v: (datetime.fromisoformat(v["arrived_at"]) + SEVEN_HOURS).hour,
    Dimension.WEEKDAY: lambda v: day_at(v["arrived_at"]).isoweekday(),
    Dimension.DAY: lambda v: day_at(v["arrived_at"]),
    Dimension.MONTH: lambda v: str(day_at(v["arrived_at"]))[:7],
    Dimension.OUTCOME: lambda v: v["outcome"],
    Dimension.REASON: lambda v: v["reason"],
    Dimension.GROUP: lambda v: PlainBook.card_number(v)[:2],
    Dimension.BENEFIT: lambda v: PlainBook.card_number(v)[2:3],
    Dimension.FACILITY: lambda v: v["r"]["registered_at"] or "",
    Dimension.ROOM: lambda v: v["r"]["room"],
    Dimension.SERVICE: lambda v: v["r"]["service_code"],
    Dimension.ROUTE: lambda v: v["r"]["arrival"],
    Dimension.CARE: lambda v: v["r"]["care"],
    Dimension.SOURCE: lambda v: (
        "paper"
        if v["r"].get("paper")
        else "self-service"
        if v["r"]["author"] == "self-service"
        else "desk"
    ),
}

every_period = pytest.mark.parametrize("period", PERIODS.values(), ids=PERIODS)


def behind(book: Book, period: ReportPeriod, figure: Figure, limit: int = 37) -> set[int]:
    """Return the rows that the pages of a figure list, each once."""
    rows: list[int] = []
    cursor = None
    while True:
        if figure.dimension is Dimension.STATE:
            page = book.reports.states.page(period, figure.value, cursor, limit, NOW)
        else:
            page = book.reports.facts.page(period, figure, cursor, limit)
        rows += page.rows
        cursor = page.cursor
        if cursor is None:
            assert len(rows) == len(set(rows))
            return set(rows)


def known(values: Iterable[int | None]) -> list[int]:
    return [value for value in values if value is not None]


def times(found: list[int]) -> tuple[int, float, int, int] | None:
    if not found:
        return None
    found = sorted(found)
    return len(found), statistics.median(found), found[-(-9 * len(found) // 10) - 1], found[-1]


@every_period
def test_visits_are_counted_by_everything_and_each_count_leads_to_them(
    book: Book, period: ReportPeriod
) -> None:
    plain, report = PlainBook(book.path, period), book.reports.of(period, NOW)

    assert report.visits == len(plain.visits)
    assert report.cancelled == len(plain.of_days) - len(plain.visits)
    reader = {Dimension.READER: lambda v: plain.attempts[v["attempt"]]["reader"]}
    for dimension in (*TABLES, report.series_by):
        rows = plain.by((PLAIN | reader)[dimension])
        counts = report.series if dimension is report.series_by else report.tables[dimension]
        assert {value: count for value, count in counts.items() if count} == {
            value: len(of_value) for value, of_value in rows.items()
        }, dimension
        assert dimension not in IN_ORDER or list(counts) == IN_ORDER[dimension]
        for value, of_value in rows.items():
            assert behind(book, period, Figure(dimension, value)) == of_value, (dimension, value)
    assert behind(book, period, Figure(Dimension.ALL)) == {row["row"] for row in plain.visits}
    cancelled = {row["row"] for row in plain.of_days if row["cancelled_at"]}
    assert behind(book, period, Figure(Dimension.CANCELLED)) == cancelled


@every_period
def test_the_states_at_the_insurer_add_up_and_lead_to_their_visits(
    book: Book, period: ReportPeriod
) -> None:
    plain, report = PlainBook(book.path, period), book.reports.of(period, NOW)

    assert sum(report.states[state] for state in STATES) == report.visits
    rows = plain.by(plain.state)
    rows["signed"] = {row["row"] for row in plain.visits if plain.is_signed(row)}
    # The page of reporting reads every visit, not only the open ones; it counts cancelled ones too.
    late = book.reporting.rows_of("overdue", period.first, period.last, NOW)
    rows["overdue"] = {row["row"] for row in plain.visits} & set(late)
    for state in STATE_FIGURES:
        assert report.states[state] == len(rows.get(state, ())), state
        assert behind(book, period, Figure(Dimension.STATE, state)) == rows.get(state, set())


@every_period
def test_times_are_those_from_the_first_scan_to_the_recording(
    book: Book, period: ReportPeriod
) -> None:
    plain, report = PlainBook(book.path, period), book.reports.of(period, NOW)
    took = {row["row"]: plain.took_ms(row) for row in plain.visits}

    of_all = times(known(took.values()))
    found = report.times
    assert of_all == (found and (found.count, found.median_ms, found.p90_ms, found.worst_ms))
    assert report.not_timed == sum(each is None for each in took.values())
    timed = {row for row, each in took.items() if each is not None}
    assert behind(book, period, Figure(Dimension.TIMED, "1")) == timed
    assert behind(book, period, Figure(Dimension.TIMED, "0")) == took.keys() - timed
    for key, rows in plain.by(PLAIN[report.series_by]).items():
        each = report.times_series[key]
        expected = times(known(took[row] for row in rows))
        assert expected == (each.count, each.median_ms, each.p90_ms, each.worst_ms)
    if found is not None:
        slow = {row for row in timed if (took[row] or 0) >= found.p90_ms}
        assert behind(book, period, Figure(Dimension.TOOK, str(found.p90_ms))) == slow


@every_period
def test_readings_questions_and_the_rest_are_counted(book: Book, period: ReportPeriod) -> None:
    plain, report = PlainBook(book.path, period), book.reports.of(period, NOW)
    readings = list(plain.readings())

    assert report.readings.readings == len(readings)
    assert report.readings.failures == Counter(
        row["reason"] for row in readings if row["reason"] in FAILED
    )
    assert {(one.reader, one.readings, one.failed) for one in report.readings.by_reader} == {
        (
            reader,
            count,
            sum(row["reader"] == reader and row["reason"] in FAILED for row in readings),
        )
        for reader, count in Counter(row["reader"] for row in readings).items()
    }
    assert report.readings.nothing == plain.nothing()
    asked = [row for row in plain.tables["lookup"] if plain.holds(row["at"])]
    assert report.gateway.results == Counter(row["result"] for row in asked)
    answered = times([row["duration_ms"] for row in asked if row["result"] == "answered"])
    latency = report.gateway.latency
    assert answered == (
        latency and (latency.count, latency.median_ms, latency.p90_ms, latency.worst_ms)
    )
    assert sum(each.count for each in report.gateway.series.values()) == (answered or (0,))[0]
    holds = [
        row
        for row in plain.tables["help_count"]
        if period.first <= date.fromisoformat(row["day"]) <= period.last
    ]
    assert report.helped == sum((Counter({r["kind"]: r["count"]}) for r in holds), Counter())
    waiting = {row["visit"] for row in plain.tables["look_back"] if row["outcome"] == "desk"}
    assert report.to_contact == sum(row["id"] in waiting for row in plain.visits)


def test_outages_count_their_common_time_once_and_not_if_they_were_dismissed(book: Book) -> None:
    found = book.reports.of(PERIODS["month"], NOW).gateway
    assert [outage.id for outage in found.outages] == [2, 1]
    assert found.outage_time.total_seconds() == 2.5 * 3600
    assert book.reports.of(PERIODS["day"], NOW).gateway.outages == ()


def test_an_older_logbook_gets_the_same_facts_as_one_that_was_written_with_them(
    own_book: Book,
) -> None:
    conn = sqlite3.connect(own_book.path)
    select = "select * from visit_fact order by day, visit"
    by_triggers = conn.execute(select).fetchall()
    conn.execute("delete from visit_fact")

    conn.execute(FILL_VISIT_FACT)

    assert conn.execute(select).fetchall() == by_triggers
    conn.close()


def test_facts_go_with_their_visit(own_book: Book) -> None:
    conn = sqlite3.connect(own_book.path)
    assert conn.execute("select 1 from visit_fact where visit = 58").fetchall()
    conn.execute("delete from visit where row = 58")

    assert not conn.execute("select 1 from visit_fact where visit = 58").fetchall()
    conn.close()


def test_a_day_on_which_nothing_ran_is_no_zero(own_book: Book) -> None:
    conn = sqlite3.connect(own_book.path)
    conn.execute("delete from program_run")
    conn.execute(
        "insert into program_run (started_at, seen_at) values"
        " ('2026-11-24T01:00:00.000000+00:00', '2026-11-25T01:00:00.000000+00:00')"
    )
    conn.execute("delete from visit where row in (select visit from visit_fact"
                 " where day in ('2026-11-20', '2026-11-24'))")  # fmt: skip
    conn.commit()
    conn.close()
    report = own_book.reports.of(PERIODS["month"], NOW)

    assert report.series["2026-11-20"] is None
    assert report.series["2026-11-24"] == report.series["2026-11-25"] == 0
    assert "2026-11-26" not in report.series  # it has not begun
    assert report.coverage == {"ran": 24, "not_known": 1}
    empty = own_book.reports.of(PERIODS["empty"], NOW)
    assert not empty.has_data
    assert set(empty.series.values()) == {None}
