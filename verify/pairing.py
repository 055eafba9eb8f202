"""Two scans of one person: who they are from the ID card, what they are covered by from the other.

The two share no number, so they are joined only where name and birth, and the sex where both
give it, are the same: on the other card, or in the insurer's word on it.  Cards that only
resemble each other are shown side by side, for a person to compare.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from verify.card import Card
from verify.coverage import Coverage
from verify.verdict import same_name


def is_identity(card: Card) -> bool:
    """Tell an ID card's scan: a citizen's number with a name and a birth."""
    is_citizen = card.personal_id == card.number
    return is_citizen and card.holder is not None and card.born is not None


def joined(identity: Card, cover: Card, word: Coverage | None = None) -> Card | None:
    """Return the covering card with the ID card's number; None where they may be two people.

    `word` is the insurer's on the covering card, and names its holder where the card does not.
    """
    if is_identity(cover) or not is_identity(identity):
        return None
    named = _named(cover, word)
    same = (
        same_name(named.holder or "", identity.holder or "")
        and named.born is not None
        and identity.born is not None
        and named.born.agrees_with(identity.born)
        and named.sex in (None, identity.sex)
        and cover.personal_id in (None, identity.number)
    )
    if not same:
        return None
    return replace(
        cover,
        holder=named.holder,
        born=identity.born,
        sex=identity.sex,
        citizen_number=identity.number,
    )


def resemble(identity: Card, cover: Card, word: Coverage | None = None) -> bool:
    """Tell whether an ID card and a covering card are worth comparing by a person.

    They are where the names are the same but for their marks, where the births are, or where
    nothing is known of whose the covering card is.
    """
    if is_identity(cover) or not is_identity(identity):
        return False
    named = _named(cover, word)
    if named.holder is None:
        return True
    return _unmarked(named.holder) == _unmarked(identity.holder or "") or (
        named.born is not None and named.born == identity.born
    )


def _named(cover: Card, word: Coverage | None) -> Card:
    """Return a card with the name, birth and sex that the insurer gives, where it has none."""
    if cover.holder is not None or word is None:
        return cover
    return replace(
        cover, holder=word.holder, born=cover.born or word.born, sex=cover.sex or word.sex
    )


def _unmarked(name: str) -> str:
    """Return a name as it is typed by people without a Vietnamese keyboard."""
    apart = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return " ".join("".join(one for one in apart if not unicodedata.combining(one)).split())
