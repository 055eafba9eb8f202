"""The rounds to the feed: when it is asked, from which sources, and what became of it."""

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

log = logging.getLogger(__name__)

FIRST_AGAIN = timedelta(minutes=1)  # after a failure; doubled with each
SPREAD = 0.2  # of the time between two, so that not all clinics come at once


class FeedSchedule:
    """Asks the feed's sources in their order: what the first of them gives is taken."""

    def __init__(
        self,
        folder: Path,
        feed: Feed,
        sources: Sequence[FeedSource],
        every: timedelta,
        now: Callable[[], datetime],
        adopted: Callable[[], None],
    ) -> None:
        """`adopted` is called after each update that succeeded, so that it is used at once."""
        self._folder, self._feed, self._sources = folder, feed, sources
        self._adopted = adopted
        self._every, self._now = every, now
        self._wake = threading.Event()
        self._failures, self._pause_s = 0, 0.0

    def update_once(self, to_terminal: bool = False) -> KioskError | None:
        """Ask once; return why nothing could be had, None where something could.

        The first source's failure is kept for pages, also where a later one had something: it is
        the one that was to work.  That another process is at it is no failure.
        """
        progress = Progress(self._folder, to_terminal)
        failures: list[tuple[KioskError, FeedSource]] = []
        came: FeedSource | None = None
        try:
            for source in self._sources:
                try:
                    is_new = self._feed.update(source, progress)
                except AlreadyRunning as exc:
                    log.info("%s; the next round looks again", exc)
                    self._pause_s = FIRST_AGAIN.total_seconds()
                    return exc
                except KioskError as exc:
                    failures.append((exc, source))
                else:
                    self._adopted()
                    # A stick that holds what is in use already has told nothing new.
                    came = source if is_new or not failures else None
                    break
        finally:
            progress.end()
        self._note(came, failures)
        return failures[0][0] if failures and came is None else None

    def _note(self, came: FeedSource | None, failures: list[tuple[KioskError, FeedSource]]) -> None:
        """Keep what became of it, and when it is tried again."""
        tries, now = read_sync_status(self._folder), self._now()
        if came is not None:
            tries = tries.after_success(now, came.name, came.drift())
        if failures:
            why, source = failures[0]
            log.warning("the feed gave nothing: %s", why)
            tries = tries.after_failure(now, why, source.drift())
        self._failures = self._failures + 1 if failures else 0
        self._pause_s = self._pause().total_seconds()
        try:
            write_sync_status(
                self._folder, replace(tries, next_at=now + timedelta(seconds=self._pause_s))
            )
        except OSError as exc:
            log.error("what became of the feed cannot be kept: %s", exc.strerror)

    def _pause(self) -> timedelta:
        pause = self._every
        if self._failures:
            pause = min(pause, FIRST_AGAIN * 2 ** min(self._failures - 1, 10))
        return pause * random.uniform(1 - SPREAD, 1 + SPREAD)

    def request_update(self) -> None:
        """Have the next round begin at once."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Go round after round until `stop` is set."""
        while not stop.is_set():
            self._wake.clear()
            self.update_once()
            left_s = self._pause_s
            while left_s > 0 and not stop.is_set() and not self._wake.is_set():
                stop.wait(min(left_s, 0.5))
                left_s -= 0.5
