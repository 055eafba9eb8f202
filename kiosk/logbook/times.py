"""Moments as the logbook stores them: ISO 8601 text in UTC with microseconds, which sorts."""

from __future__ import annotations

from datetime import UTC, datetime


def to_utc_text(moment: datetime) -> str:
    """Return an aware moment as the logbook stores it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def from_utc_text(text: str) -> datetime:
    """Return the aware moment that stored text means. Raises ValueError if it cannot be read."""
    return datetime.fromisoformat(text)
