"""Since when each check is in its state, kept in the data directory: the file `doctor.json`.

1.  It is a file beside the logbook, not a table in it: it has to work while the logbook is held,
    damaged or full.  It holds codes, names of the settings, states and times: no person's data.
2.  The running program and the command `doctor` both write it, one at a time, each time from what
    is there then (a lock between processes).  What one of them did not check stays.
3.  If it cannot be written, on a full disk, the checks are shown all the same; a process keeps what
    it knows in memory until it can be.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.doctor.check import Check
from kiosk.doctor.observations import Observations, observations_from
from kiosk.errors import SettingsError
from kiosk.runtime.errors import AlreadyRunning
from kiosk.runtime.files import replace_while_read
from kiosk.runtime.lock import exclusive_lock

FILE = "doctor.json"
LOCK = "doctor"
WAIT_S, PAUSE_S = 2.0, 0.05  # for the other process
FORGET_AFTER = timedelta(days=30)  # a check that nobody made
MAX_BYTES = 1_000_000  # of the file; a larger one is not ours


@dataclass(frozen=True, slots=True)
class _KnownState:
    """What is known of one check; the times are aware."""

    state: str
    since: datetime
    at: datetime  # when it was checked last


class CheckMemory:
    """The file of one data directory. Any thread may use it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._folder = folder
        self._unwritten: dict[str, _KnownState] = {}
        self._thread_lock = threading.Lock()

    def observations(self) -> Observations | None:
        """Return what the program that ran last saw; None if that is not known."""
        return observations_from(_read(self.path).get("program"))

    def remember(
        self, checks: Iterable[Check], now: datetime, program: Observations | None = None
    ) -> list[Check]:
        """Return checks with since when each is in its state, and keep that.

        `now` is aware. `program` is what the running program saw; None: that is left as it is.
        """
        checks = list(checks)
        with self._thread_lock:
            deadline = time.monotonic() + WAIT_S
            while True:
                try:
                    with exclusive_lock(self._folder, LOCK):
                        return self._merge(checks, now, program, writes=True)
                except AlreadyRunning:
                    if time.monotonic() >= deadline:
                        break
                    time.sleep(PAUSE_S)
                except SettingsError:  # the folder cannot be written to
                    break
            return self._merge(checks, now, program, writes=False)

    def _merge(
        self, checks: list[Check], now: datetime, program: Observations | None, writes: bool
    ) -> list[Check]:
        record = _read(self.path)
        known = _states(record.get("checks")) | self._unwritten
        dated = []
        for check in checks:
            before = known.get(check.key)
            is_same = before is not None and before.state == check.state
            since = min(before.since, now) if before is not None and is_same else now
            known[check.key] = _KnownState(check.state, since, now)
            dated.append(replace(check, since=check.since or since))
        known = {key: row for key, row in known.items() if now - row.at < FORGET_AFTER}
        content = {
            "checks": {key: _as_json(row) for key, row in known.items()},
            "program": record.get("program") if program is None else program.as_json(),
        }
        self._unwritten = {} if writes and _write(self.path, content) else known
        return dated


def _states(record: Any) -> dict[str, _KnownState]:
    """Return what a file holds of each check; what is damaged is left out."""
    known = {}
    for key, row in record.items() if isinstance(record, Mapping) else ():
        try:
            since, at = (datetime.fromisoformat(row[name]) for name in ("since", "at"))
            if since.tzinfo and at.tzinfo:
                known[str(key)] = _KnownState(str(row["state"]), since, at)
        except (KeyError, TypeError, ValueError):
            continue
    return known


def _as_json(row: _KnownState) -> dict[str, str]:
    return {
        "state": row.state,
        "since": row.since.isoformat(timespec="seconds"),
        "at": row.at.isoformat(timespec="seconds"),
    }


def _read(path: Path) -> dict[str, Any]:
    """Return the content of the file; an empty one if it cannot be read: nothing depends on it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return {}
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(path: Path, content: dict[str, Any]) -> bool:
    """Write the file in one step; return whether that worked."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        replace_while_read(part, path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        return False
    return True
