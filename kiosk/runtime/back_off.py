"""How long something that failed waits before it is tried again: longer each time, to a limit."""

from __future__ import annotations

from datetime import timedelta

MAX_DOUBLINGS = 16  # more than 43 would overflow a timedelta


def retry_delay(tries: int, first: timedelta, longest: timedelta) -> timedelta:
    """Return the delay after a number of failed tries, at least 1: `first`, doubled each time."""
    doublings = min(tries - 1, MAX_DOUBLINGS)
    return min(first * (1 << doublings), longest)
