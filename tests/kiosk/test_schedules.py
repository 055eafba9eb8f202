"""Under any faults, each confirmed visit reaches the insurer once or waits before a person.

A normal run plays a hundred schedules, the slow run a thousand, the long one two thousand.
`python -m tests.kiosk.schedules FIRST COUNT` plays any others.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from kiosk.logbook import Database
from tests.kiosk.schedules import play

SCHEDULES_PER_TEST, QUICK_SCHEDULES, SLOW_SCHEDULES, ALL_SCHEDULES = 50, 100, 1_000, 2_000


def marks(first: int) -> list[pytest.MarkDecorator]:
    """Return the marks of the test whose schedules begin with a seed."""
    if first < QUICK_SCHEDULES:
        return []
    return [pytest.mark.slow if first < SLOW_SCHEDULES else pytest.mark.long]


FIRST_SEEDS = [
    pytest.param(first, marks=marks(first)) for first in range(0, ALL_SCHEDULES, SCHEDULES_PER_TEST)
]


@pytest.mark.parametrize("first", FIRST_SEEDS)
def test_every_confirmed_visit_is_at_the_insurer_once_or_waits_before_a_person(
    first: int, tmp_path: Path
) -> None:
    logging.disable(logging.CRITICAL)
    empty = tmp_path / "empty.db"
    Database(empty).close()

    wrong = {seed: play(seed, tmp_path, empty) for seed in range(first, first + SCHEDULES_PER_TEST)}

    logging.disable(logging.NOTSET)
    assert {seed: found for seed, found in wrong.items() if found} == {}
