"""How long a verdict takes, against one bare ES256 verification in the same run.

    python bench/verify.py

Prints a JSON line for each kind of payload: median and p99 in microseconds, and the ratio of
the medians to the floor.
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

from kiosk.sandbox import DEMO, fill_cache, payload_of, person, trusted_keys
from verify import CoverageCache, Knowledge, clinic_day, judge, read_jwks

ROUNDS = 3_000


def measure(work: Callable[[], object]) -> tuple[float, float]:
    """Return median and p99 of one call, in microseconds."""
    for _ in range(200):
        work()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        work()
        times.append((time.perf_counter_ns() - start) / 1000)
    return statistics.median(times), sorted(times)[int(ROUNDS * 0.99)]


def main() -> None:
    """Measure and print."""
    now = datetime.now(UTC)
    key, message = DEMO.key, b"x" * 200
    signature, public = key.sign(message, ec.ECDSA(hashes.SHA256())), key.public_key()
    algorithm = ec.ECDSA(hashes.SHA256())
    floor, floor_p99 = measure(lambda: public.verify(signature, message, algorithm))
    print(json.dumps({"what": "bare ES256", "us": round(floor, 1), "p99_us": round(floor_p99, 1)}))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        cache = CoverageCache(Path(folder) / "coverage.db")
        fill_cache(cache, now)
        known = Knowledge(
            read_jwks(trusted_keys(now)),
            coverage_of=cache.coverage_of,
            newest_word=cache.newest_word,
            demo=True,
        )
        kinds = {"bhyt17": "an", "bhyt15": "dung", "hc1": "binh", "hc1 forged": "oanh"}
        for what, who in kinds.items():
            one = person(who)
            assert one is not None
            payload = payload_of(one, clinic_day(now)).encode()
            median, p99 = measure(lambda payload=payload: judge(payload, now, known))  # type: ignore[misc]  # bound in each round
            ratio = round(median / floor, 2)
            line = {"what": what, "us": round(median, 1), "p99_us": round(p99, 1), "ratio": ratio}
            print(json.dumps(line))


if __name__ == "__main__":
    main()
