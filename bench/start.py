"""Measure how long the program takes until it is ready: the demonstration, a site, a large site.

    python bench/start.py [--visits 200000] [--rounds 7]

Modules are compiled first, as an installation does.  The large site has a logbook of so many
visits, made once.  Prints a line of JSON for each: the median and the worst of the rounds in
seconds, the seconds of processor that a start and its end take, and the load of the machine.
Exits with 1 if a median is over the goal.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

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


def measured(name: str, rounds: int, *words: str) -> float:
    """Measure some starts; print and return their median."""
    cpu_before = os.times()
    seconds = [seconds_until_ready(*words) for _ in range(rounds)]
    cpu = os.times()
    cpu_s = cpu[2] + cpu[3] - cpu_before[2] - cpu_before[3]  # of the processes that ended
    row = {
        "start": name,
        "median_s": round(statistics.median(seconds), 2),
        "worst_s": round(max(seconds), 2),
        "cpu_s": round(cpu_s / rounds, 2),  # with the end: other programs do not change it much
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }
    print(json.dumps(row), flush=True)
    return statistics.median(seconds)


def main() -> int:
    """Measure and print; return 1 if a median is over the goal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--visits", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for room in ("kiosk", "scanner", "verify"):
        compileall.compile_dir(ROOT / room, quiet=1)
    medians = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "own.toml").write_text(OWN, "utf-8")
        own = ["--config", str(folder / "own.toml"), "--data"]
        seconds_until_ready("--demo")  # the disk's cache is filled
        medians.append(measured("demonstration", chosen.rounds, "--demo"))
        medians.append(measured("site", chosen.rounds, *own, str(folder / "data")))
        if chosen.visits:
            (folder / "large").mkdir()
            fill(folder / "large" / "logbook.db", chosen.visits)
            seconds_until_ready(*own, str(folder / "large"))  # writes the marker
            words = (*own, str(folder / "large"))
            medians.append(measured(f"site with {chosen.visits} visits", chosen.rounds, *words))
    return int(max(medians) > GOAL_S)


if __name__ == "__main__":
    raise SystemExit(main())
