"""How readers, outbox, gateway and data are: found out once for each change, shared by all pages.

Every open page asks at each change and at each heartbeat.  One of them finds the answer out; the
others wait for it and take the same.  An answer lasts until the screen is notified of a change,
and never longer than a second: readers, the gateway and other programs (the nightly job) change
what it says without a notice, and ages grow by themselves.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from kiosk.logbook import LogbookUnavailable

log = logging.getLogger(__name__)

LASTS_S = 1.0

Status = Callable[[], dict[str, Any]]


class SharedStatus:
    """A `Status` of its own. Any thread may call it; what it returns must not be changed."""

    def __init__(
        self,
        find_out: Status,
        changes: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`find_out` reads the status, which takes some time.

        `changes` returns how many changes there were so far; `monotonic` a time in seconds.
        """
        self._find_out = find_out
        self._changes = changes
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._found: dict[str, Any] | None = None
        self._failure = ""
        self._seen_changes = -1
        self._found_at = 0.0

    def __call__(self) -> dict[str, Any]:
        """Return the status. Raises LogbookUnavailable if the logbook could not be read for it."""
        with self._lock:
            # Counted before it is read: what changes meanwhile makes the answer old at once.
            changes, now = self._changes(), self._monotonic()
            if changes != self._seen_changes or not 0 <= now - self._found_at < LASTS_S:
                self._renew()
                self._seen_changes, self._found_at = changes, now
            if self._found is None:
                raise LogbookUnavailable(self._failure)
            return self._found

    def _renew(self) -> None:
        """Read the status; a failure lasts as long as an answer, so that pages do not queue up."""
        try:
            self._found = self._find_out()
        except LogbookUnavailable as exc:
            if self._found is not None or not self._failure:
                log.error("the status cannot be read: %s", exc)
            self._found, self._failure = None, str(exc)
