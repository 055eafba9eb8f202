"""The goals of a bench: prints each figure with its goal, and ends with 1 if one is missed."""

from __future__ import annotations

import json
import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

GOALS = "goals"  # the name of the last line


class Goals:
    """The figures of a run, and whether they are what they should be."""

    def __init__(self, counts: bool = True) -> None:
        """`counts`: a goal that is missed ends the bench with 1."""
        self._counts = counts
        self.missed: list[str] = []

    def show(self, what: str, **figures: object) -> None:
        """Print figures that have no goal."""
        print(json.dumps({"what": what} | figures, ensure_ascii=False), flush=True)

    def check(self, what: str, value: float, most: float, **figures: object) -> bool:
        """Print a figure that should be `most` at most; NaN, or nothing measured, misses it.

        `unit`, and the `ratio` to the floor of the same run, are among the `figures`. Return
        whether the goal is met.
        """
        return self._judge(what, value, most, value <= most, figures)

    def check_least(self, what: str, value: float, least: float, **figures: object) -> bool:
        """Print a figure that should be `least` at least; otherwise as `check`."""
        return self._judge(what, value, least, value >= least, {"is_least": True} | figures)

    def _judge(
        self, what: str, value: float, goal: float, is_met: bool, figures: dict[str, object]
    ) -> bool:
        """Print a figure with its goal. A comparison with NaN is never true."""
        if not is_met:
            self.missed.append(what)
        known = None if math.isnan(value) else round(value, 3)
        self.show(what, **figures, value=known, goal=goal, met=is_met)
        return is_met

    def not_run(self, what: str, why: str) -> None:
        """Print that a part could not be measured, and why: it is not met."""
        self.show(what, not_run=why)

    def times(self, what: str, took: Sequence[float], most_p95: float | None = None) -> None:
        """Print figures of durations in milliseconds; `most_p95` is the goal."""
        figures = {
            "n": len(took),
            "median_ms": round(statistics.median(took), 2),
            "p99_ms": round(quantile(took, 0.99), 2),
            "max_ms": round(max(took), 1),
        }
        p95 = quantile(took, 0.95)
        if most_p95 is None:
            self.show(what, **figures, p95_ms=round(p95, 2))
        else:
            self.check(what, p95, most_p95, **figures, unit="ms, p95")

    def code(self) -> int:
        """Print what was missed and the load of the machine; return 1 if anything was missed."""
        load = [round(each, 1) for each in os.getloadavg()] if hasattr(os, "getloadavg") else None
        self.show(GOALS, missed=self.missed, load=load)
        return 1 if self.missed and self._counts else 0

    def end(self) -> NoReturn:
        """End the bench with `code`."""
        raise SystemExit(self.code())


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value below which a part of the values lie; NaN if there are no values."""
    if not values:
        return math.nan
    return sorted(values)[min(len(values) - 1, math.ceil(part * len(values)) - 1)]


def timed(call: Callable[[], object]) -> float:
    """Return the milliseconds of a call."""
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000
