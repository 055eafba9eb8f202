"""Random schedules of three desks and their hub: a sample that is fixed, all of them, and a proof
that the promises can be broken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.hub.others_file import OthersFile
from tests.hub.cluster import Cluster
from tests.hub.conftest import require_postgres
from tests.hub.hospital import Hospital
from tests.hub.promises import broken_promises
from tests.hub.schedules import Schedule, hospital_of, play, template
from tests.kills import may_fork, needs_fork

pytestmark = [pytest.mark.slow, needs_fork, may_fork]

SAMPLE = (0, 3)  # both have failovers: with a synchronous standby, and without
ALL = 200


@pytest.fixture(scope="module")
def copied() -> Iterator[Cluster]:
    require_postgres()
    with template() as cluster:
        yield cluster


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(SAMPLE, id="sample"),
        pytest.param(range(ALL), id="all", marks=pytest.mark.long),
    ],
)
def test_after_any_schedule_every_promise_holds(
    copied: Cluster, tmp_path: Path, numbers: tuple[int, ...]
) -> None:
    for number in numbers:
        folder = tmp_path / str(number)
        folder.mkdir()
        broken, counts = play(number, folder, copied)
        assert not broken, number
        assert counts["visits"] > 0, number


def _lose_version(hospital: Hospital) -> None:
    hospital.hub.sql("delete from hub.visit_version where version = 1")


def _forget_visit(hospital: Hospital) -> None:
    hospital.hub.sql("delete from hub.visit where desk = 1")


def _turn_back_desk(hospital: Hospital) -> None:
    hospital.hub.sql("update hub.visit set desk = 3 where desk = 2")


def _lose_mirror(hospital: Hospital) -> None:
    OthersFile(hospital.desks[2].folder / "others.db").remove()


def _send_again(hospital: Hospital) -> None:
    hospital.ledger.arrivals.append(replace(hospital.ledger.arrivals[0], was_known=True))


def _send_out_of_order(hospital: Hospital) -> None:
    first = hospital.ledger.arrivals[0]
    hospital.ledger.arrivals += [replace(first, version=8), replace(first, version=7)]


def _give_number_again(hospital: Hospital) -> None:
    for desk in hospital.desks[:2]:
        with desk.kiosk.database.transaction() as db:
            db.execute(
                "update ticket set prefix = '', number = 77, room = 'Phòng khám 1'"
                " where id = (select max(id) from ticket)"
            )


@needs_fork
def test_what_is_planted_is_found(copied: Cluster, tmp_path: Path) -> None:
    plants: tuple[tuple[Callable[[Hospital], None], str], ...] = (
        (_send_again, "sent again although the hub knew"),
        (_send_out_of_order, "out of order"),
        (_give_number_again, "number 77 of phòng khám 1 was given twice"),
        (_lose_mirror, "mirror of desk 3"),
        (_turn_back_desk, "unlike the hub"),
        (_forget_visit, "only here"),
        (_lose_version, "lost: version 1"),
    )
    with hospital_of(tmp_path, True, copied) as hospital:
        schedule = Schedule(hospital, 1)
        for desk in hospital.desks:
            schedule.record(desk)
        assert schedule.play(0) == []
        for plant, words in plants:
            plant(hospital)
            found = broken_promises(hospital, schedule.made, set())
            assert any(words in each for each in found), words
