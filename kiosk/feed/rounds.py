"""The rounds to the feed: when it is asked, from which sources, and what became of it."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from kiosk.errors import AlreadyRunning, FeedError, KioskError
from kiosk.feed.feed import Feed
from kiosk.feed.progress import Progress
from kiosk.feed.sources import Source
from kiosk.feed.tries import keep_tries, read_tries

log = logging.getLogger(__name__)

FIRST_AGAIN = timedelta(minutes=1)  # after a failure; doubled with each
SPREAD = 0.2  # of the time between two, so that not all clinics come at once


class Rounds:
    """Asks the feed's sources in their order: what the first of them gives is taken."""

    def __init__(
        self,
        folder: Path,
        feed: Feed,
        sources: Sequence[Source],
        every: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._folder, self._feed, self._sources = folder, feed, sources
        self._every, self._now = every, now
        self._wake = threading.Event()
        self._failures, self._pause_s = 0, 0.0

    def go(self, to_terminal: bool = False) -> KioskError | None:
        """Ask once; return why nothing could be had, None where something could.

        The first source's failure is kept for pages: it is the one that was to work.  That
        another process is at it is none.
        """
        progress = Progress(self._folder, to_terminal)
        failures: list[FeedError] = []
        tries = read_tries(self._folder)
        try:
            for source in self._sources:
                try:
                    self._feed.update(source, progress)
                except AlreadyRunning as exc:
                    log.info("%s; the next round looks again", exc)
                    self._pause_s = FIRST_AGAIN.total_seconds()
                    return exc
                except FeedError as exc:
                    failures.append(exc)
                else:
                    tries = tries.came(self._now(), source.name, source.drift())
                    failures = []
                    break
        finally:
            progress.end()
        why = failures[0] if failures else None
        if why is not None:
            log.warning("the feed gave nothing: %s: %s", why.kind, why)
            tries = tries.failed(self._now(), why)
        self._failures = self._failures + 1 if why else 0
        self._pause_s = self._pause().total_seconds()
        try:
            next_at = self._now() + timedelta(seconds=self._pause_s)
            keep_tries(self._folder, replace(tries, next_at=next_at))
        except OSError as exc:
            log.error("what became of the feed cannot be kept: %s", exc.strerror)
        return why

    def _pause(self) -> timedelta:
        pause = self._every
        if self._failures:
            pause = min(pause, FIRST_AGAIN * 2 ** min(self._failures - 1, 10))
        return pause * random.uniform(1 - SPREAD, 1 + SPREAD)

    def ask_now(self) -> None:
        """Have the next round begin at once."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Go round after round until `stop` is set."""
        while not stop.is_set():
            self._wake.clear()
            self.go()
            left_s = self._pause_s
            while left_s > 0 and not stop.is_set() and not self._wake.is_set():
                stop.wait(min(left_s, 0.5))
                left_s -= 0.5
