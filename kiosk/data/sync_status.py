"""The result of the last attempts to update from the feed, kept for pages and `doctor`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path

from kiosk.errors import DataError, KioskError
from kiosk.runtime.files import replace_while_read

STATUS_FILE = "tries.json"
MAX_DRIFT_AGE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """The result of the last attempts; an attempt that failed makes nothing newer.

    All moments are aware; None: never.
    """

    tried_at: datetime | None = None
    reached_at: datetime | None = None  # of the last attempt that succeeded
    next_at: datetime | None = None
    source: str = ""  # of the last attempt that succeeded
    failure: str = ""  # the kind of the last attempt's error; empty: it succeeded
    detail: str = ""
    drift_s: float | None = None  # how far the feed's clock is ahead of ours; None: not known

    def feed_time(self, now: datetime) -> datetime | None:
        """Return what the feed's clock shows at `now` (aware), by its last answer.

        None if it is not known, or not from about MAX_DRIFT_AGE: our clock may have been set since.
        """
        measured_at = self.tried_at or self.reached_at
        is_old = measured_at is not None and abs(now - measured_at) > MAX_DRIFT_AGE
        if self.drift_s is None or is_old:
            return None
        try:
            return now + timedelta(seconds=self.drift_s)
        except (OverflowError, ValueError):  # the file was damaged
            return None

    def after_success(self, now: datetime, source: str, drift: timedelta | None) -> SyncStatus:
        """Return the status after an attempt that succeeded."""
        return replace(
            self,
            tried_at=now,
            reached_at=now,
            source=source,
            failure="",
            detail="",
            drift_s=None if drift is None else drift.total_seconds(),
        )

    def after_failure(self, now: datetime, why: KioskError, drift: timedelta | None) -> SyncStatus:
        """Return the status after an attempt that failed.

        A failed answer may still carry the server's time.  Without one, the earlier drift is kept.
        """
        return replace(
            self,
            tried_at=now,
            failure=why.kind if isinstance(why, DataError) else DataError.kind,
            detail=str(why),
            drift_s=self.drift_s if drift is None else drift.total_seconds(),
        )


def read_sync_status(folder: Path) -> SyncStatus:
    """Return the status that is kept in `folder`; an empty one if it cannot be read.

    That is no error, because nothing depends on the status.
    """
    try:
        content = json.loads((folder / STATUS_FILE).read_text("utf-8"))
        moments = {
            name: content[name] and datetime.fromisoformat(content[name])
            for name in ("tried_at", "reached_at", "next_at")
        }
        values = {field.name: content[field.name] for field in fields(SyncStatus)}
        return SyncStatus(**(values | moments))
    except (OSError, ValueError, KeyError, TypeError):
        return SyncStatus()


def write_sync_status(folder: Path, status: SyncStatus) -> None:
    """Keep the status in `folder`.  Raises OSError if the disk is full."""
    content = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(status).items()
    }
    part = folder / f"{STATUS_FILE}.part"
    part.write_text(json.dumps(content), "utf-8")
    replace_while_read(part, folder / STATUS_FILE)
