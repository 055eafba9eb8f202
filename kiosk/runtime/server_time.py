"""The time that another machine's clock shows, as the answers of a web server give it."""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime

# A broken clock shows the first or the last day of a calendar, with which nothing can be
# calculated.
EARLIEST_TIME = datetime(2020, 1, 1, tzinfo=UTC)
LATEST_TIME = datetime(2200, 1, 1, tzinfo=UTC)


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
