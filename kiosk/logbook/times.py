"""Moments as the logbook stores them: ISO 8601 text in UTC with microseconds, which sorts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from verify import CLINIC_ZONE

# In SQL, the clinic's day of a visit's arrival.  `visit.day` is the day that was printed: another
# one if a wrong clock printed it and the time was corrected since.
DAY_OF_ARRIVAL = (
    f"date(v.arrived_at, '{CLINIC_ZONE.utcoffset(None) // timedelta(minutes=1):+d} minutes')"
)


def to_utc_text(moment: datetime) -> str:
    """Return an aware moment as the logbook stores it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def from_utc_text(text: str) -> datetime:
    """Return the aware moment that stored text means. Raises ValueError if it cannot be read."""
    return datetime.fromisoformat(text)


def day_begins(day: date) -> str:
    """Return when a day of the clinic begins, as the logbook stores it."""
    return to_utc_text(datetime.combine(day, time(), CLINIC_ZONE))


def day_ends(day: date) -> str:
    """Return when the next day of the clinic begins, as the logbook stores it."""
    return day_begins(day + timedelta(days=1))
