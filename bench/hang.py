"""Measure whether a hanging gateway slows the desk down: the time of scans and visits.

    python bench/hang.py [ROUNDS] [--no-goals]

The program runs as a process of its own. The pretend insurer answers in every other round and
hangs in the rounds between. Prints a JSON line for scans and one for visits: median and 99th
percentile in milliseconds, with and without the hang, and the ratio of the 99th percentiles.  Exit
1 if a ratio is above 1.2, unless there is --no-goals.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals, quantile
from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import SandboxInsurer
from kiosk.sandbox.faults import Fault
from tests.cast import BHYT17
from tests.process import serving, site

ROUNDS = 20  # of each kind
SCANS = 60  # in a round; each is confirmed
SETTLE_S = 1.0
MAX_RATIO = 1.2


def main() -> None:
    """Measure and print; exit 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int, nargs="?", default=ROUNDS, help="of each kind")
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    wanted = parser.parse_args()
    goals = Goals(not wanted.no_goals)
    insurer = SandboxInsurer(lambda: datetime.now(UTC))
    gateway = WebServer(insurer.app, "127.0.0.1", 0, threads=8)
    gateway.start()
    times: dict[str, dict[Fault, list[float]]] = {
        call: {Fault.NONE: [], Fault.HANG: []} for call in ("scan", "visit")
    }
    number = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        settings = site(Path(folder), f"http://127.0.0.1:{gateway.port}")
        with serving(*settings) as server:
            for round_number in range(2 * wanted.rounds):
                insurer.faults.current = (Fault.NONE, Fault.HANG)[round_number % 2]
                time.sleep(SETTLE_S)
                for _ in range(SCANS):
                    number += 1
                    payload = BHYT17.replace("9999900020", f"99999{number:05d}")
                    start = time.perf_counter()
                    attempt = server.post("/api/scans", {"payload": payload})["attempt"]
                    middle = time.perf_counter()
                    # The insurer does not know these cards, so a visit needs a reason.
                    visit = {"attempt": attempt, "clerk_reason": "x"}
                    server.post("/api/visits", visit, **{"Idempotency-Key": f"k{number}"})
                    end = time.perf_counter()
                    times["scan"][insurer.faults.current].append((middle - start) * 1000)
                    times["visit"][insurer.faults.current].append((end - middle) * 1000)
        insurer.faults.end()
    gateway.stop()
    for call, by_fault in times.items():
        p99 = {fault: quantile(took, 0.99) for fault, took in by_fault.items()}
        figures = {
            str(fault): {
                "median_ms": round(statistics.median(took), 1),
                "p99_ms": round(p99[fault], 1),
            }
            for fault, took in by_fault.items()
        }
        ratio = p99[Fault.HANG] / p99[Fault.NONE]
        unit, floor_ratio = "times the p99 without the hang", round(ratio, 2)
        goals.check(
            f"{call} while the gateway hangs",
            ratio,
            MAX_RATIO,
            unit=unit,
            ratio=floor_ratio,
            **figures,
        )
    goals.end()


if __name__ == "__main__":
    main()
