"""A limit on how many questions the insurer is asked in an hour."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)


class RateLimit:
    """At most `max_per_hour` questions in any hour.  Its owner lets one thread in at a time."""

    def __init__(self, max_per_hour: int) -> None:
        """Create the limit; with 0 no question is ever allowed."""
        self.max_per_hour = max_per_hour
        self._asked_at: deque[datetime] = deque()  # the oldest first

    def try_acquire(self, now: datetime) -> bool:
        """Return whether one more question is allowed at `now` (aware), and count it if so.

        A question from the future was counted while the clock was ahead.  It is forgotten if it
        is more than an hour away, so that a corrected clock does not block questions for longer.
        """
        if self.left(now) <= 0:
            return False
        self._asked_at.append(now)
        return True

    def left(self, now: datetime) -> int:
        """Return how many questions are still allowed at `now` (aware), without counting one."""
        while self._asked_at and abs(now - self._asked_at[0]) > WINDOW:
            self._asked_at.popleft()
        return max(0, self.max_per_hour - len(self._asked_at))
