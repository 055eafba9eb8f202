"""A whole copy of a logbook's file, made while the desk works on it.

- `VACUUM INTO` reads one moment of the logbook.  SQLite's stepwise backup would begin again
  whenever another connection writes.
- It pauses often, so that a desk on the same disk goes on as usual.
- The copy of an encrypted file is encrypted with the same key.
- While it runs, the write-ahead log of the original cannot be emptied.  That is done afterwards.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from kiosk.logbook.file_facts import file_opened, go_slowly
from kiosk.runtime import sqlite
from kiosk.runtime.file_key import FileKey

EMPTY_TIMEOUT_MS = 250  # that writers may be held up


def copy_file(path: Path, target: Path, keys: Sequence[FileKey] = ()) -> None:
    """Write the logbook at `path` into the new file `target`, and wait until it is on disk.

    Raises what `kiosk.logbook.file_facts.read_facts` raises, and OSError if the copy cannot be
    written to disk.  What there is of the copy stays then.
    """
    with file_opened(path, keys) as db:
        go_slowly(db)
        db.execute("vacuum into ?", [str(target)])
    with target.open("rb+") as file:
        os.fsync(file.fileno())
    empty_log(path, keys)


def copy_pages(path: Path, target: Path, keys: Sequence[FileKey] = ()) -> None:
    """Write the pages of a damaged logbook into the new file `target` as they are, to the disk.

    In one step, in which others may write: SQLite begins a slower one again after each of them.
    Raises what `copy_file` raises.
    """
    with file_opened(path, keys) as db:
        key = sqlite.find_key(path, keys)
        with contextlib.closing(sqlite.connect(target, key)) as copy:
            db.backup(copy)
    with target.open("rb+") as file:
        os.fsync(file.fileno())


def empty_log(path: Path, keys: Sequence[FileKey] = ()) -> None:
    """Bring the write-ahead log into the file and empty it, unless somebody else reads just now.

    Raises the same errors as `copy_file`.
    """
    with file_opened(path, keys) as db, contextlib.suppress(*sqlite.errors()):
        db.execute(f"pragma busy_timeout = {EMPTY_TIMEOUT_MS}")
        db.execute("pragma wal_checkpoint(truncate)").fetchall()
