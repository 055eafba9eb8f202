"""Wakes the event streams of the pages when there is something new to show.

It holds nothing to show itself.  Pages read that from the logbook, so that a page whose connection
was lost misses nothing, and the ids of events are row ids, which stay the same across restarts.

It also limits how many streams there are at once, since each one occupies a thread of the web
server:

1.  If one stream too many comes in, streams whose page has gone leave first.
2.  If there are still too many, the oldest stream is evicted.
3.  An evicted stream is not let in again: it would push out another
    one, and that one the next, without end.  Its page can connect again as a new stream when a
    person asks.
4.  A stream that comes again under its own name, after its connection was lost, takes the place
    it had.
"""

from __future__ import annotations

import itertools
import threading

LEAVE_TIMEOUT_S = 1.0  # for streams without a page: they notice when they are woken
MAX_EVICTED_NAMES = 256  # that are remembered, the newest ones


class Notifier:
    """A version number that streams wait for, and the limit on how many streams may wait.

    Any thread may call.
    """

    def __init__(self, max_streams: int) -> None:
        self._changed = threading.Condition()
        self._version = 0
        self._max_streams = max_streams
        self._numbers = itertools.count()
        self._is_making_room = False
        self._streams: dict[int, str] = {}  # the name of each by its number, the oldest first
        self._evicted: dict[str, None] = {}  # names of evicted streams, the oldest first

    def notify(self) -> None:
        """Wake every stream: there is something new."""
        with self._changed:
            self._wake_all()

    def version(self) -> int:
        """Return a number that grows with every notification."""
        with self._changed:
            return self._version

    def wait(self, seen: int, timeout_s: float) -> int:
        """Wait until the version is higher than `seen`, or the time is over; return the version."""
        with self._changed:
            self._changed.wait_for(lambda: self._version > seen, timeout_s)
            return self._version

    def enter(self, name: str = "") -> int:
        """Let a stream in and return its number; evict the oldest one if there are too many.

        `name` is what a page calls its stream, the same one whenever it connects again; empty if
        it has no name.  An evicted stream that comes again gets a number that may not stay.
        """
        with self._changed:
            number = next(self._numbers)
            if name in self._evicted:
                return number
            if name:
                self._streams = {n: other for n, other in self._streams.items() if other != name}
            self._streams[number] = name
            self._wake_all()
            # Only one newcomer waits: a burst of them must not hold all threads of the server.
            if len(self._streams) > self._max_streams and not self._is_making_room:
                self._is_making_room = True
                self._changed.wait_for(
                    lambda: len(self._streams) <= self._max_streams, LEAVE_TIMEOUT_S
                )
                self._is_making_room = False
            while len(self._streams) > self._max_streams:
                self._evict_oldest()
            return number

    def streams(self) -> int:
        """Return how many streams there are."""
        with self._changed:
            return len(self._streams)

    def may_stay(self, number: int) -> bool:
        """Return whether a stream still has its place."""
        with self._changed:
            return number in self._streams

    def leave(self, number: int) -> None:
        """Free the place of a stream that has ended."""
        with self._changed:
            self._streams.pop(number, None)
            self._changed.notify_all()

    def _evict_oldest(self) -> None:
        name = self._streams.pop(next(iter(self._streams)))
        if name:
            self._evicted[name] = None
        while len(self._evicted) > MAX_EVICTED_NAMES:
            del self._evicted[next(iter(self._evicted))]
        self._wake_all()

    def _wake_all(self) -> None:
        self._version += 1
        self._changed.notify_all()
