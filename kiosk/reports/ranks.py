"""Medians and the like of many durations, which SQLite finds by their ranks.

- The median of an even count is the mean of the two in the middle.
- Nine of ten took at most `p90_ms`: it is the duration at the place ⌈0.9 n⌉.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# `of` selects `value` and `ms`.  Each value has at most four rows: its two middle ones, that at
# nine tenths, and its last one.
RANKED = """
select value, ms, place, n from (
    select value, ms, row_number() over (partition by value order by ms) as place,
        count(*) over (partition by value) as n
    from ({of}))
where place in ((n + 1) / 2, n / 2 + 1, (9 * n + 9) / 10, n)
"""


@dataclass(frozen=True, slots=True)
class TimeFigures:
    """How long some things took, in milliseconds."""

    count: int
    median_ms: float
    p90_ms: int
    worst_ms: int


def time_figures(rows: Iterable[Any]) -> dict[str, TimeFigures]:
    """Return the figures of each value from the rows of RANKED."""
    places: dict[str, dict[int, int]] = {}
    counts: dict[str, int] = {}
    for row in rows:
        value = str(row["value"])
        places.setdefault(value, {})[row["place"]] = row["ms"]
        counts[value] = row["n"]
    return {
        value: TimeFigures(
            n,
            (places[value][(n + 1) // 2] + places[value][n // 2 + 1]) / 2,
            places[value][(9 * n + 9) // 10],
            places[value][n],
        )
        for value, n in sorted(counts.items())
    }
