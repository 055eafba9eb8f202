"""What a desk notices while a backup is made, what the marker costs, and how long a start takes.

    python bench/backup.py [--visits 20000 | --mb 1600] [--encrypted] [--scans 300] [--no-goals]

Fills a logbook with invented visits in a temporary folder (`--mb`: about so many megabytes),
encrypts it if asked to, and looks at it as a start does.  Then it starts the program on it as a
process of its own, and has one client scan cards and record visits without a pause: first at rest,
then while the command `backup` runs.  At the end it rehearses a restore.  Prints JSON lines: the
percentiles of both in milliseconds, their ratio, how long the backup and the rehearsal took, and
how long one writing of the marker takes beside the recording of a visit.

Ends with 1 if the 95th percentile of scans or visits during the backup is more than twice that at
rest, unless --no-goals is given.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.goals import Goals  # noqa: E402 - after the path
from bench.pages import fill  # noqa: E402 - after the path
from kiosk.backup import LogbookGuard  # noqa: E402
from kiosk.runtime.file_encryption import encrypt  # noqa: E402
from kiosk.runtime.file_key import FileKey  # noqa: E402
from kiosk.runtime.key_store import KeyStore  # noqa: E402
from kiosk.settings import load_settings  # noqa: E402
from tests.cast import BHYT17  # noqa: E402
from tests.process import command, started  # noqa: E402

MAX_RATIO = 2.0
CONFIG = '[facility]\ncode = "01999"\nname = "Bệnh viện Mẫu"\n'
ENCRYPTION = "[encryption]\nkeys = 'file'\nkey_file = '{file}'\n"
BYTES_PER_VISIT = 4_750  # of a logbook that `fill` makes
LOOKS = 7  # at the logbook, as a start does


def percentiles(times: list[float]) -> dict[str, float]:
    """Return the median, the 95th percentile and the longest of some times, in milliseconds."""
    cuts = statistics.quantiles(times, n=20)
    return {
        "count": len(times),
        "p50_ms": round(1000 * statistics.median(times), 1),
        "p95_ms": round(1000 * cuts[18], 1),
        "max_ms": round(1000 * max(times), 1),
    }


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how many seconds a work took, and its result."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def visit_once(server: Any, number: int) -> tuple[float, float]:
    """Scan a card and record its visit; return the seconds of both."""
    payload = BHYT17.replace("9999900020", f"99999{number:05}")
    scan_s, scanned = timed(lambda: server.post("/api/scans", {"payload": payload}))
    body = {"attempt": scanned["attempt"], "clerk_reason": "thử"}
    key = {"Idempotency-Key": f"bench-{number}-{time.monotonic_ns()}"}
    visit_s, _ = timed(lambda: server.post("/api/visits", body | {"repeat_reason": "thử"}, **key))
    return scan_s, visit_s


def show(name: str, figures: dict[str, object]) -> None:
    """Print the figures of one measurement."""
    print(json.dumps({"what": name} | figures), flush=True)


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--visits", type=int, default=20_000)
    options.add_argument("--mb", type=int)
    options.add_argument("--encrypted", action="store_true")
    options.add_argument("--scans", type=int, default=300)
    options.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    words = options.parse_args()
    goals = Goals(not words.no_goals)
    visits = words.mb * 1_000_000 // BYTES_PER_VISIT if words.mb else words.visits
    with tempfile.TemporaryDirectory(dir=ROOT if os.name == "nt" else None) as name:
        data, config = Path(name) / "data", Path(name) / "kiosk.toml"
        data.mkdir()
        config.write_text(CONFIG, "utf-8")
        filled_s, _ = timed(lambda: fill(data / "logbook.db", visits, datetime.now(UTC)))
        show("filled", {"visits": visits, "seconds": round(filled_s)})
        if words.encrypted:
            encrypt_all(data, config)
        settings = ["--config", str(config), "--data", str(data)]
        starts(data, config)
        start_s, server = timed(lambda: started(*settings))
        show("serve answers", {"seconds": round(start_s, 1)})
        try:
            measure(server, data, config, settings, words.scans, goals)
        finally:
            server.close()
        rehearse(settings)
    goals.end()


def encrypt_all(data: Path, config: Path) -> None:
    """Encrypt the logbook as `encryption set-up` does."""
    file = data.with_name("keys") / "key"
    config.write_text(CONFIG + ENCRYPTION.format(file=file), "utf-8")
    key = FileKey.make()
    KeyStore("file", file, data).write([key])
    seconds, _ = timed(lambda: encrypt(data / "logbook.db", key))
    show("encrypted", {"seconds": round(seconds, 1)})


def starts(data: Path, config: Path) -> None:
    """Measure how long a start looks at the logbook, and how long its marker takes to write."""

    def look() -> LogbookGuard:
        return LogbookGuard(load_settings(config), data, config, lambda: datetime.now(UTC))

    look().write(clean=True)
    looks = sorted(timed(look)[0] for _ in range(LOOKS))
    show(
        "a look when the program starts",
        {
            "bytes": (data / "logbook.db").stat().st_size,
            "p50_ms": round(1000 * statistics.median(looks), 1),
            "max_ms": round(1000 * looks[-1], 1),
        },
    )


def rehearse(settings: list[str]) -> None:
    """Measure a rehearsal of a restore."""
    seconds, done = timed(
        lambda: subprocess.run(
            command("restore", "--rehearse", *settings), capture_output=True, check=False
        )
    )
    assert done.returncode == 0, done.stderr
    show("restore --rehearse", {"seconds": round(seconds, 1)})


def measure(
    server: Any, data: Path, config: Path, settings: list[str], scans: int, goals: Goals
) -> None:
    """Measure at rest, during a backup, and the marker."""
    size = (data / "logbook.db").stat().st_size
    show("logbook", {"bytes": size, "load": os.getloadavg()[0] if os.name != "nt" else None})
    rest = [visit_once(server, number) for number in range(scans)]
    process = subprocess.Popen(
        command("backup", *settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    begun, number = time.monotonic(), scans
    during: list[tuple[float, float]] = []
    while process.poll() is None or len(during) < 20:
        during.append(visit_once(server, number))
        number += 1
        if process.poll() is not None and len(during) >= 20:
            break
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    made = json.loads(output)
    show("backup", {"seconds": round(time.monotonic() - begun, 1), "bytes": made["bytes"]})
    for place, what in enumerate(("scan", "visit")):
        before, meanwhile = ([each[place] for each in times] for times in (rest, during))
        at_rest, at_work = percentiles(before), percentiles(meanwhile)
        show(f"{what} at rest", dict(at_rest))
        show(f"{what} during the backup", dict(at_work))
        ratio = at_work["p95_ms"] / at_rest["p95_ms"]
        goals.check(f"{what}, ratio of the p95", ratio, MAX_RATIO)
    guard = LogbookGuard(load_settings(config), data, config, lambda: datetime.now(UTC))
    marks = [timed(lambda: guard.write(clean=False))[0] for _ in range(50)]
    visit_ms = statistics.median(each[1] for each in rest) * 1000
    mark_ms = statistics.median(marks) * 1000
    share = round(100 * mark_ms / visit_ms)
    show("marker", {"ms": round(mark_ms, 2), "visit_ms": round(visit_ms, 2), "percent": share})


if __name__ == "__main__":
    main()
