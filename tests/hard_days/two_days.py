"""Two days of a hospital, played as fast as they go: does anything grow?

    python -m tests.hard_days.two_days [HOURS] [VISITS_A_DAY]

Three readers and a camera, 3,000 visits a day over its busy and quiet hours, pages that people
open, the gateway down for two hours, a reader that is unplugged, the nightly job with its backup,
and the turn of the year in the middle. The clock is driven from outside, so that 48 hours take as
long as their events take. Prints a JSON line for each hour (memory, handles, threads, latencies),
then one with the result, and exits with 1 if something grew, was lost or was given twice.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from kiosk.sandbox.faults import Fault
from tests.hard_days.hospital import CAMERA, DESKS, Arrival, Hospital, a_hospital, is_settled, show
from tests.hard_days.kills import check
from tests.process import ROOT, until

BEGIN = datetime(2026, 12, 31, 0, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
HOURS, VISITS_A_DAY = 48, 3_000
# The share of a day's visits that come in each hour, from midnight on.
SHARES = (4, 3, 2, 2, 3, 10, 60, 180, 170, 110, 80, 50, 40, 90, 80, 50, 25, 12, 8, 6, 5, 4, 3, 3)
PLACES = (*DESKS, CAMERA)
PAGES = ("/", "/logbook", "/day", "/queue", "/reports", "/readers", "/healthz")
MINUTES_A_STEP = 10
NIGHTLY_HOUR = 20
GATEWAY_DOWN = (9, 11)  # hours of each day
UNPLUGGED_HOUR = 14
MAX_GROWTH = {"MiB": (1.10, 8.0), "handles": (1.0, 6.0), "threads": (1.0, 3.0)}
MAX_LATENCY_RATIO = 1.5
SETTLED_WITHIN_S = 240


def visits_of_each_step(hours: int, visits_a_day: int) -> list[int]:
    """Return how many patients come in each step of ten minutes."""
    steps = []
    for hour in range(hours):
        due = round(visits_a_day * SHARES[hour % 24] / sum(SHARES))
        parts = 60 // MINUTES_A_STEP
        steps += [due * (part + 1) // parts - due * part // parts for part in range(parts)]
    return steps


class TwoDays:
    """The days, step by step."""

    def __init__(self, hospital: Hospital, insurer: Any) -> None:
        self.hospital, self.insurer = hospital, insurer
        self.samples: list[dict[str, float]] = []
        self.nights: list[int] = []
        self._numbers = iter(range(10**6))
        self._pages = cycle(PAGES)
        self._floor_s: list[float] = []

    def play(self, steps: list[int]) -> None:
        """Play all steps; take a sample at the end of each hour."""
        per_hour = 60 // MINUTES_A_STEP
        for place, count in enumerate(steps):
            hour = place // per_hour % 24
            if place % per_hour == 0:
                self._begin_hour(hour)
            self._serve(count)
            self.hospital.get(next(self._pages))
            self.hospital.clock.set_to(BEGIN + timedelta(minutes=MINUTES_A_STEP * (place + 1)))
            if place % per_hour == per_hour - 1:
                self._take_sample(place // per_hour)

    def _begin_hour(self, hour: int) -> None:
        is_down = GATEWAY_DOWN[0] <= hour < GATEWAY_DOWN[1]
        self.insurer.faults.current = Fault.BAD_GATEWAY if is_down else Fault.NONE
        if hour == UNPLUGGED_HOUR:
            self.hospital.plug_in_again(DESKS[-1])
        if hour == NIGHTLY_HOUR:
            self.nights.append(self._nightly())

    def _serve(self, count: int) -> None:
        """Serve this many patients, at all desks and the camera at the same time."""
        queues: dict[str, list[Arrival]] = {place: [] for place in PLACES}
        for _, place in zip(range(count), cycle(PLACES), strict=False):
            queues[place].append(Arrival(next(self._numbers)))

        def serve(place: str) -> None:
            for patient in queues[place]:
                self.hospital.serve(patient, place)

        with ThreadPoolExecutor(len(PLACES)) as clerks:
            served = clerks.map(serve, PLACES)
            self._floor_s.append(self._floor())
            list(served)

    def _floor(self) -> float:
        """Return how long this machine takes, in the same minute, to compute and to write a page.

        Other work on the machine slows this as it slows the program.
        """
        began = time.monotonic()
        body = json.dumps({str(number): number for number in range(20_000)}).encode()
        with (self.hospital.folder / "floor").open("wb") as file:
            for _ in range(3):
                file.write(body[:4096])
                file.flush()
                os.fsync(file.fileno())
        return time.monotonic() - began

    def _nightly(self) -> int:
        """Run the nightly job as a timer does; return its exit code."""
        return subprocess.run(
            self.hospital.command("sync", *self.hospital.options),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=self.hospital.log,
            check=False,
        ).returncode

    def _take_sample(self, hour: int) -> None:
        hospital = self.hospital
        assert hospital.process is not None
        proc = Path(f"/proc/{hospital.process.pid}")
        status = dict(
            line.split(":", 1) for line in (proc / "status").read_text("ascii").splitlines()
        )
        wal = hospital.logbook.with_name("logbook.db-wal")
        sample: dict[str, float] = {
            "hour": hour,
            "visits": len(hospital.given),
            "MiB": round(int(status["VmRSS"].split()[0]) / 1024, 1),
            "handles": len(list((proc / "fd").iterdir())),
            "threads": int(status["Threads"]),
            "wal MiB": round(wal.stat().st_size / 2**20, 1) if wal.exists() else 0,
            "scan ms": _median_ms(hospital.scan_s),
            "visit ms": _median_ms(hospital.visit_s),
        }
        floor = _median_ms(self._floor_s)
        sample |= {"floor ms": floor}
        if hospital.scan_s and floor:
            sample |= {
                "scan / floor": round(_median_ms(hospital.scan_s) / floor, 2),
                "visit / floor": round(_median_ms(hospital.visit_s) / floor, 2),
            }
        for seconds in (hospital.scan_s, hospital.visit_s, self._floor_s):
            seconds.clear()
        self.samples.append(sample)
        print(json.dumps(sample), flush=True)


def _median_ms(seconds: list[float]) -> float:
    return round(statistics.median(seconds) * 1000, 1) if seconds else 0.0


def grown(samples: list[dict[str, float]]) -> Iterator[str]:
    """Yield what is greater in the busy hours of the last day than in those of the first one."""
    busy = [sample for sample in samples if 7 <= sample["hour"] % 24 < 16]
    first = [sample for sample in busy if sample["hour"] < 24]
    last = [sample for sample in busy if sample["hour"] >= 24]
    if not (first and last):
        return
    for name, (ratio, more) in MAX_GROWTH.items():
        before, after = (statistics.median(s[name] for s in day) for day in (first, last))
        if after > before * ratio + more:
            yield f"{name} grew from {before:g} to {after:g}"
    for name in ("scan / floor", "visit / floor"):
        before, after = (statistics.median(s[name] for s in day) for day in (first, last))
        if after > before * MAX_LATENCY_RATIO:
            yield f"{name} grew from {before:g} to {after:g}"


def play(folder: Path, hours: int, visits_a_day: int) -> dict[str, Any]:
    """Play the days; return their figures and what is wrong."""
    steps = visits_of_each_step(hours, visits_a_day)
    with a_hospital(folder, BEGIN, known=sum(steps)) as (hospital, insurer):
        hospital.start()
        days = TwoDays(hospital, insurer)
        days.play(steps)
        insurer.faults.current = Fault.NONE
        hospital.clock.go(timedelta(hours=2).total_seconds())
        until(lambda: is_settled(hospital), SETTLED_WITHIN_S)
        received = {visit.fields["MA_LK"]: visit.times for visit in insurer.ledger.visits()}
        code = hospital.stop()
        wrong = list(grown(days.samples)) + hospital.compare(received) + check(hospital)
        if code:
            wrong.append(f"the program ended with {code}")
        return {
            "hours": hours,
            "visits": len(hospital.given),
            "at the insurer": len(received),
            "nightly jobs, exit codes": days.nights,
            **hospital.counts,
            "wrong": wrong,
        }


def main() -> int:
    """Play the days; return the exit code."""
    hours = int(sys.argv[1]) if sys.argv[1:] else HOURS
    visits_a_day = int(sys.argv[2]) if sys.argv[2:] else VISITS_A_DAY
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        result = play(Path(name), hours, visits_a_day)
    return show(result, began)


if __name__ == "__main__":
    sys.exit(main())
