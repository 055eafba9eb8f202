"""Files that must survive a power cut, and files that are replaced while others read them."""

from __future__ import annotations

import os
import time
from pathlib import Path

REPLACE_TRIES = 20
REPLACE_DELAY_S = 0.05  # a reader has the file open for less than a millisecond


def replace_while_read(part: Path, path: Path) -> None:
    """Replace `path` by `part`, although others may be reading `path` just now.

    Windows refuses that while a reader has the file open: it is tried for a second.  Raises
    OSError if it cannot be replaced.
    """
    for _ in range(REPLACE_TRIES - 1):
        try:
            os.replace(part, path)
        except PermissionError:
            time.sleep(REPLACE_DELAY_S)
        else:
            return
    os.replace(part, path)


def folder_to_disk(folder: Path) -> None:
    """Wait until the names in a folder are on disk, after a file in it was renamed."""
    if os.name == "nt":
        return  # a folder cannot be opened there; renaming is written through
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
