"""The card that a reader read just before: it may be the same person's other one."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from verify import Card, Verdict, is_identity, joined

WITHIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two scans of one person: the joined card, the ID card, and the cover's own verdict."""

    card: Card
    identity: Card
    cover: Verdict


class LastCard:
    """Kept in memory, reader by reader, while the same person may still stand there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, tuple[Verdict, datetime]] = {}

    def pair_with(self, verdict: Verdict, reader: str, now: datetime) -> Pair | None:
        """Return what this verdict and the one before make together; None where nothing.

        A pair is made once; else the card of this verdict is the last one from now on.
        """
        with self._lock:
            before = self._last.pop(reader, None)
            pair = _pair(before[0], verdict) if before and _is_recent(before[1], now) else None
            if pair is None:
                self._last[reader] = (verdict, now)
            return pair

    def forget(self) -> None:
        """Note that a person has gone, or has been named by hand."""
        with self._lock:
            self._last.clear()


def _is_recent(before: datetime, now: datetime) -> bool:
    return timedelta(0) <= now - before <= WITHIN


def _pair(before: Verdict, verdict: Verdict) -> Pair | None:
    for one, other in ((verdict, before), (before, verdict)):
        if one.card and other.card and is_identity(one.card):
            card = joined(one.card, other.card)
            if card is not None:
                return Pair(card, one.card, other)
    return None
