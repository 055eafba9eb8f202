"""The running program: its threads, its signals, and its end.

A thread that dies ends the process, so that the service manager starts it anew: a desk with a
dead thread looks alive and is not.  A lost device or a silent insurer kills no thread.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25  # Windows delivers a signal only between two waits
LAST_WAIT_S = 1.5  # in all, for threads that are ending

Loop = Callable[[threading.Event], None]


class Service:
    """Threads that run until `stop` is set, which SIGINT and SIGTERM do."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._threads: list[threading.Thread] = []
        threading.excepthook = _die
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stop.set())

    def add(self, name: str, loop: Loop) -> None:
        """Run a loop in a thread of its own; it ends when the event it is given is set."""
        thread = threading.Thread(target=loop, args=(self.stop,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def wait(self) -> None:
        """Return when the end was asked for and the threads have ended."""
        while not self.stop.wait(LOOK_EVERY_S):
            pass
        for thread in self._threads:
            thread.join(LAST_WAIT_S / len(self._threads))


def _die(args: threading.ExceptHookArgs) -> None:
    # What was scanned may stand in the message: only its kind is told.
    name = args.thread.name if args.thread else "?"
    log.critical("thread %s died of %s; the program ends", name, args.exc_type.__name__)
    logging.shutdown()
    os._exit(1)
