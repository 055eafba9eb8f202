"""What all readers have in common: a name, a state, and that a lost reader is opened again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from scanner.errors import ReaderLost
from scanner.framing import NO_SIGNS
from scanner.scan import Scan

log = logging.getLogger(__name__)

FIRST_RETRY_DELAY_S, MAX_RETRY_DELAY_S = 0.1, 1.0
SAME_CODE_S = 0.2  # bytes that follow each other within this time belong to one code

Deliver = Callable[[Scan], None]

# Gets the bytes that a reader sends, unchanged, and the time (seconds, monotonic).  Returns True if
# it takes them: they are then no part of a scan.
Tap = Callable[[bytes, float], bool]


@dataclass(frozen=True, slots=True)
class ReaderState:
    """Whether a reader is up or absent, since when (aware), and why it is absent."""

    name: str
    up: bool
    since: datetime
    why: str = ""
    last_scan: datetime | None = None


class Reader:
    """One reader, by its name.

    `run` is for a thread of its own.  Any thread may read `state`, and may set `tap` to get what
    the reader sends in place of the desk, as the check of readers does.
    """

    def __init__(self, name: str, clock: Callable[[], datetime]) -> None:
        self.name = name
        self._clock = clock
        self._tapped_at = -SAME_CODE_S
        self.tap: Tap | None = None
        self.state = ReaderState(name, up=False, since=clock(), why="not opened yet")

    def run(self, deliver: Deliver, stop: threading.Event) -> None:
        """Deliver scans until `stop` is set. A lost reader is opened again, within a second."""
        delay_s = FIRST_RETRY_DELAY_S
        while not stop.is_set():
            try:
                self._read(deliver, stop)
            except ReaderLost as exc:
                longer_s = min(delay_s * 2, MAX_RETRY_DELAY_S)
                delay_s = FIRST_RETRY_DELAY_S if self.state.up else longer_s
                self._report(up=False, why=str(exc))
                stop.wait(delay_s)

    def _read(self, deliver: Deliver, stop: threading.Event) -> None:
        """Open the device and read until `stop` is set. Raises ReaderLost if it is not there."""
        raise NotImplementedError

    def strip_affixes(self, raw: bytes) -> bytes:
        """Return bytes that this reader sent, without what its settings say it adds."""
        return raw

    def _is_tapped(self, data: bytes, now: float) -> bool:
        """Give bytes to the tap, if there is one; return whether they are not for the desk.

        If the tap took the beginning of a code, the rest is dropped: half a card is not a scan.
        """
        tap = self.tap
        is_taken = tap is not None and tap(data, now)
        is_rest = now - self._tapped_at < SAME_CODE_S
        if is_taken or is_rest:
            self._tapped_at = now
        return is_taken or is_rest

    def _hand_over(self, payload: bytes, deliver: Deliver) -> None:
        """Deliver a payload as a scan, unless it is empty or noise without a sign."""
        if NO_SIGNS.issuperset(payload):
            return
        read_at = self._clock()
        self.state = ReaderState(self.name, True, self.state.since, last_scan=read_at)
        deliver(Scan(payload, self.name, read_at))

    def _report(self, up: bool, why: str = "") -> None:
        """Set the state, and log a change once."""
        if (self.state.up, self.state.why) == (up, why):
            return
        since = self._clock() if self.state.up != up else self.state.since
        self.state = ReaderState(self.name, up, since, why, self.state.last_scan)
        if up:
            log.info("reader %s is up", self.name)
        else:
            log.warning("reader %s is absent: %s", self.name, why)
