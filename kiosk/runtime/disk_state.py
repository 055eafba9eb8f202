"""How the disk of a folder is: how much is free, and whether it can be written to at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

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
    """Return the state of the disk of a folder; nothing is written. Raises OSError."""
    free = shutil.disk_usage(folder).free
    if hasattr(os, "statvfs"):
        return DiskSpace(free, bool(os.statvfs(folder).f_flag & os.ST_RDONLY))
    return DiskSpace(free, not os.access(folder, os.W_OK))
