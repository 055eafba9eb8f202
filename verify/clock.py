"""Time: the clinic's time zone, and when the machine's clock is in doubt."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

# Việt Nam has kept UTC+7 without summer time since 1975, and the insurer counts in it.
# A fixed offset needs no zone files, which Windows does not have.
CLINIC_ZONE = timezone(timedelta(hours=7), "ICT")

# No correct clock shows a time before the program was made.
BUILD_TIME = datetime(2026, 11, 20, tzinfo=UTC)

# A clock may drift a little between two corrections. Only a clock that is further behind is in
# doubt.
MAX_CLOCK_DRIFT = timedelta(minutes=5)


def clinic_day(moment: datetime) -> date:
    """Return the clinic's date at a moment (aware). A card's last day ends at midnight there."""
    return moment.astimezone(CLINIC_ZONE).date()


def clinic_midnight(moment: datetime) -> datetime:
    """Return when the clinic's day of a moment (aware) began."""
    return datetime.combine(clinic_day(moment), time(), CLINIC_ZONE)


def is_clock_in_doubt(now: datetime, floor: datetime) -> bool:
    """Return whether the clock shows an earlier time than `floor`, which has certainly passed.

    Both are aware.
    """
    return now < floor - MAX_CLOCK_DRIFT
