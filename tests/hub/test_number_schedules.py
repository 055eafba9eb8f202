"""In days drawn at random no number is given twice, or a desk says so."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.hub.cluster import HubDatabase
from tests.hub.number_schedules import Desk, make_accesses, play
from tests.hub.rows import today

SAMPLE, ALL = 4, 200


def twice(desks: list[Desk]) -> set[tuple[str, int]]:
    """Return the numbers that are on the paper of two desks."""
    for desk in desks:
        assert len(set(desk.printed)) == len(desk.printed)
    found = Counter(number for desk in desks for number in desk.printed)
    return {number for number, count in found.items() if count > 1}


def check(hub: HubDatabase, seeds: range) -> int:
    """Play days without and with lost rows; return how many numbers were given twice."""
    accesses, count = make_accesses(hub), 0
    for seed in seeds:
        assert not twice(play(hub, accesses, seed, loses_rows=False)), seed
        desks = play(hub, accesses, seed, loses_rows=True)
        found = twice(desks)
        count += len(found)
        for room, number in found:
            holders = [desk for desk in desks if (room, number) in desk.printed]
            told = [desk.numbers.also_given_by(today(), room, number) for desk in holders]
            known = sum(other is not None for other in told)
            assert known >= len(holders) - 1, (seed, room, number)
    return count


@pytest.mark.slow
def test_in_a_sample_of_days_doubles_come_only_from_lost_rows_and_are_told(
    hub: HubDatabase,
) -> None:
    check(hub, range(SAMPLE))


@pytest.mark.long
def test_in_all_days_doubles_come_only_from_lost_rows_and_are_told(hub: HubDatabase) -> None:
    assert check(hub, range(ALL)) > 0
