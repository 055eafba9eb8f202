"""How long a verdict takes, compared with one bare ES256 verification in the same run.

    python bench/verify.py

Prints a JSON line for each kind of payload: median and p99 in microseconds, and the ratio of its
median to that of the bare verification.  The kinds take turns, a few hundred calls each time, so
that a change in the machine's speed affects all of them.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

sys.path.insert(0, str(Path(__file__).parents[1]))

from kiosk.data import AnswersCache
from kiosk.sandbox import DEMO, payload_of, person, remember_people, trusted_keys
from verify import Knowledge, judge, read_jwks

ROUNDS = 20  # turns of each kind
CALLS, WARM_UP = 300, 30  # calls in a turn; how many of them are not counted
FLOOR = "bare ES256"
CARDS = {"bhyt17": "an", "bhyt15": "dung", "hc1": "binh", "hc1 forged": "oanh"}

Work = dict[str, Callable[[], object]]


def measure(work: Work) -> dict[str, list[float]]:
    """Return how long each call took, in microseconds."""
    times: dict[str, list[float]] = {kind: [] for kind in work}
    for _ in range(ROUNDS):
        for kind, call in work.items():
            turn = []
            for _ in range(CALLS):
                start = time.perf_counter_ns()
                call()
                turn.append((time.perf_counter_ns() - start) / 1000)
            times[kind] += turn[WARM_UP:]
    return times


def verification() -> Callable[[], object]:
    """Return a call that verifies one good signature over 200 bytes."""
    algorithm, message = ec.ECDSA(hashes.SHA256()), b"x" * 200
    signature, public = DEMO.key.sign(message, algorithm), DEMO.key.public_key()
    return lambda: public.verify(signature, message, algorithm)


def verdict(key: str, now: datetime, known: Knowledge) -> Callable[[], object]:
    """Return a call that judges a pretend patient's card."""
    patient = person(key)
    assert patient is not None
    payload = payload_of(patient, now).encode()
    assert judge(payload, now, known).reason == patient.reason
    return lambda: judge(payload, now, known)


def print_against_floor(times: dict[str, list[float]]) -> None:
    """Print a JSON line for each kind: median, p99 and the ratio of its median to the floor."""
    floor = statistics.median(times[FLOOR])
    for kind, took in times.items():
        median, p99 = statistics.median(took), sorted(took)[int(len(took) * 0.99)]
        line = {"what": kind, "us": round(median, 1), "p99_us": round(p99, 1)}
        print(json.dumps(line | {"ratio": round(median / floor, 2)}))


def main() -> None:
    """Measure and print."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        remember_people(Path(folder), now)
        cache = AnswersCache(Path(folder) / "coverage.db")
        known = Knowledge(
            read_jwks(trusted_keys(now)),
            recall=cache.recall,
            newest_answer=cache.newest_answer,
            demo=True,
        )
        work = {FLOOR: verification()}
        work |= {kind: verdict(key, now, known) for kind, key in CARDS.items()}
        times = measure(work)
        cache.close()
    print_against_floor(times)


if __name__ == "__main__":
    main()
