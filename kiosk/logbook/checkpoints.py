"""Brings the write-ahead log into the logbook's file, beside the threads that record.

SQLite does this itself on the thread whose commit makes the log longer than 1000 pages: that desk
then waits until the pages are on the disk.  This thread does it each second, a little at a time, so
that the log seldom becomes so long.  SQLite's own rule stays: it bounds the log if this thread
lags, or while another program writes.  A reader that holds an older state of the file keeps either
from going on; the log then grows until the reader ends.
"""

from __future__ import annotations

import logging
import threading

from kiosk.logbook.database import Database
from kiosk.logbook.errors import LogbookUnavailable

INTERVAL_S = 1.0
MAX_TRIES = 3  # in a row, while commits come in between: the log begins anew only if all is done
log = logging.getLogger(__name__)


class Checkpoints:
    """The one thread that brings the log of newest changes into the file."""

    def __init__(self, database: Database, interval_s: float = INTERVAL_S) -> None:
        self._database, self._interval_s = database, interval_s

    def run(self, stop: threading.Event) -> None:
        """Bring changes into the file until `stop` is set.

        If they cannot be written, the log says so once, and the next second tries again.
        """
        has_worked = True
        version = -1
        while not stop.wait(self._interval_s):
            try:
                newest = self._database.data_version()
                if newest != version and self._all_done():
                    version = newest
            except LogbookUnavailable as exc:
                if has_worked:
                    log.error("the write-ahead log stays as it is (%s)", exc)
                has_worked = False
            else:
                has_worked = True
        self._database.close()

    def _all_done(self) -> bool:
        return any(self._database.write_back() for _ in range(MAX_TRIES))
