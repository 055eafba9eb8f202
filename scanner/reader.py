"""What all readers share: a name, how they are, and that a lost one is opened again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from scanner.errors import ReaderLost
from scanner.scan import Scan

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 1.0
REST_S = 0.2  # within which what comes belongs to what came before

Deliver = Callable[[Scan], None]

# Takes what a reader sends, as it came, at a time (seconds, monotonic); tells whether it wants it.
Tap = Callable[[bytes, float], bool]


@dataclass(frozen=True, slots=True)
class ReaderState:
    """How a reader is: up, or absent since when (aware) and why."""

    name: str
    up: bool
    since: datetime
    why: str = ""
    last_scan: datetime | None = None


class Reader:
    """One reader by name. `run` is its thread; `state` may be asked from any other."""

    def __init__(self, name: str, clock: Callable[[], datetime]) -> None:
        self.name = name
        self._clock = clock
        self._overheard_at = -REST_S
        self.tap: Tap | None = None  # of whoever checks this reader: the desk then hears nothing
        self.state = ReaderState(name, up=False, since=clock(), why="not opened yet")

    def run(self, deliver: Deliver, stop: threading.Event) -> None:
        """Deliver scans until `stop` is set; a lost reader is opened again within a second."""
        wait_s = FIRST_WAIT_S
        while not stop.is_set():
            try:
                self._read(deliver, stop)
            except ReaderLost as exc:
                wait_s = FIRST_WAIT_S if self.state.up else min(wait_s * 2, LONGEST_WAIT_S)
                self._report(up=False, why=str(exc))
                stop.wait(wait_s)

    def _read(self, deliver: Deliver, stop: threading.Event) -> None:
        """Open the device and read until `stop` is set; ReaderLost where it is not there."""
        raise NotImplementedError

    def strip_affixes(self, raw: bytes) -> bytes:
        """Return what the settings make of what this reader sends."""
        return raw

    def _is_overheard(self, data: bytes, now: float) -> bool:
        """Give what came to whoever checks this reader; tell whether it was taken.

        The rest of a code whose beginning was taken is dropped with it: half a card is no scan.
        """
        tap = self.tap
        is_taken = tap is not None and tap(data, now)
        is_rest = now - self._overheard_at < REST_S
        if is_taken or is_rest:
            self._overheard_at = now
        return is_taken or is_rest

    def _hand_over(self, payload: bytes, deliver: Deliver) -> None:
        """Deliver what was read, unless nothing was left of it."""
        if not payload:
            return
        read_at = self._clock()
        self.state = ReaderState(self.name, True, self.state.since, last_scan=read_at)
        deliver(Scan(payload, self.name, read_at))

    def _report(self, up: bool, why: str = "") -> None:
        """Note a change of state, and log it once."""
        if (self.state.up, self.state.why) == (up, why):
            return
        since = self._clock() if self.state.up != up else self.state.since
        self.state = ReaderState(self.name, up, since, why, self.state.last_scan)
        if up:
            log.info("reader %s is up", self.name)
        else:
            log.warning("reader %s is absent: %s", self.name, why)
