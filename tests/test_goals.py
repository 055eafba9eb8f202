"""A bench ends with 1 if a goal is missed, or nothing was measured."""

from __future__ import annotations

import math

import pytest

from bench.goals import Goals, quantile


@pytest.mark.parametrize(("value", "code"), [(1.0, 0), (2.0, 0), (2.1, 1), (math.nan, 1)])
def test_a_missed_goal_ends_a_bench_with_1(value: float, code: int) -> None:
    goals = Goals()
    goals.check("a figure", value, 2.0)

    with pytest.raises(SystemExit) as ended:
        goals.end()
    assert ended.value.code == code


def test_without_goals_a_bench_ends_with_0() -> None:
    goals = Goals(counts=False)
    goals.times("times", [1.0, 9.0], 5.0)

    with pytest.raises(SystemExit) as ended:
        goals.end()
    assert (ended.value.code, goals.missed) == (0, ["times"])


def test_a_quantile_is_a_value_that_was_measured() -> None:
    assert quantile(range(1, 101), 0.99) == 99
    assert quantile([7.0], 0.95) == 7.0
    assert math.isnan(quantile([], 0.95))
