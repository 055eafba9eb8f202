"""A circuit breaker: after repeated failures the insurer is left alone for a while.

1.  Failures in a row are counted.  `MAX_FAILURES_IN_A_ROW` of them open the circuit: no question
    is asked.  A failure that a retry cannot fix opens it at once (`trip`).
2.  After the recovery delay questions are asked again.  The next failure opens the circuit for
    twice as long, up to `MAX_RECOVERY_DELAY`.
3.  One answer closes the circuit and sets the count and the delay back to their start.
"""

from __future__ import annotations

from datetime import datetime, timedelta

MAX_FAILURES_IN_A_ROW = 3
RECOVERY_DELAY = timedelta(minutes=1)  # after the circuit has opened for the first time
MAX_RECOVERY_DELAY = timedelta(minutes=15)


class CircuitBreaker:
    """Failures in a row, and until when nothing is asked.  Its owner lets one thread in at a time.

    All moments are aware.
    """

    def __init__(self) -> None:
        """Create the breaker with a closed circuit."""
        self._failures = 0
        self._next_delay = RECOVERY_DELAY
        self._open_until: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Return whether questions must wait at `now`.

        The circuit counts as closed if the end of the delay is farther away than the longest
        delay: then the clock has been put back since.
        """
        if self._open_until is None:
            return False
        return timedelta(0) < self._open_until - now <= MAX_RECOVERY_DELAY

    def record_success(self) -> None:
        """Close the circuit and forget the failures."""
        self._failures = 0
        self._next_delay = RECOVERY_DELAY
        self._open_until = None

    def record_failure(self, now: datetime) -> bool:
        """Count a failure; return whether it has opened the circuit."""
        self._failures += 1
        if self._failures < MAX_FAILURES_IN_A_ROW:
            return False
        self._open(now)
        return True

    def trip(self, now: datetime) -> None:
        """Count a failure and open the circuit at once."""
        self._failures += 1
        self._open(now)

    def _open(self, now: datetime) -> None:
        self._open_until = now + self._next_delay
        self._next_delay = min(2 * self._next_delay, MAX_RECOVERY_DELAY)
