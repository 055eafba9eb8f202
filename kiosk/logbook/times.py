"""Moments as the logbook keeps them: UTC text that sorts."""

from __future__ import annotations

from datetime import UTC, datetime


def to_utc_text(moment: datetime) -> str:
    """Return an aware moment as text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def from_utc_text(text: str) -> datetime:
    """Return the moment that text is."""
    return datetime.fromisoformat(text)
