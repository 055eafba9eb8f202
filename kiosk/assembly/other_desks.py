"""The other desks of the facility, where the settings name a hub.

Nothing of the hub is imported without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.runtime.file_key import FileKey
from kiosk.settings import Settings

if TYPE_CHECKING:
    from kiosk.hub import Others

OTHERS_FILE = "others.db"


def open_others(settings: Settings, folder: Path, keys: Sequence[FileKey]) -> Others | None:
    """Return what is known of the other desks; None without a hub.

    `keys` are those of the logbook, the newest last.  Without a hub, what an earlier one has left
    in the data directory is deleted: it is about people, and nobody would keep it up to date.
    """
    path = folder / OTHERS_FILE
    if not settings.hub.url:
        for end in ("", "-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        return None
    from kiosk.hub import Others

    return Others(path, settings.facility.code, keys[-1] if keys else None)
