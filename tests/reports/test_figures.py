"""Every figure of a report is what plain Python counts in all rows, and leads to those visits.

The books are drawn by chance from fixed seeds.
"""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from kiosk.logbook.report_schema import FILL_VISIT_FACT
from kiosk.reports import (
    STATE_FIGURES,
    TABLES,
    Dimension,
    Figure,
    ReadingCount,
    Report,
    ReportPeriod,
)
from kiosk.reports.facts import IN_ORDER
from kiosk.reports.insurer_states import STATES
from kiosk.reports.readings import FoundReading
from tests.cast import NOW
from tests.reports.book import Book, open_book
from tests.reports.plain_book import FAILED
from tests.reports.random_book import write_random_book
from tests.reports.recount import REPORT, by_of, canonical, changed, same, states

PERIODS = {
    "day": ReportPeriod(date(2026, 11, 3), date(2026, 11, 3)),
    "month": ReportPeriod(date(2026, 11, 1), date(2026, 11, 30)),
    "quarter": ReportPeriod(date(2026, 7, 1), date(2026, 9, 30)),
    "year": ReportPeriod(date(2026, 1, 1), date(2026, 12, 31)),
    "range": ReportPeriod(date(2026, 9, 28), date(2026, 11, 2)),
    "empty": ReportPeriod(date(2025, 2, 1), date(2025, 2, 28)),
}
MORE_SEEDS = range(100, 130)

every_period = pytest.mark.parametrize("period", PERIODS.values(), ids=PERIODS)


def check_figures(book: Book, period: ReportPeriod) -> None:
    """Compare each figure of a report, one by one, so that a failure names it."""
    plain, report = book.plain(period), book.reports.of(period, NOW)
    for name, recount in REPORT.items():
        found, counted = canonical(getattr(report, name)), recount(plain)
        assert same(found, counted), (name, found, counted)


@every_period
def test_each_figure_of_a_report_is_what_plain_python_counts(
    book: Book, period: ReportPeriod
) -> None:
    check_figures(book, period)


