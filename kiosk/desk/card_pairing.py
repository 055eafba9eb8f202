"""The card that was read just before: it may be the same person's other one."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from verify import Card, Note, Verdict, differences, is_identity, join_cards, may_be_same_person

WITHIN = timedelta(minutes=2)
TYPED = "typed"  # what is typed by hand, by whichever browser
BROWSERS = re.compile(r"(typed|keyboard|camera)(?:-(\w+))?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two scans that may be of one person: the ID card's, and the covering card's.

    `card` is the two joined; None where they only resemble each other.
    """

    identity: Verdict
    cover: Verdict
    card: Card | None

    def beside(self, verdict: Verdict) -> Verdict:
        """Return a verdict with the card read before it, for the clerk to compare the two."""
        card, word = self.cover.card, self.cover.coverage
        named = card if card and card.holder else word
        is_cover = verdict is self.cover
        if named is not None and named.holder is not None:
            id_card = self.identity.card
            differs = id_card is not None and differences(named, id_card)
            note = Note.OTHER_CARD_DIFFERS if differs else None
        else:
            note = Note.ID_CARD_BEFORE if is_cover else None
        if note is None:
            return verdict
        other = self.identity.card if is_cover else card
        return verdict._replace(beside=other, notes=(*verdict.notes, note))


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
            if timedelta(0) <= now - read_at <= WITHIN and _may_meet(name, reader)
        }
        if reader in recent and not reader.startswith(TYPED):
            return reader, recent[reader]
        return next(iter(recent.items())) if len(recent) == 1 else None

    def forget(self, reader: str) -> None:
        """Note that the person before a reader has gone, or has been named by hand."""
        with self._lock:
            self._last = {
                name: last for name, last in self._last.items() if not _may_meet(name, reader)
            }


def _may_meet(one: str, other: str) -> bool:
    """Tell whether two readers may stand at one desk.

    What one browser types, hears from its keyboard or sees belongs together.  What is typed may
    go with any reader that is attached to the kiosk, for nobody knows at whose desk that stands.
    """
    if one == other:
        return True
    here, there = BROWSERS.match(one), BROWSERS.match(other)
    if here and there:
        return here[2] == there[2]
    return any(match is not None and match[1] == TYPED for match in (here, there))


def _pair(before: Verdict, verdict: Verdict) -> Pair | None:
    for one, other in ((verdict, before), (before, verdict)):
        if is_identity(one):
            card = join_cards(one, other)
            if card or may_be_same_person(one, other):
                return Pair(one, other, card)
    return None
