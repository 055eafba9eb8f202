"""The copy of a logbook that is damaged, kept apart from the backups.

A damaged record makes every copy as faulty as the logbook itself, so there is no backup until one
from before is restored.  What is recorded meanwhile must not depend on the one disk that has just
shown faults: so the file is copied as it is, page by page, as `logbook-….faulty`.

It has another ending than a backup.  So it is never the newest one, never takes the place of one
when older ones are deleted, and is restored only by its name and with `--faulty`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from kiosk.backup.copies import FAULTY, Copies
from kiosk.logbook import copy_pages
from kiosk.runtime.file_key import FileKey
from kiosk.runtime.files import folder_to_disk, replace_while_read

KEPT = 2  # faulty copies


def keep_faulty(logbook: Path, copies: Copies, keys: Sequence[FileKey], now: datetime) -> Path:
    """Copy a damaged logbook as it is, and delete older faulty copies; return the file.

    Raises LogbookUnavailable if not even its pages can be copied, and OSError.
    """
    target = copies.free_name(now, FAULTY)
    part = target.with_name(f"{target.name}.part")
    try:
        copy_pages(logbook, part, keys)
        os.chmod(part, 0o600)
        replace_while_read(part, target)
    finally:
        with contextlib.suppress(OSError):  # the next run removes what is left
            part.unlink(missing_ok=True)
    folder_to_disk(copies.folder)
    for older in copies.faulty()[KEPT:]:
        older.unlink(missing_ok=True)
    return target
