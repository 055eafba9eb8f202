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
    """Two scans that may be of one person: the ID card, and the verdict on the covering card.

    `card` is the two joined; None where they only resemble each other.
    """

    identity: Card
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
        with self._lock:
            before_by, before = self._before(reader, now)
            pair = _pair(before, verdict) if before else None
            if pair and pair.card:
                del self._last[before_by]
            else:
                self._last[reader] = (verdict, now)
            return pair

    def _before(self, reader: str, now: datetime) -> tuple[str, Verdict | None]:
        """Return the newest verdict that may belong here, and by which reader it came."""
        may_be = [
            (read_at, name, verdict)
            for name, (verdict, read_at) in self._last.items()
            if timedelta(0) <= now - read_at <= WITHIN
            and (name == reader or TYPED in (name, reader))
        ]
        _, name, verdict = max(may_be, key=lambda one: one[0], default=(now, reader, None))
        return name, verdict

    def forget(self) -> None:
        """Note that a person has gone, or has been named by hand."""
        with self._lock:
            self._last.clear()


def _pair(before: Verdict, verdict: Verdict) -> Pair | None:
    for one, other in ((verdict, before), (before, verdict)):
        if one.card and other.card and is_identity(one.card):
            card = joined(one.card, other.card, other.coverage)
            if card or resemble(one.card, other.card, other.coverage):
                return Pair(one.card, other, card)
    return None
