"""The codes of tickets that desks have read lately.

The logbook records that a desk read a ticket (an attempt), but neither the payload nor which ticket
it was.  So what a desk reads is held in memory for as long as its page needs to show it; after a
restart the ticket has to be scanned again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from kiosk.tickets.printing import ReadCode

MAX_HELD = 200  # readings


class CodesRead:
    """What each reading of a ticket's code led to.  Any thread may call."""

    def __init__(self, read_code: Callable[[str], ReadCode | None]) -> None:
        self._read_code = read_code
        self._lock = threading.Lock()
        self._texts: OrderedDict[int, str] = OrderedDict()

    def note(self, reading: int, payload: bytes) -> None:
        """Hold the code of a reading, if the payload is the code of a ticket."""
        text = payload.decode("utf-8", "replace")
        if self._read_code(text) is None:
            return
        with self._lock:
            self._texts[reading] = text
            while len(self._texts) > MAX_HELD:
                self._texts.popitem(last=False)

    def of_reading(self, reading: int) -> ReadCode | None:
        """Return what a reading led to, as things stand now. None if it is not held."""
        with self._lock:
            text = self._texts.get(reading)
        return None if text is None else self._read_code(text)
