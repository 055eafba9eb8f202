"""Locks between processes: some work on a data directory may be done by one process at a time.

A lock is the exclusive lock of an empty SQLite database, because that works the same on every
system and the system itself releases it when a process is killed.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from kiosk.errors import SettingsError
from kiosk.runtime.errors import AlreadyRunning


@contextlib.contextmanager
def exclusive_lock(folder: Path, name: str = "sync") -> Iterator[None]:
    """Hold the lock `name` of a data directory; it is the file `<name>.lock` in `folder`.

    Does not wait: raises AlreadyRunning if another process or thread holds the lock.  Raises
    SettingsError if there is no such folder, or the lock file cannot be written or used.
    """
    path = folder / f"{name}.lock"
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    except sqlite3.Error as exc:
        raise SettingsError(f"{folder}: does not exist, or cannot be written to") from exc
    try:
        try:
            # Without a journal the lock writes nothing: it can be held on a full disk too.
            connection.execute("pragma journal_mode = memory")
            connection.execute("begin exclusive")
        except sqlite3.Error as exc:
            if getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise AlreadyRunning(f"{folder}: another process holds the lock {name!r}") from exc
            raise SettingsError(f"{path}: cannot be used ({exc}); {_advice(exc)}") from exc
        yield
    finally:
        connection.close()


def is_locked(folder: Path, name: str) -> bool:
    """Return whether another process holds the lock `name` of a data directory.

    It reads the lock file for some microseconds and takes no lock that could refuse a start for
    longer than that.  A lock file that is missing or cannot be used is held by nobody.
    """
    path = folder / f"{name}.lock"
    if not path.is_file():
        return False
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", timeout=0, uri=True)
    except sqlite3.Error:
        return False
    try:
        connection.execute("select count(*) from sqlite_schema").fetchone()
    except sqlite3.Error as exc:
        return getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
    finally:
        connection.close()
    return False


def _advice(exc: sqlite3.Error) -> str:
    """Return what to do about a lock file that cannot be used."""
    if getattr(exc, "sqlite_errorcode", None) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return "it is no lock: remove it"
    return "look at the disk, its free space and the rights of the folder"
