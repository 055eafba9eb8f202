"""In days drawn at random no number is given twice, or a desk says so."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.hub.cluster import HubDatabase
from tests.hub.number_schedules import Desk, play
from tests.hub.rows import today

SAMPLE, ALL = 6, 200


def twice(desks: list[Desk]) -> set[tuple[str, int]]:
    """Return the numbers that are on the paper of two desks."""
    for desk in desks:
        assert len(set(desk.printed)) == len(desk.printed)
    found = Counter(number for desk in desks for number in desk.printed)
    return {number for number, count in found.items() if count > 1}


def check(hub: HubDatabase, seed: int) -> int:
    """Play a day without and one with lost rows; return how many numbers were given twice."""
    assert not twice(play(hub, seed, loses_rows=False))
    hub.sql("delete from hub.number_given")
    hub.sql("delete from hub.number_space")
    desks = play(hub, seed, loses_rows=True)
    found = twice(desks)
    for room, number in found:
        holders = [desk for desk in desks if (room, number) in desk.printed]
        told = [desk.numbers.also_given_by(today(), room, number) for desk in holders]
        assert sum(other is not None for other in told) >= len(holders) - 1, (seed, room, number)
    hub.sql("delete from hub.number_given")
    hub.sql("delete from hub.number_space")
    return len(found)


@pytest.mark.slow
def test_in_a_sample_of_days_doubles_come_only_from_lost_rows_and_are_told(
    hub: HubDatabase,
) -> None:
    for seed in range(SAMPLE):
        check(hub, seed)


@pytest.mark.long
def test_in_all_days_doubles_come_only_from_lost_rows_and_are_told(hub: HubDatabase) -> None:
    assert sum(check(hub, seed) for seed in range(ALL)) > 0
