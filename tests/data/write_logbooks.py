"""Write a logbook with the code of an older commit, for tests/logbook/test_earlier_steps.py.

This runs with the code of that commit, not with the code beside it:

    git worktree add ../older COMMIT
    cd ../older
    python ../tiepdon/tests/data/write_logbooks.py COMMIT ../tiepdon/tests/data/logbooks

It starts that version's program as a process, with its own demonstration, and works at its desk
over HTTP: people are scanned and recorded, one is corrected, one cancelled.  The logbook is copied
into the folder as `logbook_MNNN_COMMIT.db.xz`, with the number of its newest step.  All people are
invented.  Times are those of the run.
"""

from __future__ import annotations

import contextlib
import json
import lzma
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

CARD = (  # an invented number and name
    "DN40199999{tail:05d}|4e677579e1bb856e2056c4836e204de1baab75|01/02/1980|1|"
    "53e1bb91203120c490c6b0e1bb9d6e67205468e1bbad|01 - 999|01/01/2024|-|05/01/2024|"
    "010199999{tail:05d}|-|4| 01/01/2029|0123456789abcde-7102|$"
)
VISITS = 12


def main(commit: str, folder: Path) -> None:
    """Work at the desk of this checkout's program; copy its logbook into the folder."""
    with tempfile.TemporaryDirectory() as data:
        words = ("run_kiosk.py", "serve", "--demo", "--port", "0", "--no-browser", "--data", data)
        with subprocess.Popen(
            [sys.executable, *words], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        ) as program:
            assert program.stdout is not None
            url = program.stdout.readline().removeprefix("Ready: ").strip()
            work(url)
            program.send_signal(signal.SIGTERM)
            program.wait(30)
        [path] = Path(data).rglob("logbook.db")
        with contextlib.closing(sqlite3.connect(path)) as conn:
            conn.execute("pragma wal_checkpoint(truncate)")
            conn.execute("pragma journal_mode = delete")
            sql = "select name from _sqlite_migrations order by rowid desc limit 1"
            [step] = conn.execute(sql).fetchone()
        packed = lzma.compress(path.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
        folder.mkdir(exist_ok=True)
        (folder / f"logbook_{step[:4]}_{commit}.db.xz").write_bytes(packed)
        print(commit, step, len(packed))


def work(url: str) -> None:
    """Record visits, correct one and cancel one."""
    visits = []
    for number in range(VISITS):
        reading = post(f"{url}/api/scans", {"payload": CARD.format(tail=number)})["attempt"]
        body = {
            "attempt": reading,
            "phone": f"0999{number:06d}",
            "room": f"Phòng khám {number % 3}",
            "clerk_reason": "xét sau",
        }
        visits.append(post(f"{url}/api/visits", body, f"key {number}")["id"])
    time.sleep(3)  # the demonstration's insurer answers meanwhile
    correction = {"phone": "0999999999", "why": "gõ nhầm số", "version": "1"}
    for visit, change, fields in (
        (visits[1], "correct", correction),
        (visits[2], "cancel", {"why": "nhầm người", "version": "1"}),
    ):
        data = urllib.parse.urlencode(fields).encode()
        with contextlib.suppress(urllib.error.HTTPError):  # the first version cannot do it
            urllib.request.urlopen(
                urllib.request.Request(
                    f"{url}/logbook/visits/{visit}/{change}", data, {"Origin": url}
                )
            ).close()
    time.sleep(3)


def post(url: str, body: dict[str, object], key: str = "") -> dict[str, str]:
    """Send JSON; return the JSON that is answered."""
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(json.load(answer))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
