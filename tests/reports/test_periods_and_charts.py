"""Which days a report may be about, and charts that say the same to everybody."""

from __future__ import annotations

from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest

from kiosk.reports import (
    ChartText,
    Column,
    Line,
    PeriodFault,
    PeriodKind,
    ReportPeriod,
    SharePart,
    WrongPeriod,
    columns,
    lines,
    read_period,
    shares,
)

TODAY = date(2026, 11, 25)
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert("1")</script>&amp;\' onload="x"'


@pytest.mark.parametrize(
    ("name", "kind", "first", "last"),
    [
        ("2026-11-25", PeriodKind.DAY, date(2026, 11, 25), date(2026, 11, 25)),
        ("2024-02", PeriodKind.MONTH, date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-Q4", PeriodKind.QUARTER, date(2026, 10, 1), date(2026, 12, 31)),
        ("2026", PeriodKind.YEAR, date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-10-31..2026-11-02", PeriodKind.RANGE, date(2026, 10, 31), date(2026, 11, 2)),
    ],
)
def test_a_period_has_one_name(name: str, kind: PeriodKind, first: date, last: date) -> None:
    period = read_period(name, TODAY)

    assert (period.kind, period.first, period.last, period.name) == (kind, first, last, name)
    assert read_period(f"{first}..{last}", TODAY).name == name
    before = period.before()
    assert before is not None
    assert before.last == first - timedelta(days=1)
    assert before.kind == kind
    assert before.after() == period


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("2026-02-30", PeriodFault.NOT_A_DAY),
        ("2026-02-01..2026-02-30", PeriodFault.NOT_A_DAY),
        ("2026-13", PeriodFault.NOT_A_DAY),
        ("2026-00", PeriodFault.NOT_A_DAY),
        ("2026-Q5", PeriodFault.NOT_A_DAY),
        ("26", PeriodFault.NOT_A_DAY),
        ("0001", PeriodFault.NOT_A_DAY),
        ("9999", PeriodFault.NOT_A_DAY),
        ("１２３４", PeriodFault.NOT_A_DAY),
        ("2026-11\n", PeriodFault.NOT_A_DAY),
        ("", PeriodFault.NOT_A_DAY),
        ("x" * 10_000, PeriodFault.NOT_A_DAY),
        ("2026-11-02..2026-11-01", PeriodFault.REVERSED),
        ("2026-12", PeriodFault.TO_COME),
        ("2026-11-26", PeriodFault.TO_COME),
        ("2027", PeriodFault.TO_COME),
        ("2020-01-01..2025-01-10", PeriodFault.TOO_LONG),
        ("2020-01-01..2119-12-31", PeriodFault.TOO_LONG),
    ],
)
def test_days_that_cannot_be_are_refused_with_the_reason(name: str, fault: PeriodFault) -> None:
    with pytest.raises(WrongPeriod) as caught:
        read_period(name, TODAY)
    assert caught.value.fault is fault


def test_five_years_are_allowed_and_the_ends_of_time_have_no_neighbour() -> None:
    assert read_period("2021-11-25..2026-11-24", TODAY).has_many_days
    assert ReportPeriod(date(2020, 1, 1), date(2020, 12, 31)).before() is None
    assert ReportPeriod(date(2200, 12, 31), date(2200, 12, 31)).after() is None


def drawn(svg: str) -> ET.Element:
    root = ET.fromstring(svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))
    assert root.get("role") == "img"
    title, desc = (root.find(f"{SVG}{name}") for name in ("title", "desc"))
    assert title is not None
    assert desc is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert not [each for each in root.iter() if each.tag in (f"{SVG}script", f"{SVG}style")]
    assert not [name for each in root.iter() for name in each.attrib if name.startswith("on")]
    return root


def whole(value: float) -> str:
    return f"{value:.0f}"


TEXT = ChartText("c", HOSTILE, HOSTILE)


def test_what_is_not_known_is_a_gap_and_no_column_of_zero() -> None:
    root = drawn(columns(TEXT, [Column("a", HOSTILE, 5), Column("b", "b", None)], whole))

    assert len(root.findall(f"{SVG}rect")) == 1
    assert [each.text for each in root.iter(f"{SVG}text")].count("–") == 1


def test_columns_are_as_high_as_their_values() -> None:
    values = [3.0, 7.0, 0.0, 12.0]
    root = drawn(columns(TEXT, [Column(str(v), str(v), v) for v in values], whole))

    heights = [float(rect.get("height", "")) for rect in root.findall(f"{SVG}rect")]
    scale = heights[-1] / values[-1]
    assert heights == pytest.approx([value * scale for value in values], abs=0.1)


def test_parts_of_a_whole_have_words_and_patterns_beside_their_colours() -> None:
    parts = [SharePart(HOSTILE, 3, "go"), SharePart("b", 1, "ask"), SharePart("none", 0, "stop")]
    root = drawn(shares(TEXT, parts, whole))

    assert [each.text for each in root.iter(f"{SVG}text")] == [
        f"{HOSTILE}: 3 · 75 %", "b: 1 · 25 %", "none: 0 · 0 %",
    ]  # fmt: skip
    assert len(list(root.iter(f"{SVG}pattern"))) == 3
    widths = [
        float(each.get("width", ""))
        for each in root.findall(f"{SVG}rect[@y='0.0']")
        if each.get("class")
    ]
    assert widths == pytest.approx([3 * widths[1], widths[1]], abs=0.2)


def test_lines_have_gaps_and_shapes_of_their_own() -> None:
    two = [Line("a", [1, 2, None, 4]), Line("b", [None, None, 3, None])]
    root = drawn(lines(TEXT, ["1", "2", "3", "4"], two, whole, whole))

    assert [each.get("points", "").count(",") for each in root.findall(f"{SVG}polyline")] == [2]
    assert len(root.findall(f"{SVG}circle")) == 3 + 1
    assert len(root.findall(f"{SVG}rect")) == 1 + 1
    assert root.findall(f"{SVG}path[@stroke-dasharray]")


def test_a_chart_of_nothing_is_no_error() -> None:
    assert drawn(columns(TEXT, [], whole)) is not None
    assert drawn(lines(TEXT, [], [], whole, whole)) is not None
    assert drawn(shares(TEXT, [], whole)) is not None
