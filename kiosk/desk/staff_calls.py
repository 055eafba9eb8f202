"""Calls for a person from the screens for self-service, kept in memory.

A call is open until somebody at a desk says that they go.  For `COMING_FOR` after that the screen
says that somebody comes.  Whoever presses again is called for again: nobody may have come.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from kiosk.desk.notifier import Notifier

COMING_FOR = timedelta(minutes=1)


class StaffState(StrEnum):
    """What a screen says about a person; the values are part of the interface of its page."""

    NOT_CALLED = ""
    CALLED = "called"
    COMING = "coming"  # somebody has answered the call


@dataclass(frozen=True, slots=True)
class StaffCall:
    """A call from a screen. Times are aware."""

    kiosk: str  # the name of the screen
    desk: str  # whose staff is called; empty: all
    since: datetime
    answered_at: datetime | None = None


class StaffCalls:
    """The calls, at most one of each screen. Any thread may call."""

    def __init__(self, notifier: Notifier, clock: Callable[[], datetime]) -> None:
        """`clock` returns the time now, aware."""
        self._notifier = notifier
        self._clock = clock
        self._lock = threading.Lock()
        self._calls: dict[str, StaffCall] = {}

    def call(self, kiosk: str, desk: str) -> None:
        """Call a person to a screen. A call that is open already keeps its time."""
        with self._lock:
            before = self._calls.get(kiosk)
            if before is None or before.answered_at is not None:
                self._calls[kiosk] = StaffCall(kiosk, desk, self._clock())
        self._notifier.notify()

    def answer(self, kiosk: str) -> None:
        """Take a call off the list of the desks: somebody goes."""
        with self._lock:
            before = self._calls.get(kiosk)
            if before is not None and before.answered_at is None:
                self._calls[kiosk] = replace(before, answered_at=self._clock())
        self._notifier.notify()

    def state(self, kiosk: str) -> StaffState:
        """Return what a screen says about a person."""
        with self._lock:
            call = self._calls.get(kiosk)
        if call is None:
            return StaffState.NOT_CALLED
        if call.answered_at is None:
            return StaffState.CALLED
        is_coming = timedelta(0) <= self._clock() - call.answered_at < COMING_FOR
        return StaffState.COMING if is_coming else StaffState.NOT_CALLED

    def as_json(self) -> list[dict[str, str]]:
        """Return the calls that nobody has answered yet, for the pages; times are ISO 8601."""
        with self._lock:
            calls = [call for call in self._calls.values() if call.answered_at is None]
        return [
            {"kiosk": call.kiosk, "desk": call.desk, "since": call.since.isoformat()}
            for call in sorted(calls, key=lambda call: call.since)
        ]
