"""What encryption at rest costs: scans and visits of an encrypted logbook beside a plain one.

    python bench/at_rest.py [--visits 200000] [--rounds 12] [--scans 100] [--no-goals]

Fills a logbook, encrypts a copy of it as `encryption set-up` does, and runs the program on each of
them, as processes of their own.  One client scans cards of invented people and records each; the
two programs take turns in each round, and the order changes from round to round.

Prints a JSON line for the encryption (its seconds and the size of the file), and one each for scans
and visits: median and 95th percentile in milliseconds, plain and encrypted, the ratio of the
medians, and its lowest and highest in a round.  `quietest` is the round with the lowest 95th
percentile: other programs on the same processors make the others longer.  Exit 1 if a goal for
scans is missed, unless there is --no-goals.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals
from bench.pages import fill
from kiosk.data import AnswersCache
from kiosk.runtime.file_encryption import encrypt
from kiosk.runtime.file_key import FileKey
from kiosk.runtime.key_store import KeyStore
from tests.cast import BHYT17
from tests.process import Server, serving, site

KINDS = ("plain", "encrypted")
GOAL_RATIO, GOAL_P95_MS = 1.6, 25
WARM_UP = 20  # scans
SETTINGS = "[encryption]\nkeys = 'file'\nkey_file = '{file}'\n"

Times = dict[str, list[list[float]]]  # by kind, of each round


def make(folder: Path, visits: int) -> dict[str, list[str]]:
    """Make both data directories; return the options that start the program on each."""
    plain, encrypted = (folder / kind for kind in KINDS)
    file = folder / "keys" / "key"
    for place in (plain, encrypted):
        (place / "data").mkdir(parents=True)
    options = {
        "plain": site(plain, ""),
        "encrypted": site(encrypted, "", SETTINGS.format(file=file)),
    }
    fill(plain / "data" / "logbook.db", visits, datetime.now(UTC))
    AnswersCache(plain / "data" / "coverage.db").close()
    key, began, size = FileKey.make(), time.perf_counter(), 0
    KeyStore("file", file, encrypted / "data").write([key])
    for name in ("logbook.db", "coverage.db"):
        path = encrypted / "data" / name
        shutil.copy(plain / "data" / name, path)
        encrypt(path, key)
        size += path.stat().st_size
    took = time.perf_counter() - began
    print(json.dumps({"what": "set-up", "s": round(took, 1), "mb": size // 1_000_000}), flush=True)
    return options


def scan(server: Server, number: int) -> tuple[float, float]:
    """Scan a card and record its visit; return the milliseconds of both."""
    payload = BHYT17.replace("9999900020", f"99999{number % 100_000:05d}")
    start = time.perf_counter()
    attempt = server.post("/api/scans", {"payload": payload})["attempt"]
    middle = time.perf_counter()
    # Nobody knows these cards, so a visit needs a reason; a number may have come in the filling.
    visit = {"attempt": attempt, "clerk_reason": "x", "repeat_reason": "x"}
    server.post("/api/visits", visit, **{"Idempotency-Key": f"k{number}"})
    return (middle - start) * 1000, (time.perf_counter() - middle) * 1000


def measure(options: dict[str, list[str]], rounds: int, scans: int) -> dict[str, Times]:
    """Measure both programs in turn."""
    times: dict[str, Times] = {call: {kind: [] for kind in KINDS} for call in ("scan", "visit")}
    with contextlib.ExitStack() as stack:
        servers = {kind: stack.enter_context(serving(*options[kind])) for kind in KINDS}
        number = 0
        for kind in KINDS:
            for _ in range(WARM_UP):
                number += 1
                scan(servers[kind], number)
        for turn in range(rounds):
            for kind in KINDS[:: 1 if turn % 2 else -1]:
                took = []
                for _ in range(scans):
                    number += 1
                    took.append(scan(servers[kind], number))
                times["scan"][kind].append([pair[0] for pair in took])
                times["visit"][kind].append([pair[1] for pair in took])
    return times


def summary(goals: Goals, call: str, times: Times) -> None:
    """Print the figures of a call, and for scans whether the goals are met."""
    all_of = {kind: sorted(ms for took in times[kind] for ms in took) for kind in KINDS}
    medians = {kind: statistics.median(took) for kind, took in all_of.items()}
    p95 = {kind: took[int(0.95 * (len(took) - 1))] for kind, took in all_of.items()}
    ratio = medians["encrypted"] / medians["plain"]
    each = [
        statistics.median(encrypted) / statistics.median(plain)
        for plain, encrypted in zip(times["plain"], times["encrypted"], strict=True)
    ]
    line: dict[str, object] = {"count": len(all_of["plain"])}
    for kind in KINDS:
        line[kind] = {
            "median_ms": round(medians[kind], 2),
            "p95_ms": round(p95[kind], 2),
            "quietest": _quietest(times[kind]),
        }
    line |= {"ratio": round(ratio, 2), "rounds": [round(min(each), 2), round(max(each), 2)]}
    if call == "scan":
        goals.check(call, ratio, GOAL_RATIO, unit="times the plain median", **line)
        goals.check(f"{call}, encrypted", p95["encrypted"], GOAL_P95_MS, unit="ms, p95")
    else:
        goals.show(call, **line)


def _quietest(rounds: list[list[float]]) -> dict[str, float]:
    """Return median and 95th percentile of the round with the lowest of the latter."""
    best = min((sorted(took) for took in rounds), key=lambda took: took[len(took) * 95 // 100])
    return {
        "median_ms": round(statistics.median(best), 2),
        "p95_ms": round(best[len(best) * 95 // 100], 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--scans", type=int, default=100)
    parser.add_argument("--no-goals", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        options = make(Path(folder), wanted.visits)
        times = measure(options, wanted.rounds, wanted.scans)
    goals = Goals(not wanted.no_goals)
    for call, took in times.items():
        summary(goals, call, took)
    goals.end()


if __name__ == "__main__":
    main()
