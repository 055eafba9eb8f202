"""Codes of paper lines that a reader of the settings has read, for the page that enters sheets.

The desk judges such a scan as any other, and says what it is.  The page asks for it here, because
the payload of a code is kept nowhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from typing import NamedTuple

from kiosk.logbook import SCANNED_LINE
from scanner import Scan

MAX_CODE_BYTES = 40


class LineScan(NamedTuple):
    """One reading of a line's code. `number` counts the readings since the program started."""

    number: int
    code: str
    reader: str


class LineScans:
    """The newest reading of a line's code at each reader.  Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._newest: dict[str, LineScan] = {}

    def before(self, receive: Callable[[Scan], object]) -> Callable[[Scan], object]:
        """Return a function that takes note of a scan and then passes it on to `receive`."""

        def note_and_receive(scan: Scan) -> object:
            self.note(scan)
            return receive(scan)

        return note_and_receive

    def note(self, scan: Scan) -> None:
        """Take note of a scan, if it is the code of a line."""
        text = scan.payload[:MAX_CODE_BYTES].decode("ascii", "replace").strip().upper()
        if text.startswith(SCANNED_LINE):
            with self._lock:
                self._count += 1
                self._newest[scan.reader] = LineScan(self._count, text, scan.reader)

    def count(self) -> int:
        """Return the number of the newest reading; 0 if there was none."""
        with self._lock:
            return self._count

    def after(self, number: int, readers_elsewhere: Collection[str]) -> LineScan | None:
        """Return the newest reading after `number`, of no reader at another desk. None if none."""
        with self._lock:
            found = [
                scan
                for scan in self._newest.values()
                if scan.number > number and scan.reader not in readers_elsewhere
            ]
        return max(found, default=None)
