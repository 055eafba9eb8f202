"""Plays schedules of faults, one or many of them from the command line."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from kiosk.logbook import Database


class Schedule(Protocol):
    """What can be played once, and then says what is wrong."""

    def play(self) -> None: ...
    def faults(self) -> list[str]: ...


# Makes the schedule of a seed, in a folder, from a copy of an empty logbook.
MakeSchedule = Callable[[int, Path, Path], Schedule]


def play_one(make: MakeSchedule, seed: int, folder: Path, empty: Path) -> list[str]:
    """Play one schedule, from a copy of an empty logbook; return what is wrong."""
    schedule = make(seed, folder, empty)
    schedule.play()
    found = schedule.faults()
    for leftover in folder.glob(f"{seed}.db*"):
        leftover.unlink()
    return found


def play_many(make: MakeSchedule) -> None:
    """Play many schedules; print a JSON line with the counts, then the schedules that failed."""
    first, count = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Database(folder / "empty.db").close()
        wrong = {
            seed: found
            for seed in range(first, first + count)
            if (found := play_one(make, seed, folder, folder / "empty.db"))
        }
    print(json.dumps({"schedules": count, "from": first, "wrong": len(wrong)}))
    for seed, found in list(wrong.items())[:10]:
        print(seed, found)
