"""Pairs a scan with the one read just before it: it may be the same person's other card.

1.  Only scans within `PAIRING_WINDOW` of each other are paired.
2.  Only scans of readers that may stand at one desk are paired (`_may_be_at_one_desk`).
3.  If the two cards are certainly of one person, they are joined, once (`verify.join_cards`).
4.  If they only resemble each other, the clerk sees both and compares them.
5.  A confirmed visit, or a name typed by hand, ends the wait for a second card.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from verify import Card, Note, Verdict, differences, is_identity, join_cards, may_be_same_person

PAIRING_WINDOW = timedelta(minutes=2)
TYPED = "typed"  # how the names of readers begin whose numbers a person typed into a page
BROWSER_READER = re.compile(r"(typed|keyboard|camera|self)(?:-(\w+))?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two scans that may be of one person: of the ID card, and of the card that covers.

    `card` is the two cards joined; None if they only resemble each other.
    """

    identity: Verdict
    cover: Verdict
    card: Card | None

    def beside(self, verdict: Verdict) -> Verdict:
        """Return one of the pair's verdicts with the other card, for the clerk to compare them."""
        card, coverage = self.cover.card, self.cover.coverage
        covered_person = card if card and card.holder else coverage
        is_cover = verdict is self.cover
        if covered_person is not None and covered_person.holder is not None:
            id_card = self.identity.card
            differs = id_card is not None and differences(covered_person, id_card)
            note = Note.OTHER_CARD_DIFFERS if differs else None
        else:
            note = Note.ID_CARD_BEFORE if is_cover else None
        if note is None:
            return verdict
        other_card = self.identity.card if is_cover else card
        return verdict._replace(beside=other_card, notes=(*verdict.notes, note))


class LastCard:
    """The last card of each reader, kept in memory while its holder may still stand there.

    Any thread may call.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, tuple[Verdict, datetime]] = {}  # by the reader's name

    def pair_with(self, verdict: Verdict, reader: str, now: datetime) -> Pair | None:
        """Return the pair that this verdict and an earlier one make; None if they make none.

        `now` (aware) is when the card was read.  Cards that are joined are forgotten, so that they
        are joined once; else the card of this verdict becomes the reader's last one.
        """
        if verdict.card is None:
            return None
        with self._lock:
            earlier = self._find_earlier(reader, now)
            pair = _make_pair(earlier[1], verdict) if earlier else None
            if earlier and pair and pair.card:
                del self._last[earlier[0]]
            else:
                self._last[reader] = (verdict, now)
            return pair

    def _find_earlier(self, reader: str, now: datetime) -> tuple[str, Verdict] | None:
        """Return the verdict that may belong to this reader's patient, and the reader it came by.

        None if two other readers have just read a card: it is not known whose number was typed.
        """
        recent = {
            name: verdict
            for name, (verdict, read_at) in self._last.items()
            if timedelta(0) <= now - read_at <= PAIRING_WINDOW and _may_be_at_one_desk(name, reader)
        }
        if reader in recent and not reader.startswith(TYPED):
            return reader, recent[reader]
        return next(iter(recent.items())) if len(recent) == 1 else None

    def forget(self, reader: str) -> None:
        """Forget the last cards of a reader's desk: the person has left, or the name was typed."""
        with self._lock:
            self._last = {
                name: last
                for name, last in self._last.items()
                if not _may_be_at_one_desk(name, reader)
            }


def _may_be_at_one_desk(reader: str, other: str) -> bool:
    """Return whether two readers may stand at one desk.

    The typed numbers, the keyboard-type reader and the camera of one browser belong together; a
    screen for self-service (`self`) stands at no desk.  A
    typed number may also belong to any reader that is attached to the kiosk, for it is not known
    at whose desk that reader stands.
    """
    if reader == other:
        return True
    matches = BROWSER_READER.match(reader), BROWSER_READER.match(other)
    if matches[0] and matches[1]:
        return matches[0][2] == matches[1][2]
    return any(match is not None and match[1] == TYPED for match in matches)


def _make_pair(earlier: Verdict, verdict: Verdict) -> Pair | None:
    for identity, cover in ((verdict, earlier), (earlier, verdict)):
        if is_identity(identity):
            card = join_cards(identity, cover)
            if card or may_be_same_person(identity, cover):
                return Pair(identity, cover, card)
    return None
