"""A run that was killed at any line is continued by the same command, and loses no visit."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.install.pretend import Machine, pretend_folder
from tests.kills import died, may_fork, needs_fork

ROOMS = ("kiosk/install/",)
SEED, SAMPLE = 20261129, 6
LINES = 900  # more than any of the commands runs
pytestmark = [needs_fork, may_fork]


def kill_points(*, whole: bool) -> list[int]:
    """Return the numbers of lines at which a run is killed: all, or a sample over their range."""
    if whole:
        return list(range(1, LINES, 3))
    return sorted(random.Random(SEED).sample(range(1, 420), SAMPLE))


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
    kills = 0
    for point in kill_points(whole=whole):
        if name != "install":
            assert machine.do("install", first) == 0
            machine.record()
        if name == "rollback":
            assert machine.do("upgrade", second) == 0
        visits = machine.visits() if machine.data.exists() and name != "install" else 0
        folder = {"install": first, "upgrade": second}.get(name)

        if not killed(machine, name, folder, point):
            end_of(machine)
            break
        kills += 1
        assert machine.do(name, folder) == 0, point

        if name == "uninstall":
            assert not machine.programs.exists()
            assert machine.visits() == visits
        else:
            assert machine.version() == ("2.0" if name == "upgrade" else "1.0"), point
            assert machine.is_ready(), point
            assert machine.visits() == visits, point
            remains = [
                place
                for place in (machine.programs / "releases").iterdir()
                if not (place / "release.json").exists()
            ]
            assert not remains, point
        end_of(machine)
    assert kills >= 3


def end_of(machine: Machine) -> None:
    """Stop the program, and take everything away but the folders of wheels."""
    machine.end()
    shutil.rmtree(machine.root)


@pytest.mark.slow
def test_the_other_command_can_be_run_after_a_kill(tmp_path: Path, machine: Machine) -> None:
    """An upgrade that was killed after the link was replaced is rolled back as well."""
    first, second = pretend_folder(tmp_path, "1.0"), pretend_folder(tmp_path, "2.0", schema=2)
    assert machine.do("install", first) == 0
    machine.record()
    for point in range(250, 600, 10):
        if not killed(machine, "upgrade", second, point):
            break
        if machine.version() == "2.0":
            assert machine.do("rollback") == 0
            assert (machine.version(), machine.visits(), machine.is_ready()) == ("1.0", 1, True)
            return
        assert machine.do("install", first) == 0
        assert (machine.version(), machine.visits(), machine.is_ready()) == ("1.0", 1, True)
    pytest.fail("no run was killed after the link was replaced")
