"""The card that was read just before: it may be the same person's other one."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from verify import Card, Verdict, is_identity, joined, resemble

WITHIN = timedelta(minutes=2)
TYPED = "typed"  # numbers typed by hand have no reader of their own


@dataclass(frozen=True, slots=True)
class Pair:
    """Two scans that may be of one person: the ID card's, and the covering card's.

    `card` is the two joined; None where they only resemble each other.
    """

    identity: Verdict
    cover: Verdict
    card: Card | None


class LastCard:
    """Kept in memory, reader by reader, while the same person may still stand there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, tuple[Verdict, datetime]] = {}

    def pair_with(self, verdict: Verdict, reader: str, now: datetime) -> Pair | None:
        """Return what this verdict and the one before make together; None where nothing.

        Cards are joined once; else the card of this verdict is the last one from now on.
        """
        if verdict.card is None:
            return None
        with self._lock:
            before = self._before(reader, now)
            pair = _pair(before[1], verdict) if before else None
            if before and pair and pair.card:
                del self._last[before[0]]
            else:
                self._last[reader] = (verdict, now)
            return pair

    def _before(self, reader: str, now: datetime) -> tuple[str, Verdict] | None:
        """Return the verdict that may belong here, and by which reader it came.

        Where two readers have just read, nobody knows whose number is typed.
        """
        recent = {
            name: verdict
            for name, (verdict, read_at) in self._last.items()
            if timedelta(0) <= now - read_at <= WITHIN
        }
        may_be = [name for name in recent if name == reader or TYPED in (name, reader)]
        own = [name for name in may_be if name == reader]
        for names in (own, may_be):
            if len(names) == 1 and (names is may_be or reader != TYPED):
                return names[0], recent[names[0]]
        return None

    def forget(self, reader: str) -> None:
        """Note that the person before a reader has gone, or has been named by hand."""
        with self._lock:
            if reader == TYPED:
                self._last.clear()
            for name in (reader, TYPED):
                self._last.pop(name, None)


def _pair(before: Verdict, verdict: Verdict) -> Pair | None:
    for one, other in ((verdict, before), (before, verdict)):
        if is_identity(one):
            card = joined(one, other)
            if card or resemble(one, other):
                return Pair(one, other, card)
    return None
