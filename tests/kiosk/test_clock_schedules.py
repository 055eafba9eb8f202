"""Clock steps during a busy hour, in every order with restarts: each visit arrives with its time.

Each visit arrives exactly once with the right NGAY_VAO, or waits visibly for a person.  A normal
run plays some schedules, the slow run a thousand and all orders.
`python -m tests.kiosk.clock_schedules FIRST COUNT` plays any others.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.logbook import Database
from tests.kiosk.clock_schedules import SETS, BusyHour, play
from tests.sampling import sample_and_all

STEPS = ("set", "admit", "send", "restart", "set_right", "admit")


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Path]:
    logging.disable(logging.CRITICAL)
    path = tmp_path / "empty.db"
    Database(path).close()
    yield path
    logging.disable(logging.NOTSET)


@sample_and_all("count", 40, 1_000, mark=pytest.mark.long)
def test_each_visit_arrives_once_with_its_time_or_waits_for_a_person(
    count: int, empty: Path, tmp_path: Path
) -> None:
    wrong = {seed: play(seed, tmp_path, empty) for seed in range(count)}

    assert {seed: found for seed, found in wrong.items() if found} == {}


@sample_and_all("every", 37, 1, mark=pytest.mark.long)
def test_in_every_order_of_the_steps_each_visit_arrives_with_its_time(
    every: int, empty: Path, tmp_path: Path
) -> None:
    orders = sorted(set(itertools.permutations(STEPS)))
    shifts = [sign * by for by in SETS for sign in (1, -1)]
    cases: list[tuple[tuple[str, ...], timedelta]] = list(itertools.product(orders, shifts))
    wrong = {}
    for number, (order, by) in enumerate(cases[::every]):
        hour = BusyHour(number, tmp_path, empty)
        hour.play_orders(order, by)
        arrived = len(hour.insurer.ledger.visits())
        if (found := hour.faults()) or arrived != 2:
            wrong[order, by] = found or [f"{arrived} visits arrived"]

    assert wrong == {}
