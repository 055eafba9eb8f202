"""The status of readers, outbox, gateway and data: read once for each change, shared by all pages.

Every open page asks for the status at each change and at each heartbeat.  The first one reads it;
the others wait and get the same answer.  An answer is used until the notifier counts a change, and
for at most a second: readers, the gateway and other programs (the nightly job) change the status
without a notification, and ages grow with time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from kiosk.logbook import LogbookUnavailable

log = logging.getLogger(__name__)

MAX_STATUS_AGE_S = 1.0

Status = Callable[[], dict[str, Any]]


class SharedStatus:
    """A `Status` that many callers share.

    Any thread may call it.  Callers must not change the dictionary that they get.
    """

    def __init__(
        self,
        read_status: Status,
        change_count: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Share what `read_status` returns; reading it takes some time.

        `change_count` returns the number of changes so far, `monotonic` a time in seconds.
        """
        self._read_status = read_status
        self._change_count = change_count
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._status: dict[str, Any] | None = None
        self._failure = ""
        self._changes_at_reading = -1
        self._read_at = 0.0

    def __call__(self) -> dict[str, Any]:
        """Return the status.  Raises LogbookUnavailable if the logbook cannot be read."""
        with self._lock:
            # The changes are counted before the status is read: a change in between makes the
            # answer old at once.
            changes, now = self._change_count(), self._monotonic()
            is_recent = 0 <= now - self._read_at < MAX_STATUS_AGE_S
            if changes != self._changes_at_reading or not is_recent:
                self._renew()
                self._changes_at_reading, self._read_at = changes, now
            if self._status is None:
                raise LogbookUnavailable(self._failure)
            return self._status

    def _renew(self) -> None:
        """Read the status.  A failure is kept as long as an answer: pages do not queue up."""
        try:
            self._status = self._read_status()
        except LogbookUnavailable as exc:
            if self._status is not None or not self._failure:
                log.error("the status cannot be read: %s", exc)
            self._status, self._failure = None, str(exc)
