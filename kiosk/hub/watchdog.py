"""Ending statements that hang.

A server that stops in mid-statement is noticed neither by statement_timeout, which is the server's,
nor by keepalives, which the server's system answers.  Shutting the socket from another thread is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

POLL_S = 0.25  # how late a limit may be noticed


class _Limit:
    __slots__ = ("ends_at", "shut")

    def __init__(self, ends_at: float, shut: Callable[[], None]) -> None:
        self.ends_at, self.shut = ends_at, shut


class Watchdog:
    """Limits of all connections of a process, and the thread that keeps them.

    The thread begins with the first limit, and ends with `close`.
    """

    def __init__(self) -> None:
        self._limits: set[_Limit] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def limit(self, shut: Callable[[], None], seconds: float) -> Iterator[None]:
        """Call `shut`, from the watchdog's thread, if the block takes longer than `seconds`."""
        limit = _Limit(time.monotonic() + seconds, shut)
        with self._lock:
            self._limits.add(limit)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hub watchdog", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._limits.discard(limit)

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(POLL_S):
            now = time.monotonic()
            with self._lock:  # held, so that the block cannot end and its socket be another's
                for limit in [each for each in self._limits if each.ends_at <= now]:
                    self._limits.discard(limit)
                    limit.shut()