@pytest.mark.long
@pytest.mark.parametrize("seed", MORE_SEEDS)
def test_the_same_holds_for_many_more_books(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "logbook.db"
    write_random_book(path, seed)
    book = open_book(path)
    for period in PERIODS.values():
        check_figures(book, period)
    book.database.close()


def test_no_figure_is_without_a_recount() -> None:
    properties = {name for name, value in vars(Report).items() if isinstance(value, property)}
    figures = {each.name for each in fields(Report)} - {"damaged"}  # which parts have none
    assert figures | properties == REPORT.keys()


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


@every_period
def test_each_count_of_visits_leads_to_them(book: Book, period: ReportPeriod) -> None:
    plain, report = book.plain(period), book.reports.of(period, NOW)

    for dimension in (*TABLES, report.series_by):
        for value, rows in by_of(dimension, plain).items():
            assert behind(book, period, Figure(dimension, value)) == rows, (dimension, value)
        assert dimension not in IN_ORDER or list(report.tables[dimension]) == IN_ORDER[dimension]
    assert sum(report.states[state] for state in STATES) == report.visits
    for state in STATE_FIGURES:
        assert behind(book, period, Figure(Dimension.STATE, state)) == states(plain)[state], state
    took = {row["row"]: plain.took_ms(row) for row in plain.visits}
    timed = {row for row, each in took.items() if each is not None}
    others = {
        Figure(Dimension.ALL): set(took),
        Figure(Dimension.CANCELLED): {r["row"] for r in plain.of_days if r["cancelled_at"]},
        Figure(Dimension.TIMED, "1"): timed,
        Figure(Dimension.TIMED, "0"): set(took) - timed,
        Figure(Dimension.CORRECTED): changed(plain, is_cancellation=False),
        Figure(Dimension.WITHDRAWN): changed(plain, is_cancellation=True),
        Figure(Dimension.NOT_INSURED, "1"): {
            row["row"] for row in plain.visits if row["r"]["arrival"] in ("emergency", "uninsured")
        },
    }
    if report.times is not None:
        for least in (report.times.p90_ms, report.times.worst_ms):
            slow = {row for row in timed if (took[row] or 0) >= least}
            others[Figure(Dimension.TOOK, str(least))] = slow
    for figure, rows in others.items():
        assert behind(book, period, figure) == rows, figure
        assert book.reports.facts.count(period, figure) == len(rows), figure


@every_period
def test_each_count_of_readings_and_questions_leads_to_them(
    book: Book, period: ReportPeriod
) -> None:
    plain = book.plain(period)
    readings = plain.readings()
    failed = [row for row in readings if row["reason"] in FAILED]
    nothing = plain.nothing()
    expected = {
        (ReadingCount.ALL, ""): {row["id"] for row in readings},
        (ReadingCount.FAILED, ""): {row["id"] for row in failed},
        (ReadingCount.NOTHING, ""): set().union(*nothing.values()),
        **{(ReadingCount.NOTHING, why): rows for why, rows in nothing.items()},
        **{
            (ReadingCount.FAILED, why): {r["id"] for r in failed if r["reason"] == why}
            for why in FAILED
        },
    }
    for reader in {row["reader"] for row in readings}:
        of_reader = {row["id"] for row in readings if row["reader"] == reader}
        expected[ReadingCount.READER, reader] = of_reader
        expected[ReadingCount.READER_FAILED, reader] = of_reader & {row["id"] for row in failed}
    visits = {row["attempt"]: row["id"] for row in plain.all}
    joined = [row for row in plain.all if row["r"].get("joined_by")]
    visits |= {row["r"]["joined_by"]: row["id"] for row in joined}
    for (what, value), ids in expected.items():
        found: list[FoundReading] = []
        cursor = 0
        while cursor is not None:
            count, page = book.reports.readings(period, what, value, cursor, 41)
            assert count == len(ids), (what, value)
            found += page.readings
            cursor = page.cursor  # type: ignore[assignment]
        assert [reading.id for reading in found] == sorted(ids), (what, value)
        assert all(reading.visit == visits.get(reading.id) for reading in found)
    for result in ("answered", "no_answer", "refused"):
        asked = {row["id"] for row in plain.on_days("lookup") if row["result"] == result}
        questions, cursor = [], 0
        while cursor is not None:
            shown = book.reports.questions(period, result, cursor, 41)
            assert shown.count == len(asked)
            questions += [question.id for question in shown.questions]
            cursor = shown.cursor  # type: ignore[assignment]
        assert questions == sorted(asked)


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
    [row] = conn.execute(
        "select f.visit from visit_fact f join visit v on v.row = f.visit where v.day <> f.day"
        " limit 1"  # its arrival was corrected
    ).fetchone()
    conn.execute("delete from visit where row = ?", [row])

    assert not conn.execute("select 1 from visit_fact where visit = ?", [row]).fetchall()
    conn.close()


def test_a_day_on_which_nothing_ran_is_no_zero(own_book: Book) -> None:
    conn = sqlite3.connect(own_book.path)
    conn.execute("delete from program_run")
    conn.execute(
        "insert into program_run (started_at, seen_at) values"
        " ('2026-11-24T01:00:00.000000+00:00', '2026-11-25T01:00:00.000000+00:00')"
    )
    conn.execute("delete from visit where row in (select visit from visit_fact"
                 " where day in ('2026-11-20', '2026-11-24', '2026-11-25'))")  # fmt: skip
    conn.commit()
    conn.close()
    report = own_book.reports.of(PERIODS["month"], NOW)

    assert report.series["2026-11-20"] is None
    assert report.series["2026-11-24"] == report.series["2026-11-25"] == 0
    assert "2026-11-26" not in report.series  # it has not begun
    check_figures(own_book, PERIODS["month"])
    empty = own_book.reports.of(PERIODS["empty"], NOW)
    assert not empty.has_data
    assert set(empty.series.values()) == {None}
