"""Whatever befalls gateway, program and machine: each confirmed visit is told once, or is seen.

A hundred schedules in each run, two thousand in the slow one;
`python -m tests.kiosk.schedules FIRST COUNT` plays any others.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from kiosk.logbook import Database
from tests.kiosk.schedules import play

CHUNK, SAMPLE, ALL = 50, 100, 2_000
FIRST = [
    pytest.param(first, marks=[pytest.mark.slow] if first >= SAMPLE else [])
    for first in range(0, ALL, CHUNK)
]


@pytest.mark.parametrize("first", FIRST)
def test_every_confirmed_visit_is_at_the_insurer_once_or_before_a_person(
    first: int, tmp_path: Path
) -> None:
    logging.disable(logging.CRITICAL)
    empty = tmp_path / "empty.db"
    Database(empty).close()

    wrong = {seed: play(seed, tmp_path, empty) for seed in range(first, first + CHUNK)}

    logging.disable(logging.NOTSET)
    assert {seed: found for seed, found in wrong.items() if found} == {}
