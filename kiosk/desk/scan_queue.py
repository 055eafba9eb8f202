"""The queue between reader threads and the desk's own thread, so that scans keep their order.

It is bounded: a reader that floods waits for the desk, and its port's buffer fills up.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from kiosk.logbook import NotRecorded
from scanner import Scan

log = logging.getLogger(__name__)

LENGTH = 64
LOOK_EVERY_S = 0.5  # how soon the thread sees that it is to stop


class ScanQueue:
    """Scans on their way to the desk."""

    def __init__(self) -> None:
        self._scans: queue.Queue[Scan] = queue.Queue(LENGTH)

    def put(self, scan: Scan, stop: threading.Event) -> None:
        """Hand a scan over, waiting for room until `stop` is set."""
        while not stop.is_set():
            try:
                return self._scans.put(scan, timeout=LOOK_EVERY_S)
            except queue.Full:
                continue

    def run(self, receive: Callable[[Scan], object], stop: threading.Event) -> None:
        """Give each scan to the desk, in order, until `stop` is set."""
        while not stop.is_set():
            try:
                scan = self._scans.get(timeout=LOOK_EVERY_S)
            except queue.Empty:
                continue
            try:
                receive(scan)
            except NotRecorded as exc:
                log.error("a scan of reader %s is lost: %s", scan.reader, exc)
