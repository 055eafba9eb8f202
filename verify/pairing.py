"""Two scans of one person: who they are from the ID card, what they are covered by from the other.

The two share no number, so they are joined by name and birth; a number that names nobody is
joined to the ID card that follows it, and the insurer is asked about both together.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from verify.card import Card
from verify.coverage import Coverage


def is_identity(card: Card) -> bool:
    """Tell an ID card's scan: a citizen's number with a name and a birth."""
    is_citizen = card.personal_id == card.number
    return is_citizen and card.holder is not None and card.born is not None


def joined(identity: Card, cover: Card, word: Coverage | None) -> Card | None:
    """Return the covering card in the name of the ID card; None where they are two people.

    `word` is the insurer's on the cover, whose name counts where the cover has none.
    """
    if is_identity(cover) or not is_identity(identity):
        return None
    holder = cover.holder or (word.holder if word else None)
    born = cover.born or (word.born if word else None)
    if holder and _without_marks(holder) != _without_marks(str(identity.holder)):
        return None
    if born and identity.born and not born.agrees_with(identity.born):
        return None
    return replace(
        cover,
        holder=identity.holder,
        born=identity.born,
        sex=identity.sex or cover.sex,
        citizen_number=identity.number,
    )


def _without_marks(name: str) -> str:
    """Return a name as any office may have spelt it: without case, marks and blanks."""
    apart = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return "".join(one for one in apart if one.isalpha())
