"""Time: the clinic's zone, and when the machine's clock is not to be believed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

# Việt Nam has kept UTC+7 without summer time since 1975, and the insurer judges time in it;
# a fixed offset needs no zone files, which Windows does not have.
CLINIC_ZONE = timezone(timedelta(hours=7), "ICT")

# No clock can rightly stand before the program was made.
BUILD_TIME = datetime(2026, 11, 20, tzinfo=UTC)

# A clock may drift a little between two corrections; below the floor by more is doubt.
TOLERANCE = timedelta(minutes=5)


def clinic_day(moment: datetime) -> date:
    """Return the day at the clinic; a card ends with its day there."""
    return moment.astimezone(CLINIC_ZONE).date()


def is_clock_in_doubt(now: datetime, floor: datetime) -> bool:
    """Tell whether the clock stands before a moment that is known to have passed."""
    return now < floor - TOLERANCE
