"""The result of the last attempts to update from the feed, kept for pages and `doctor`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path

from kiosk.errors import DataError, KioskError
from kiosk.runtime.files import replace_while_read
from kiosk.runtime.server_time import is_possible_time
from kiosk.runtime.steady_clock import SteadyClock

STATUS_FILE = "tries.json"
MAX_READING_AGE_S = 3600.0  # of the feed's clock; the steady clock is not exact for longer


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
    feed_clock_at: datetime | None = None  # what the feed's clock showed
    steady_s: float | None = None  # what the steady clock showed then, and in which boot
    boot: str = ""

    def feed_time(self, steady: SteadyClock) -> datetime | None:
        """Return what the feed's clock shows now (aware), by its last answer.

        The steady clock says what has passed, because ours may have been set since.  None if no
        answer within MAX_READING_AGE_S and in this boot of the machine is known, or if it gave no
        possible time.
        """
        if self.feed_clock_at is None or self.steady_s is None or self.boot != steady.boot:
            return None
        try:
            passed_s = steady() - self.steady_s
            is_old = not 0 <= passed_s <= MAX_READING_AGE_S
            if is_old or not is_possible_time(self.feed_clock_at):
                return None
            return self.feed_clock_at + timedelta(seconds=passed_s)
        except (OverflowError, TypeError, ValueError):  # the file was damaged
            return None

    def with_feed_clock(self, moment: datetime, steady: SteadyClock) -> SyncStatus:
        """Return the status with what the feed's clock shows now (aware)."""
        return replace(self, feed_clock_at=moment, steady_s=steady(), boot=steady.boot)

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
        content = {"feed_clock_at": None, "steady_s": None, "boot": ""} | content
        moments = {
            name: content[name] and datetime.fromisoformat(content[name])
            for name in ("tried_at", "reached_at", "next_at", "feed_clock_at")
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
