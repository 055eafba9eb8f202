"""Moments as the logbook keeps them: UTC text that sorts."""

from __future__ import annotations

from datetime import UTC, datetime


def stored(moment: datetime) -> str:
    """Return an aware moment as text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def restored(text: str) -> datetime:
    """Return the moment that text is."""
    return datetime.fromisoformat(text)
