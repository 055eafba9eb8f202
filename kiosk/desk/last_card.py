"""The card that was read just before: it may be the same person's other one."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from verify import Card, Verdict, is_identity, joined

WITHIN = timedelta(minutes=2)


class LastCard:
    """Kept in memory, for as long as the same person may still stand at the desk."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[Verdict, datetime] | None = None

    def pair_with(self, verdict: Verdict, now: datetime) -> tuple[Card, Card, str | None] | None:
        """Return the joined card, the ID card and the cover's format; None where nothing pairs.

        The card of this verdict is the last one from now on.
        """
        with self._lock:
            before, self._last = self._last, (verdict, now)
        if before is None or verdict.card is None or now - before[1] > WITHIN:
            return None
        for one, other in ((verdict, before[0]), (before[0], verdict)):
            if one.card and other.card and is_identity(one.card):
                card = joined(one.card, other.card, other.coverage)
                if card is not None:
                    return card, one.card, other.format
        return None

    def forget(self) -> None:
        """Note that the person has gone: a visit was confirmed."""
        with self._lock:
            self._last = None
