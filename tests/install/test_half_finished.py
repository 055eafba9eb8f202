"""A run that was killed at any line is continued by the same command, and loses no visit."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.install.pretend import Machine, pretend_folder
from tests.kills import died, may_fork, needs_fork
from tests.process import until

ROOMS = ("kiosk/install/",)
SEED, SAMPLE = 20261129, 3
LINES = 900  # more than any of the commands runs
SAMPLED_LINES = {"install": 420, "upgrade": 420, "rollback": 280, "uninstall": 140}
pytestmark = [needs_fork, may_fork]


def kill_points(name: str, *, whole: bool) -> list[int]:
    """Return the numbers of lines at which a run is killed: all, or one of each part of them."""
    if whole:
        return list(range(1, LINES, 3))
    chance, part = random.Random(SEED), SAMPLED_LINES[name] // SAMPLE
    return [chance.randrange(start, start + part) for start in range(1, SAMPLE * part, part)]


def killed(machine: Machine, name: str, folder: Path | None, point: int) -> bool:
    """Run a command that is killed at a line; return whether it came so far."""
    return died(point, lambda: machine.do(name, folder), ROOMS, times=1)


@pytest.mark.parametrize(
    "whole",
    [pytest.param(False, marks=pytest.mark.slow), pytest.param(True, marks=pytest.mark.long)],
)
@pytest.mark.parametrize("name", ["install", "upgrade", "rollback", "uninstall"])
def test_a_command_that_was_killed_is_run_again(
    tmp_path: Path, machine: Machine, name: str, whole: bool
) -> None:
    first, second = pretend_folder(tmp_path, "1.0"), pretend_folder(tmp_path, "2.0", schema=2)
    folder = {"install": first, "upgrade": second}.get(name)
    before, visits = prepared(machine, name, first, second)
    kills = 0
    for point in kill_points(name, whole=whole):
        if before is not None:
            shutil.copytree(before, machine.root, symlinks=True)
            assert machine.systemctl("start", "tiepdon.service") == 0
            until(machine.is_ready)
        was_killed = killed(machine, name, folder, point)
        kills += was_killed
        code = machine.do(name, folder)
        # A roll-back that was done but for its last line has no release to go back to any more.
        assert code == 0 or (code == 2 and name == "rollback" and machine.version() == "1.0"), point

        assert (machine.visits() if visits else 0) == visits, point
        if name == "uninstall":
            assert not machine.programs.exists()
        else:
            assert machine.version() == ("2.0" if name == "upgrade" else "1.0"), point
            assert machine.is_ready(), point
            places = (machine.programs / "releases").iterdir()
            assert all((place / "release.json").is_file() for place in places), point
        machine.end()
        shutil.rmtree(machine.root)
        if not was_killed:
            break
    assert kills >= 2


def prepared(machine: Machine, name: str, first: Path, second: Path) -> tuple[Path | None, int]:
    """Bring a machine to where a command begins; return a copy of it, and how many visits it has.

    An environment cannot be moved, so the copy is put back at the same place.
    """
    if name == "install":
        return None, 0
    assert machine.do("install", first) == 0
    machine.record()
    if name == "rollback":
        assert machine.do("upgrade", second) == 0
    machine.end()
    before = machine.root.with_name("before")
    machine.root.rename(before)
    return before, 1


@pytest.mark.slow
def test_the_other_command_can_be_run_after_a_kill(tmp_path: Path, machine: Machine) -> None:
    """An upgrade that was killed after the link was replaced is rolled back as well."""
    first, second = pretend_folder(tmp_path, "1.0"), pretend_folder(tmp_path, "2.0", schema=2)
    assert machine.do("install", first) == 0
    machine.record()
    for point in range(300, 600, 10):
        if not killed(machine, "upgrade", second, point):
            break
        if machine.version() == "2.0":
            assert machine.do("rollback") == 0
            assert (machine.version(), machine.visits(), machine.is_ready()) == ("1.0", 1, True)
            return
        assert machine.do("install", first) == 0
        assert (machine.version(), machine.visits(), machine.is_ready()) == ("1.0", 1, True)
    pytest.fail("no run was killed after the link was replaced")
