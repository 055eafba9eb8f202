"""Files that must survive a power cut, and files that are replaced while others read them."""

from __future__ import annotations

import os
import time
from pathlib import Path

REPLACE_ATTEMPTS = 20
REPLACE_RETRY_DELAY_S = 0.05  # a reader has the file open for less than a millisecond


def replace_while_read(part: Path, path: Path) -> None:
    """Replace the file `path` by the file `part` in one step, although others may be reading it.

    Windows refuses to replace a file that is open, so this tries again for about a second.
    Raises OSError if the file still cannot be replaced.
    """
    for _ in range(REPLACE_ATTEMPTS - 1):
        try:
            os.replace(part, path)
        except PermissionError:
            time.sleep(REPLACE_RETRY_DELAY_S)
        else:
            return
    os.replace(part, path)


def folder_to_disk(folder: Path) -> None:
    """Wait until the names in `folder` are on disk, after a file in it was created or renamed.

    Does nothing on Windows, which cannot open a folder and writes a rename through by itself.
    Raises OSError if the disk fails.
    """
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
