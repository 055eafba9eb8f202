"""The screen: wakes the event streams when there is something new to show.

It holds nothing itself.  What is shown is read from the logbook, so that a page which was
away misses nothing and row ids stay the ids of events across restarts.
"""

from __future__ import annotations

import itertools
import threading


class Screen:
    """A bell that many streams wait for, and the limit on how many may wait."""

    def __init__(self, most_streams: int) -> None:
        self._rung = threading.Condition()
        self._rings = 0
        self._most = most_streams
        self._numbers = itertools.count()
        self._streams: list[int] = []

    def ring(self) -> None:
        """Tell every stream that something changed."""
        with self._rung:
            self._rings += 1
            self._rung.notify_all()

    def rings(self) -> int:
        """Return how often it has rung."""
        with self._rung:
            return self._rings

    def wait(self, heard: int, timeout_s: float) -> int:
        """Wait until it has rung more than `heard` times, or the time is over; return its rings."""
        with self._rung:
            self._rung.wait_for(lambda: self._rings > heard, timeout_s)
            return self._rings

    def enter(self) -> int:
        """Let a stream in; the oldest has to go where there would be too many."""
        with self._rung:
            number = next(self._numbers)
            self._streams = [*self._streams, number][-self._most :]
            self._rings += 1  # so that the stream that has to go goes now
            self._rung.notify_all()
            return number

    def may_stay(self, number: int) -> bool:
        """Tell a stream whether it is still wanted."""
        with self._rung:
            return number in self._streams

    def leave(self, number: int) -> None:
        """Note that a stream has ended."""
        with self._rung:
            self._streams = [other for other in self._streams if other != number]
