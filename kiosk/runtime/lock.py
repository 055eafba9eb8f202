"""One of a kind at a time, on whatever system: SQLite's own lock, which a kill gives back."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from kiosk.errors import SettingsError
from kiosk.runtime.errors import AlreadyRunning


@contextlib.contextmanager
def exclusive_lock(folder: Path, what: str = "sync") -> Iterator[None]:
    """Hold the lock of a data directory for some work; AlreadyRunning where another does it.

    SettingsError where there is no such directory, or nothing can be written in it.
    """
    path = folder / f"{what}.lock"
    try:
        conn = sqlite3.connect(path, timeout=0, isolation_level=None)
    except sqlite3.Error as exc:
        raise SettingsError(f"{folder}: is not there, or cannot be written in") from exc
    try:
        try:
            conn.execute("begin exclusive")
        except sqlite3.Error as exc:
            if getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise AlreadyRunning(f"{folder}: a {what} is running already") from exc
            raise SettingsError(f"{path}: cannot be used ({exc}); remove it") from exc
        yield
    finally:
        conn.close()
