"""The progress of long work: how much is done, how fast, and how much time is left.

It is kept in a file of the data directory, because the process that does the work may not be the
one that shows it on a page.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple, Protocol

PROGRESS_FILE = "progress.json"
WRITE_INTERVAL_S = 1.0
MAX_UPDATE_AGE_S = 30.0  # of the file; if it is older, the process that did the work has died
BYTES_PER_MB = 1_000_000


class ReportProgress(Protocol):
    """A function that is called with the progress of some work; `Progress` is one."""

    def __call__(self, what: str, done: int, total: int | None = None, /) -> None:
        """Take note that `done` of `total` is done; may be called as often as you like.

        `what` and the units are those of `ProgressUpdate`.  A `total` of None is not known.
        """


class ProgressUpdate(NamedTuple):
    """How far some work is; `total` and `left_s` are None if they cannot be known."""

    what: str  # download, reading or writing
    done: int  # bytes of a download, records of other work
    total: int | None
    rate: float  # bytes or records per second
    left_s: float | None


class Progress:
    """The progress of one piece of work, written to a file at most once a second."""

    def __init__(self, folder: Path, to_terminal: bool = False) -> None:
        """`folder` is where the file is kept; with `to_terminal`, stderr shows the same."""
        self._path, self._to_terminal = folder / PROGRESS_FILE, to_terminal
        self._what, self._began_at, self._done_before = "", 0.0, 0
        self._next_write_at = 0.0
        self._has_written = False

    def __call__(self, what: str, done: int, total: int | None = None) -> None:
        """Take note of the progress, as `ReportProgress` describes it."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._began_at, self._done_before = what, now, done
        if now < self._next_write_at:
            return
        self._next_write_at = now + WRITE_INTERVAL_S
        seconds = now - self._began_at
        rate = (done - self._done_before) / seconds if seconds > 0 else 0.0
        left_s = (total - done) / rate if total is not None and rate > 0 else None
        update = ProgressUpdate(what, done, total, rate, left_s)
        with contextlib.suppress(OSError):  # if the disk is full, the work itself says so
            part = self._path.with_suffix(".part")
            part.write_text(json.dumps(update._asdict()), "utf-8")
            os.replace(part, self._path)
            self._has_written = True
        if self._to_terminal:
            print(progress_text(update), file=sys.stderr)

    def end(self) -> None:
        """Remove the file, because the work has ended, successfully or not.

        Work that never wrote a progress removes nothing: the file is then another process's.
        """
        if self._has_written:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


def read_progress(folder: Path, now_s: float) -> ProgressUpdate | None:
    """Return how far the work is that goes on now; None if there is no such work.

    `now_s` is the time in seconds since 1970, as the times of files are.
    """
    path = folder / PROGRESS_FILE
    try:
        if now_s - path.stat().st_mtime > MAX_UPDATE_AGE_S:
            return None
        return ProgressUpdate(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def progress_text(update: ProgressUpdate) -> str:
    """Return one line for the terminal."""
    size, unit = (BYTES_PER_MB, "MB") if update.what == "download" else (1, "records")
    total = "" if update.total is None else f" of {update.total / size:,.0f}"
    left = "" if update.left_s is None else f", {update.left_s:,.0f} s left"
    rate = f"{update.rate / size:,.1f} a second"
    return f"{update.what}: {update.done / size:,.0f}{total} {unit}, {rate}{left}"
