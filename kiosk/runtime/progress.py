"""How far long work has come: how much, how fast, how long still; for a terminal and for pages.

It is kept in a file, for who does the work may be another process than who shows it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple, Protocol

FILE = "progress.json"
TELL_EVERY_S = 1.0
OLD_S = 30.0  # who did the work is no more


class ReportProgress(Protocol):
    """Is told how far work has come; Progress is one."""

    def __call__(self, what: str, done: int, total: int | None = None, /) -> None:
        """Hear it, as often as it is said."""


class ProgressUpdate(NamedTuple):
    """`total` and `left_s` are None where nobody can know."""

    what: str  # download, reading, writing
    done: int  # bytes of a download, else records
    total: int | None
    rate: float  # a second
    left_s: float | None


class Progress:
    """Progress of one piece of work; call it as often as you like."""

    def __init__(self, folder: Path, to_terminal: bool = False) -> None:
        self._path, self._to_terminal = folder / FILE, to_terminal
        self._what, self._began, self._first = "", 0.0, 0
        self._tell_at = 0.0
        self._has_told = False

    def __call__(self, what: str, done: int, total: int | None = None) -> None:
        """Note how far it has come."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._began, self._first = what, now, done
        if now < self._tell_at:
            return
        self._tell_at = now + TELL_EVERY_S
        rate = (done - self._first) / (now - self._began) if now > self._began else 0.0
        left = (total - done) / rate if total is not None and rate > 0 else None
        read_progress = ProgressUpdate(what, done, total, rate, left)
        with contextlib.suppress(OSError):  # a full disk is told by the work itself
            part = self._path.with_suffix(".part")
            part.write_text(json.dumps(read_progress._asdict()), "utf-8")
            os.replace(part, self._path)
            self._has_told = True
        if self._to_terminal:
            print(progress_text(read_progress), file=sys.stderr)

    def end(self) -> None:
        """The work is over, whatever became of it; another process may be at its own."""
        if self._has_told:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


def read_progress(folder: Path, now_s: float) -> ProgressUpdate | None:
    """Return how far the work that goes on now has come; None where none does.

    `now_s` is the moment in seconds since 1970, as files' times are.
    """
    path = folder / FILE
    try:
        if now_s - path.stat().st_mtime > OLD_S:
            return None
        return ProgressUpdate(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def progress_text(at: ProgressUpdate) -> str:
    """Return a line for the terminal."""
    size, of = (1_000_000, "MB") if at.what == "download" else (1, "records")
    total = "" if at.total is None else f" of {at.total / size:,.0f}"
    left = "" if at.left_s is None else f", {at.left_s:,.0f} s left"
    return f"{at.what}: {at.done / size:,.0f}{total} {of}, {at.rate / size:,.1f} a second{left}"
