"""The screen: wakes the event streams when there is something new to show.

It holds nothing itself.  What is shown is read from the logbook, so that a page which was
away misses nothing and row ids stay the ids of events across restarts.

It also limits how many streams there are at once, since each one occupies a thread of the web
server:

1.  If one stream too many comes in, streams whose page has gone leave first.
2.  If there are still too many, the oldest stream has to go.
3.  A stream that had to go is not let in again: if it were, it would push out another one, that one
    the next, and so for ever.  Its page takes a place again as a new stream, when a person asks.
4.  A stream that comes again under its own name, after its connection was lost, takes the place
    it had.
"""

from __future__ import annotations

import itertools
import threading

LEAVING_S = 1.0  # for streams without a page to leave; they notice when they are woken
MOST_REMEMBERED = 256  # names of streams that had to go


class Notifier:
    """A bell that many streams wait for, and the limit on how many may wait."""

    def __init__(self, most_streams: int) -> None:
        self._rung = threading.Condition()
        self._rings = 0
        self._most = most_streams
        self._numbers = itertools.count()
        self._streams: dict[int, str] = {}  # the name of each, the oldest first
        self._evicted: dict[str, None] = {}  # names of streams that had to go

    def notify(self) -> None:
        """Tell every stream that something changed."""
        with self._rung:
            self._wake_all()

    def version(self) -> int:
        """Return how often it has rung."""
        with self._rung:
            return self._rings

    def wait(self, heard: int, timeout_s: float) -> int:
        """Wait until it has rung more than `heard` times, or the time is over; return its rings."""
        with self._rung:
            self._rung.wait_for(lambda: self._rings > heard, timeout_s)
            return self._rings

    def enter(self, name: str = "") -> int:
        """Let a stream in and return its number; the oldest has to go if there are too many.

        `name` is what a page calls its stream, the same one whenever it connects again; empty if
        it has no name.  A stream that had to go before gets a number that may not stay.
        """
        with self._rung:
            number = next(self._numbers)
            if name in self._evicted:
                return number
            if name:
                self._streams = {n: other for n, other in self._streams.items() if other != name}
            self._streams[number] = name
            self._wake_all()
            self._rung.wait_for(lambda: len(self._streams) <= self._most, LEAVING_S)
            while len(self._streams) > self._most:
                self._evict_oldest()
            return number

    def may_stay(self, number: int) -> bool:
        """Return whether a stream still has its place."""
        with self._rung:
            return number in self._streams

    def leave(self, number: int) -> None:
        """Note that a stream has ended."""
        with self._rung:
            self._streams.pop(number, None)
            self._rung.notify_all()

    def _evict_oldest(self) -> None:
        name = self._streams.pop(next(iter(self._streams)))
        if name:
            self._evicted[name] = None
        while len(self._evicted) > MOST_REMEMBERED:
            del self._evicted[next(iter(self._evicted))]
        self._wake_all()

    def _wake_all(self) -> None:
        self._rings += 1
        self._rung.notify_all()
