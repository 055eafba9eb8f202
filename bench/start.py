"""Measure how long the program takes until it is ready: the demonstration, a site, a large site.

    python bench/start.py [--visits 200000] [--rounds 7]

Modules are compiled first, as an installation does.  The large site has a logbook of so many
visits, made once.  Prints a line of JSON for each: the median and the worst of the rounds in
seconds, its multiple of the start of an interpreter that does nothing (the floor), and the seconds
of processor that a start and its end take; then the load of the machine.  Exits with 1 if a median
is over the goal.
"""

from __future__ import annotations

import argparse
import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals
from bench.logbook_rows import fill
from tests.process import ROOT, SERVE, command

GOAL_S = 1.5  # on two cores
OWN = '[facility]\ncode = "01999"\nname = "Bệnh viện Mẫu"\n'


def seconds_until_ready(*words: str) -> float:
    """Start `serve` with a new interpreter; return the seconds until it says that it is ready."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command(*SERVE, *words), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    seconds = time.perf_counter() - began
    process.terminate()
    process.wait(30)
    process.stdout.close()
    assert line.startswith("Ready: "), line
    return seconds


def measured(goals: Goals, name: str, rounds: int, floor_s: float, *words: str) -> None:
    """Measure some starts, and print their median with its goal."""
    cpu_before = os.times()
    seconds = [seconds_until_ready(*words) for _ in range(rounds)]
    cpu = os.times()
    cpu_s = cpu[2] + cpu[3] - cpu_before[2] - cpu_before[3]  # of the processes that ended
    median = statistics.median(seconds)
    row: dict[str, object] = {
        "ratio": round(median / floor_s, 1),
        "worst_s": round(max(seconds), 2),
        "cpu_s": round(cpu_s / rounds, 2),  # with the end: other programs do not change it much
    }
    goals.check(f"start of {name}", median, GOAL_S, unit="s, median", **row)


def floor_seconds(rounds: int) -> float:
    """Return the median of the seconds that an interpreter takes to start and end."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", ""], check=True)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def main() -> int:
    """Measure and print; return 1 if a median is over the goal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--visits", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for room in ("kiosk", "scanner", "verify"):
        compileall.compile_dir(ROOT / room, quiet=1)
    goals, floor_s = Goals(), floor_seconds(chosen.rounds)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "own.toml").write_text(OWN, "utf-8")
        own = ["--config", str(folder / "own.toml"), "--data"]
        seconds_until_ready("--demo")  # the disk's cache is filled
        measured(goals, "the demonstration", chosen.rounds, floor_s, "--demo")
        measured(goals, "a site", chosen.rounds, floor_s, *own, str(folder / "data"))
        if chosen.visits:
            (folder / "large").mkdir()
            fill(folder / "large" / "logbook.db", chosen.visits)
            seconds_until_ready(*own, str(folder / "large"))  # writes the marker
            words = (*own, str(folder / "large"))
            what = f"a site with {chosen.visits} visits"
            measured(goals, what, chosen.rounds, floor_s, *words)
    return goals.code()


if __name__ == "__main__":
    raise SystemExit(main())
