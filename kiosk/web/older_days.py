"""Who may look at older days of the whole facility now, and why: after their own PIN, for a while.

In memory: at a restart everybody types their PIN again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

OPEN_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class OlderLook:
    """That a session may look at older days until a moment (aware), and why."""

    until: datetime
    why: str = field(repr=False)


class OlderDays:
    """Looks that are open, by session. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, OlderLook] = {}

    def open(self, session: int, why: str, now: datetime) -> None:
        """Let a session look at older days for OPEN_FOR, for a reason; `now` is aware."""
        with self._lock:
            self._open = {key: look for key, look in self._open.items() if look.until > now}
            self._open[session] = OlderLook(now + OPEN_FOR, why)

    def look(self, session: int | None, now: datetime) -> OlderLook | None:
        """Return the look of a session that is open now. None if it has to give the PIN."""
        with self._lock:
            found = None if session is None else self._open.get(session)
        # A clock that was set back must not keep it open.
        is_open = found is not None and timedelta(0) < found.until - now <= OPEN_FOR
        return found if is_open else None
