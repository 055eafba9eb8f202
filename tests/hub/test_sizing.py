"""The sizing page of docs/hub.md: its table follows from its own rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "hub.md").read_text("utf-8")
SIZING = PAGE.partition("## Sizing")[2].partition("\n## ")[0]
ROWS = [
    [float(re.sub(r"[^\d.]", "", cell)) for cell in cells]
    for cells in re.findall(r"^\| (?:[^|]+) \|" + r" ([^|]+) \|" * 6 + "$", SIZING, re.M)
    if re.search(r"\d", cells[0])
]


def rule(pattern: str) -> float:
    """Return the number of a rule of the page."""
    (found,) = re.findall(pattern, SIZING)
    return float(found)


def test_the_table_has_a_clinic_and_the_nation() -> None:
    assert ROWS[0][0] == 100
    assert ROWS[-1][0] == 650_000


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]:.0f}")
def test_each_row_follows_from_the_rules(row: list[float]) -> None:
    visits, desks, disk_gb, log_mb, connections, peak = row
    visit_kb = rule(r"takes \*\*([\d.]+) kB\*\* at the hub")
    log_kb = rule(r"\*\*([\d.]+) kB\*\* of write-ahead log")
    share = rule(r"Of a day's visits, (\d+) %") / 100

    assert disk_gb == pytest.approx(visits * 365 * visit_kb / 1e6, rel=0.06)
    assert log_mb == pytest.approx(visits * log_kb / 1e3, rel=0.06)
    assert connections == desks * rule(r"\*\*(\d) connections\*\*")
    assert peak == pytest.approx(visits * share / 7_200, rel=0.06, abs=0.001)
