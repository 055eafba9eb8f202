"""Whether the program can use a data directory: looked at before anything in it is opened.

1. Each file that the program opens is a file, and each folder is a folder.
2. What is written to can be written to, and new files can be made.
3. What is wrong is said in one line, which names the path and what to do.

A folder in a file's place would otherwise be an error of SQLite without a path, or, worse, would
show only in the log of a desk that looks well.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from kiosk.errors import SettingsError

# What lies in a data directory, as docs/architecture.md tells it.
DATABASES = ("logbook.db", "coverage.db")
WRITTEN_FILES = (
    *(f"{name}{part}" for name in DATABASES for part in ("", "-wal", "-shm")),
    "logbook.mark",
    "refused-pin.json",
    "hub-stream.json",
    *(f"{name}.lock" for name in ("program", "sync", "backup", "encryption", "feed/change")),
    *(f"feed/{name}.json" for name in ("current", "tries", "progress")),
)
READ_FILES = (
    "kiosk.toml",
    "rooms.json",
    *(f"secrets/{name}.key" for name in ("staff", "proof", "logbook-mark")),
)
WRITTEN_FOLDERS = ("feed", "secrets", "backups", "reports", "stand-in", "aside")
READ_FOLDERS = ("tables",)

KINDS = {errno.EROFS: "it is read-only", errno.EACCES: "this account may not write there"}


def require_usable(folder: Path) -> None:
    """Look at a data directory in which the program is about to work; nothing in it is changed.

    Raises SettingsError if something in it is not what it should be, or cannot be written.
    """
    _require_kinds(folder)
    for place in (folder, *_existing(folder, WRITTEN_FOLDERS)):
        _require_new_files(place)
    for file in _existing(folder, WRITTEN_FILES):
        _require_opens(file, "r+b", "written")
    for file in _existing(folder, READ_FILES):
        _require_opens(file, "rb", "read")


def _require_kinds(folder: Path) -> None:
    for path in _existing(folder, (*WRITTEN_FOLDERS, *READ_FOLDERS)):
        if not path.is_dir():
            raise SettingsError(
                f"{path}: is not a folder, and the program needs a folder of this name; move it"
                " away, then start again"
            )
    for path in _existing(folder, (*WRITTEN_FILES, *READ_FILES)):
        if path.is_dir():
            raise SettingsError(
                f"{path}: is a folder, and the program needs a file of this name; move it away,"
                " then start again"
            )
        if not path.is_file():  # a pipe or a device would be waited for, without end
            raise SettingsError(
                f"{path}: is neither a file nor a folder; move it away, then start again"
            )


def _existing(folder: Path, names: Iterable[str]) -> list[Path]:
    """Return what is there of some names. Raises SettingsError if that cannot be seen."""
    try:
        return [folder / name for name in names if os.path.lexists(folder / name)]
    except OSError as exc:
        raise _unusable(folder, "looked at", exc) from exc


def _require_new_files(folder: Path) -> None:
    """Make an empty file, which needs no space, and remove it again."""
    trial = folder / f".{secrets.token_hex(8)}.trial"
    try:
        os.close(os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        trial.unlink()
    except OSError as exc:
        raise _unusable(folder, "written to", exc) from exc


def _require_opens(file: Path, mode: str, done: str) -> None:
    try:
        with file.open(mode):
            pass
    except OSError as exc:
        raise _unusable(file, done, exc) from exc


def _unusable(path: Path, done: str, exc: OSError) -> SettingsError:
    why = KINDS.get(exc.errno or 0, exc.strerror or type(exc).__name__)
    if exc.errno == errno.EROFS:
        advice = "mount the disk for writing (the system's log says why it is not), or name another"
        return SettingsError(f"{path}: cannot be {done}: {why}; {advice} directory with --data")
    if exc.errno in (errno.EACCES, errno.EPERM):
        advice = "give it to the account under which the program runs, or run the program as its"
        return SettingsError(f"{path}: cannot be {done}: {why}; {advice} owner")
    return SettingsError(f"{path}: cannot be {done} ({why}); look at the disk and its free space")
