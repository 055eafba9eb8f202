"""The schedule of updates: when the feed is asked, from which sources, and what the result was.

1. The sources are asked in their order; the first that has the feed is used.
2. After a failure the next attempt is soon, and with each further failure later, up to the usual
   interval.
3. If an earlier source failed, its error is kept for pages even if a later source was used,
   because the earlier one was expected to work.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from kiosk.data import read_sync_status, write_sync_status
from kiosk.errors import KioskError
from kiosk.feed.sources import FeedSource
from kiosk.feed.update import Feed
from kiosk.runtime.errors import AlreadyRunning
from kiosk.runtime.progress import Progress
from kiosk.runtime.steady_clock import SteadyClock

log = logging.getLogger(__name__)

FIRST_RETRY_DELAY = timedelta(minutes=1)  # after a failure; doubled with each further one
JITTER = 0.2  # of the interval, so that not all clinics ask at the same moment
MAX_DOUBLINGS = 10
WAKE_CHECK_INTERVAL_S = 0.5

Failure = tuple[KioskError, FeedSource]


class FeedSchedule:
    """Updates from the feed, from several sources, at an interval."""

    def __init__(
        self,
        folder: Path,
        feed: Feed,
        sources: Sequence[FeedSource],
        interval: timedelta,
        now: Callable[[], datetime],
        adopted: Callable[[], None],
        steady: SteadyClock | None = None,
    ) -> None:
        """`folder` keeps the result; `adopted` is called after each update that succeeded.

        With `steady`, the feed's time is kept too, for other processes and after a restart.
        """
        self._steady = steady
        self._folder, self._feed, self._sources = folder, feed, sources
        self._adopted = adopted
        self._interval, self._now = interval, now
        self._wake = threading.Event()
        self._failures, self._pause_s = 0, 0.0

    def update_once(self, to_terminal: bool = False) -> KioskError | None:
        """Update from the first source that has the feed, and keep the result for pages.

        Returns None if one of them had something new, or nothing was new at the first; otherwise
        the first source's error.  With `to_terminal`, stderr shows the progress.  Returns
        AlreadyRunning, and keeps no result, if another process is updating: that is no failure.
        """
        progress = Progress(self._folder, to_terminal)
        failures: list[Failure] = []
        used: FeedSource | None = None
        try:
            for source in self._sources:
                try:
                    is_new = self._feed.update(source, progress)
                except AlreadyRunning as exc:
                    log.info("%s; it is tried again later", exc)
                    self._pause_s = FIRST_RETRY_DELAY.total_seconds()
                    return exc
                except KioskError as exc:
                    failures.append((exc, source))
                else:
                    self._adopted()
                    # A stick that holds what is in use already does not say what is newest.
                    used = source if is_new or not failures else None
                    break
        finally:
            progress.end()
        self._keep_result(used, failures)
        return failures[0][0] if failures and used is None else None

    def drift(self) -> timedelta | None:
        """Return how far the first source that shows its time is ahead of our clock now.

        None if none of them has done so since the program started.
        """
        drifts = (source.drift() for source in self._sources)
        return next((drift for drift in drifts if drift is not None), None)

    def request_update(self) -> None:
        """Have `run` update now, instead of at the end of the interval."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Update again and again until `stop` is set."""
        while not stop.is_set():
            self._wake.clear()
            self.update_once()
            left_s = self._pause_s
            while left_s > 0 and not stop.is_set() and not self._wake.is_set():
                stop.wait(min(left_s, WAKE_CHECK_INTERVAL_S))
                left_s -= WAKE_CHECK_INTERVAL_S

    def _keep_result(self, used: FeedSource | None, failures: list[Failure]) -> None:
        """Keep the result of an update, and when the next one is due."""
        status, now = read_sync_status(self._folder), self._now()
        if used is not None:
            status = status.after_success(now, used.name, used.drift())
        if failures:
            why, source = failures[0]
            log.warning("no update from the feed: %s", why)
            status = status.after_failure(now, why, source.drift())
        drift = self.drift()
        if drift is not None and self._steady is not None:
            status = status.with_feed_clock(now + drift, self._steady)
        self._failures = self._failures + 1 if failures else 0
        self._pause_s = self._pause().total_seconds()
        next_at = now + timedelta(seconds=self._pause_s)
        try:
            write_sync_status(self._folder, replace(status, next_at=next_at))
        except OSError as exc:
            log.error("the result of the update cannot be kept: %s", exc.strerror)

    def _pause(self) -> timedelta:
        pause = self._interval
        if self._failures:
            doublings = min(self._failures - 1, MAX_DOUBLINGS)
            pause = min(pause, FIRST_RETRY_DELAY * 2**doublings)
        return pause * random.uniform(1 - JITTER, 1 + JITTER)
