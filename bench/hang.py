"""Whether the desk feels a gateway that hangs: scans and visits with one, beside those without.

    python bench/hang.py

The program serves as a process of its own; the pretend insurer answers in some rounds and hangs
in the others, in turn.  Prints a JSON line: median and p99 in milliseconds of each call, and the
ratio of the p99s.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import SandboxInsurer
from kiosk.sandbox.faults import Fault
from tests.cast import BHYT17
from tests.process import serving, site

ROUNDS, CALLS = 20, 60  # rounds of each kind; scans, each confirmed, in a round
SETTLE_S = 1.0


def main() -> None:
    """Measure and print."""
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
            for turn in range(2 * ROUNDS):
                insurer.faults.current = (Fault.NONE, Fault.HANG)[turn % 2]
                time.sleep(SETTLE_S)
                for _ in range(CALLS):
                    number += 1
                    payload = BHYT17.replace("9999900020", f"99999{number:05d}")
                    start = time.perf_counter()
                    attempt = server.post("/api/scans", {"payload": payload})["attempt"]
                    middle = time.perf_counter()
                    said = {"attempt": attempt, "clerk_reason": "x"}  # the insurer knows nobody
                    server.post("/api/visits", said, **{"Idempotency-Key": f"k{number}"})
                    end = time.perf_counter()
                    times["scan"][insurer.faults.current].append((middle - start) * 1000)
                    times["visit"][insurer.faults.current].append((end - middle) * 1000)
        insurer.faults.end()
    gateway.stop()
    for call, by_fault in times.items():
        line: dict[str, object] = {"call": call}
        p99 = {}
        for fault, took in by_fault.items():
            p99[fault] = sorted(took)[int(0.99 * (len(took) - 1))]
            line[str(fault)] = {
                "median_ms": round(statistics.median(took), 1),
                "p99_ms": round(p99[fault], 1),
            }
        print(json.dumps(line | {"ratio": round(p99[Fault.HANG] / p99[Fault.NONE], 2)}))


if __name__ == "__main__":
    main()
