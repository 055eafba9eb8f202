"""How the disk of a folder is: how much is free, and whether it can be written to at all."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import NamedTuple

TRIAL = ".disk.trial"
LEAST_FREE_BYTES = 20_000_000  # for a commit and its write-ahead log


class DiskSpace(NamedTuple):
    """The state of a disk."""

    free_bytes: int
    is_read_only: bool

    @property
    def word(self) -> str:
        """The state as one word: ok, full or read_only."""
        if self.is_read_only:
            return "read_only"
        return "ok" if self.free_bytes >= LEAST_FREE_BYTES else "full"


def disk_state(folder: Path) -> DiskSpace:
    """Return the state of the disk of a folder. Raises OSError if the folder is not there.

    It makes an empty file and removes it: Linux does not say of a disk that it made read-only
    after an error that it is.
    """
    free = shutil.disk_usage(folder).free
    try:
        os.close(os.open(folder / TRIAL, os.O_WRONLY | os.O_CREAT, 0o600))
        (folder / TRIAL).unlink(missing_ok=True)
    except OSError as exc:
        if exc.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            return DiskSpace(free, is_read_only=True)
        return DiskSpace(free if exc.errno != errno.ENOSPC else 0, is_read_only=False)
    return DiskSpace(free, is_read_only=False)
