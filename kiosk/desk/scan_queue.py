"""The queue between the readers' threads and the desk's own thread, which keeps scans in order.

It is bounded: a reader that floods it waits for the desk, and the buffer of its port fills up.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from kiosk.desk.errors import NothingRead
from kiosk.logbook import NotRecorded
from scanner import Scan

log = logging.getLogger(__name__)

MAX_SCANS = 64
STOP_CHECK_INTERVAL_S = 0.5  # how soon a waiting thread notices that it has to stop


class ScanQueue:
    """Scans on their way to the desk."""

    def __init__(self) -> None:
        self._scans: queue.Queue[Scan] = queue.Queue(MAX_SCANS)

    def put(self, scan: Scan, stop: threading.Event) -> None:
        """Add a scan; wait for a free place until `stop` is set."""
        while not stop.is_set():
            try:
                return self._scans.put(scan, timeout=STOP_CHECK_INTERVAL_S)
            except queue.Full:
                continue

    def run(self, receive: Callable[[Scan], object], stop: threading.Event) -> None:
        """Call `receive` with each scan, in order, until `stop` is set.

        A scan that `receive` cannot record is lost; the log has its reader's name.  Noise without
        text is dropped.
        """
        while not stop.is_set():
            try:
                scan = self._scans.get(timeout=STOP_CHECK_INTERVAL_S)
            except queue.Empty:
                continue
            try:
                receive(scan)
            except NothingRead as exc:
                log.debug("%s", exc)
            except NotRecorded as exc:
                log.error("a scan of reader %s is lost: %s", scan.reader, exc)
