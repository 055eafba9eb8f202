"""What became of the last tries to reach the feed, kept for pages and doctor."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path

from kiosk.errors import DataError, KioskError
from kiosk.runtime.files import replace_while_read

FILE = "tries.json"


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """Moments are aware; None: never.  An attempt that failed makes nothing newer."""

    tried_at: datetime | None = None
    reached_at: datetime | None = None  # the last that did not fail
    next_at: datetime | None = None
    source: str = ""  # of the last that did not fail
    failure: str = ""  # its kind; empty: the last did not fail
    detail: str = ""
    drift_s: float | None = None  # how far the feed's clock stood ahead of ours

    def after_success(self, now: datetime, source: str, drift: timedelta | None) -> SyncStatus:
        """Return them with one that did not fail."""
        drift_s = None if drift is None else drift.total_seconds()
        return replace(self, tried_at=now, reached_at=now, source=source, failure="", detail="",
                       drift_s=drift_s)  # fmt: skip

    def after_failure(self, now: datetime, why: KioskError, drift: timedelta | None) -> SyncStatus:
        """Return them with one that failed; a server that was reached may have told its clock."""
        drift_s = self.drift_s if drift is None else drift.total_seconds()
        kind = why.kind if isinstance(why, DataError) else DataError.kind
        return replace(self, tried_at=now, failure=kind, detail=str(why), drift_s=drift_s)


def read_sync_status(folder: Path) -> SyncStatus:
    """Return what is kept; nothing where that cannot be read, for it decides nothing."""
    try:
        said = json.loads((folder / FILE).read_text("utf-8"))
        moments = {name: said[name] and datetime.fromisoformat(said[name])
                   for name in ("tried_at", "reached_at", "next_at")}  # fmt: skip
        kept = {field.name: said[field.name] for field in fields(SyncStatus)}
        return SyncStatus(**(kept | moments))
    except (OSError, ValueError, KeyError, TypeError):
        return SyncStatus()


def write_sync_status(folder: Path, tries: SyncStatus) -> None:
    """Keep them; OSError where the disk is full."""
    said = {name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(tries).items()}  # fmt: skip
    part = folder / f"{FILE}.part"
    part.write_text(json.dumps(said), "utf-8")
    replace_while_read(part, folder / FILE)
