"""The time that another machine's clock shows, as the answers of a web server give it."""

from __future__ import annotations

import email.utils
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from kiosk.runtime.steady_clock import steady_s

# A broken clock shows the first or the last day of a calendar, with which nothing can be
# calculated.
EARLIEST_TIME = datetime(2020, 1, 1, tzinfo=UTC)
LATEST_TIME = datetime(2200, 1, 1, tzinfo=UTC)
# After so long, what an answer says of the time is old: the machine may have slept in between.
MAX_ROUND_TRIP_S = 60.0


def is_possible_time(moment: datetime) -> bool:
    """Return whether a clock that works may show `moment`: aware, and between 2020 and 2200."""
    return moment.tzinfo is not None and EARLIEST_TIME <= moment < LATEST_TIME


def server_time(date_header: str | None) -> datetime | None:
    """Return the time (aware) that the header `Date` of an answer gives.

    None without a header, and if it cannot be read or gives no possible time.
    """
    try:
        moment = email.utils.parsedate_to_datetime(date_header or "")
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if is_possible_time(moment) else None


class ServerClock:
    """The clock of a web server, by the newest answer that gave its time.

    Any thread may use it.
    """

    def __init__(self, steady: Callable[[], float] = steady_s) -> None:
        """Nothing is known yet.  `steady` returns seconds that no change of our clock moves."""
        self.steady = steady
        self._reading: tuple[datetime, float] | None = None  # what it showed, and `steady` then

    def note(self, date_header: str | None, asked_at_s: float) -> None:
        """Note the header `Date` of an answer that has just come.

        `asked_at_s` is what `steady` returned when it was asked for.  An answer that was under way
        for more than MAX_ROUND_TRIP_S says nothing of the present, and changes nothing.
        """
        moment, now_s = server_time(date_header), self.steady()
        if moment is not None and now_s - asked_at_s <= MAX_ROUND_TRIP_S:
            self._reading = moment, now_s

    def now(self) -> datetime | None:
        """Return what the server's clock shows now (aware).  None before its first answer."""
        if self._reading is None:
            return None
        moment, at_s = self._reading
        return moment + timedelta(seconds=self.steady() - at_s)

    def age_s(self) -> float | None:
        """Return for how many seconds the clock has not been read.  None: never read."""
        return None if self._reading is None else self.steady() - self._reading[1]
