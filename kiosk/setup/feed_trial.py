"""The first update from a feed, made while somebody looks: in a thread, with its result kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from kiosk.data import adopted_manifest
from kiosk.errors import DataError, KioskError
from kiosk.feed import connect_feed
from kiosk.runtime.errors import AlreadyRunning
from kiosk.runtime.paths import synced_folder
from kiosk.runtime.proxies import DIRECT, Proxies
from kiosk.settings import FeedSettings
from verify import BUILD_TIME


class FeedTrialState(StrEnum):
    """How far the first update is; `FAILED` has the kind of the error beside it."""

    NONE = "none"
    RUNNING = "running"
    GOOD = "good"
    BUSY = "busy"  # another process is updating
    FAILED = "failed"


class FeedTrialResult(NamedTuple):
    """The state, the version that is in use, and why it failed, with the kind of the error."""

    state: FeedTrialState
    version: str = ""
    kind: str = ""
    detail: str = ""


class FeedTrial:
    """The first update of a site. Any thread may call; one update runs at a time.

    `folder` is the data directory, `now` returns the time (aware), `done` is called with each
    result, and `proxies` are the way out.
    """

    def __init__(
        self,
        folder: Path,
        now: Callable[[], datetime],
        done: Callable[[FeedTrialResult], object],
        proxies: Proxies = DIRECT,
    ) -> None:
        self._folder, self._now, self._done, self._proxies = folder, now, done, proxies
        self._lock = threading.Lock()
        self._result = FeedTrialResult(FeedTrialState.NONE)

    @property
    def result(self) -> FeedTrialResult:
        """How far it is."""
        return self._result

    def start(self, feed: FeedSettings) -> None:
        """Begin an update, unless one runs. Raises SettingsError if the root cannot be used."""
        with self._lock:
            if self._result.state is FeedTrialState.RUNNING:
                return
            synced = synced_folder(self._folder)
            schedule = connect_feed(
                feed,
                synced,
                self._now,
                lambda: BUILD_TIME,
                lambda: True,
                lambda: None,
                proxies=self._proxies,
            )
            if schedule is None:
                self._result = FeedTrialResult(FeedTrialState.NONE)
                return
            self._result = FeedTrialResult(FeedTrialState.RUNNING)

        def run() -> None:
            try:
                self._result = _result_of(schedule.update_once(), synced)
            except (KioskError, OSError) as exc:  # a thread that dies would end the program
                kind = type(exc).__name__
                self._result = FeedTrialResult(FeedTrialState.FAILED, "", "failed", kind)
            self._done(self._result)

        threading.Thread(target=run, name="first update", daemon=True).start()


def _result_of(failure: KioskError | None, synced: Path) -> FeedTrialResult:
    if isinstance(failure, AlreadyRunning):
        return FeedTrialResult(FeedTrialState.BUSY)
    if failure is not None:
        kind = failure.kind if isinstance(failure, DataError) else "failed"
        return FeedTrialResult(FeedTrialState.FAILED, "", kind, str(failure))
    manifest = adopted_manifest(synced)
    return FeedTrialResult(FeedTrialState.GOOD, str(manifest.feed or ""))
