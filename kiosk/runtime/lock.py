"""Locks between processes: some work on a data directory may be done by one process at a time.

A lock is the exclusive lock of an empty SQLite database, because that works the same on every
system and the system itself releases it when a process is killed.

Whoever holds a lock may say where it is reached, in the file `<name>.holder`.  That file is removed
when the lock is taken and when it is given back, so it never speaks of an earlier holder: of a
holder that was killed it is read by nobody, since its lock is free.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kiosk.errors import SettingsError
from kiosk.runtime.errors import AlreadyRunning

MAX_HOLDER_CHARACTERS = 300
HOLDER_PAUSE_S = 0.1  # longer than a new holder takes to remove what an earlier one said
REMOVE_ATTEMPTS = 20
REMOVE_RETRY_DELAY_S = 0.05  # Windows removes no file that somebody reads


@contextlib.contextmanager
def exclusive_lock(folder: Path, name: str = "sync") -> Iterator[Callable[[str], None]]:
    """Hold the lock `name` of a data directory; it is the file `<name>.lock` in `folder`.

    Gives what says where the holder is reached, for `holder_of`.

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
        holder = _holder_file(folder, name)
        _remove(holder)
        try:
            yield lambda where: _say(holder, where)
        finally:
            _remove(holder)
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


def holder_of(folder: Path, name: str) -> str:
    """Return where the holder of a lock says that it is reached; empty if it has not said so.

    Call it after AlreadyRunning: what a holder said is removed when it gives the lock back.
    """
    first = _said(_holder_file(folder, name))
    if not first:
        return ""
    time.sleep(HOLDER_PAUSE_S)  # the lock may have been taken a moment ago
    return first if _said(_holder_file(folder, name)) == first else ""


def _holder_file(folder: Path, name: str) -> Path:
    return folder / f"{name}.holder"


def _said(file: Path) -> str:
    try:
        text = file.read_text("utf-8")[:MAX_HOLDER_CHARACTERS]
    except (OSError, ValueError):
        return ""
    return text.strip() if text.endswith("\n") else ""  # without its end it is being written


def _say(file: Path, where: str) -> None:
    with contextlib.suppress(OSError):  # it only helps whoever starts a second program
        file.write_text(where + "\n", "utf-8")


def _remove(file: Path) -> None:
    for _ in range(REMOVE_ATTEMPTS):
        try:
            file.unlink(missing_ok=True)
        except PermissionError:
            time.sleep(REMOVE_RETRY_DELAY_S)
        except OSError:
            return
        else:
            return


def _advice(exc: sqlite3.Error) -> str:
    """Return what to do about a lock file that cannot be used."""
    if getattr(exc, "sqlite_errorcode", None) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return "it is no lock: remove it"
    return "look at the disk, its free space and the rights of the folder"
