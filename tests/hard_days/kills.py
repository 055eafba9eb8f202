"""A busy morning in which the program is killed again and again: nothing is lost, nothing doubled.

    python -m tests.hard_days.kills KILLS [SEED]

Three clerks with readers serve patients without a pause; the program is killed (SIGKILL) at random
moments, also while it starts, and started again. Then the program sends what waits, the logbook's
chain is checked, and what clerks were told is compared with the logbook and with the insurer. A
message that was on its way at a kill may be sent again, under the same MA_LK: the insurer takes it
once.
Prints a JSON line, and what is wrong; exits with 1 then.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.hard_days.hospital import DESKS, Arrival, Hospital, a_hospital, is_settled, show
from tests.process import ROOT, until

MORNING = datetime(2026, 12, 7, 7, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
LONGEST_LIFE_S = 2.5  # after the first patient was served; on a slow machine as three starts
SERVED_WITHIN_S = 120
SETTLED_WITHIN_S = 180
LANES = 4  # messages that are on their way at the same time, so that a kill may repeat them


class Morning:
    """Clerks who serve patients until the morning is over."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        self.over = threading.Event()
        self.wrong: list[str] = []
        self.left: list[str] = []  # the desks whose clerks served until the end
        self._next = iter(range(10**6))
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._serve, args=(desk,)) for desk in DESKS]

    def begin(self) -> None:
        """Let the clerks begin."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Let each clerk serve the present patient, and end."""
        self.over.set()
        for thread in self._threads:
            thread.join()
        if len(self.left) != len(DESKS):
            self.wrong.append(f"only the clerks of {self.left} served to the end")

    def _serve(self, desk: str) -> None:
        while not self.over.is_set():
            with self._lock:
                patient = Arrival(next(self._next))
            try:
                self.hospital.serve(patient, desk)
            except AssertionError as exc:
                self.wrong.append(str(exc))
        self.left.append(desk)


def play(folder: Path, kills: int, seed: int) -> dict[str, Any]:
    """Play a morning; return its figures and what is wrong."""
    chance = random.Random(seed)
    with a_hospital(folder, MORNING, known=20_000) as (hospital, insurer):
        start_s = _start(hospital)
        morning = Morning(hospital)
        morning.begin()
        for _ in range(kills):
            _serve_one_more(hospital)
            time.sleep(chance.uniform(0, max(LONGEST_LIFE_S, 3 * start_s)))
            hospital.kill()
            if chance.random() < 0.1:  # while it starts, too
                _start_and_kill(hospital, chance.uniform(0.05, 0.9))
            start_s = _start(hospital)
        morning.end()
        hospital.clock.go(timedelta(hours=1).total_seconds())  # all leases are over
        until(lambda: is_settled(hospital), SETTLED_WITHIN_S)
        received = {visit.fields["MA_LK"]: visit.times for visit in insurer.ledger.visits()}
        code = hospital.stop()
        wrong = morning.wrong + hospital.compare(received)
        sent_again = sum(n > 1 for n in received.values())
        if sent_again > kills * LANES:
            wrong.append(f"{sent_again} visits were sent again after {kills} kills")
        if code:
            wrong.append(f"the program ended with {code}")
        wrong += check(hospital)
        return {
            "kills": kills,
            "seed": seed,
            "visits": len(hospital.given),
            "at the insurer": len(received),
            "sent again": sent_again,
            **hospital.counts,
            "wrong": wrong,
        }


def _start(hospital: Hospital) -> float:
    """Start the program; return the seconds until it serves."""
    began = time.monotonic()
    hospital.start()
    return time.monotonic() - began


def _serve_one_more(hospital: Hospital) -> None:
    """Wait until a patient more was told a number: a slow machine works between kills, too."""
    served = len(hospital.given)
    until(lambda: len(hospital.given) > served, SERVED_WITHIN_S)


def _start_and_kill(hospital: Hospital, after_s: float) -> None:
    words = ["serve", "--no-browser", "--port", "0", *hospital.options]
    with subprocess.Popen(
        hospital.command(*words), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=hospital.log
    ) as process:
        time.sleep(after_s)
        process.kill()


def check(hospital: Hospital) -> list[str]:
    """Check the logbook's chain with the program's own command; return what it found."""
    done = subprocess.run(
        hospital.command("logbook", "check", *hospital.options),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [] if done.returncode == 0 else [f"logbook check: {done.stdout} {done.stderr}"]


def main() -> int:
    """Play one morning; return the exit code."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        result = play(Path(name), int(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else 1)
    return show(result, began)


if __name__ == "__main__":
    sys.exit(main())
