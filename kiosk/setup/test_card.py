"""The test card: a code that every reader can be tried with, and that never becomes a visit.

1. Its text begins with MARK, which no card of the insurer does, and has all kinds of Vietnamese
   letters, so that a reader with a wrong encoding is found out.
2. What a wired reader reads of it is taken before the desk sees it: nothing is recorded.
3. A text with the mark and other letters is still the test card, read wrongly.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from scanner import Scan

MARK = "TIEPDON-TEST|"
TEST_TEXT = f"{MARK}Đặng Thị Thử Nghiệm|ăâêôơưđ ẤỀỔỮỶ|0123456789|$"
MAX_KEPT = 20


class TestReading(NamedTuple):
    """A reading of the test card: by which reader, when (aware), and whether all letters came."""

    number: int  # of readings since the start
    reader: str
    at: datetime
    is_whole: bool
    text: str  # as it came


class TestCard:
    """What was read of the test card since the start. Any thread may call."""

    __test__ = False  # for pytest: this is no test

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """`clock` returns the time, aware."""
        self._clock = clock
        self._lock = threading.Lock()
        self._count = 0
        self._readings: list[TestReading] = []

    def before(self, receive: Callable[[Scan], object]) -> Callable[[Scan], object]:
        """Return what takes readings of the test card, and passes all others on to `receive`."""

        def take(scan: Scan) -> object:
            if self.take(scan.reader, scan.payload):
                return None
            return receive(scan)

        return take

    def take(self, reader: str, payload: bytes) -> TestReading | None:
        """Note a reading of the test card; None, and nothing is noted, if it is something else."""
        if MARK.encode() not in payload[:200]:
            return None
        text = payload.decode("utf-8", "replace").strip()
        text = text[text.index(MARK) :]
        with self._lock:
            self._count += 1
            is_whole = text == TEST_TEXT
            reading = TestReading(self._count, reader, self._clock(), is_whole, text)
            self._readings = [*self._readings, reading][-MAX_KEPT:]
        return reading

    @property
    def count(self) -> int:
        """How often the test card was read since the start."""
        return self._count

    def readings(self) -> list[TestReading]:
        """Return the last readings, the newest first."""
        with self._lock:
            return self._readings[::-1]
