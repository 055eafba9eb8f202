"""The running program: its threads, its signals, and how it ends.

A thread that fails ends the whole process, so that the service manager starts it again: a desk
with a dead thread looks alive, but does not work.  A lost device or an insurer that does not
answer ends no thread.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

SIGNAL_CHECK_INTERVAL_S = 0.25  # Windows delivers a signal only between two waits
THREADS_END_WITHIN_S = 1.5  # all of them together

Loop = Callable[[threading.Event], None]  # runs until the event is set


class Service:
    """Threads that run until the event `stop` is set; SIGINT and SIGTERM set it."""

    def __init__(self) -> None:
        """Install the signal handlers; must be called in the main thread."""
        self.stop = threading.Event()
        self.is_ended_by_signal = False  # by a signal; then it does not start again
        self._threads: list[threading.Thread] = []
        self._once: set[str] = set()
        threading.excepthook = _end_process
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)

    def _end(self, *_signal: object) -> None:
        self.is_ended_by_signal = True
        self.stop.set()

    def add(self, name: str, loop: Loop, *, once: bool = False) -> None:
        """Run `loop` in a new thread; it must return soon after the event that it gets is set.

        One that does its work once may return earlier.
        """
        if once:
            self._once.add(name)
        thread = threading.Thread(target=loop, args=(self.stop,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def dead_threads(self) -> list[str]:
        """Return the names of the threads that have ended although the program runs.

        A thread that fails ends the process, so this is about one that returned too early.  Those
        that do one thing only (`once`) do not count.
        """
        return [
            thread.name
            for thread in self._threads
            if not thread.is_alive() and thread.name not in self._once
        ]

    def wait(self) -> None:
        """Wait until `stop` is set, then give the threads a moment to end."""
        while not self.stop.wait(SIGNAL_CHECK_INTERVAL_S):
            pass
        for thread in self._threads:
            thread.join(THREADS_END_WITHIN_S / len(self._threads))


def _end_process(args: threading.ExceptHookArgs) -> None:
    # The message of the error may hold what was scanned, so only its type is logged.
    name = args.thread.name if args.thread else "?"
    log.critical("thread %s died of %s; the program ends", name, args.exc_type.__name__)
    logging.shutdown()
    os._exit(1)
