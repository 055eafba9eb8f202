"""Two scans of one person: who they are from the ID card, what they are covered by from the other.

The two share no number, so they are joined only where name and birth, and the sex where both
give it, are the same.  A card that names nobody is never joined: it may be the next patient's.
"""

from __future__ import annotations

from dataclasses import replace

from verify.card import Card
from verify.verdict import same_name


def is_identity(card: Card) -> bool:
    """Tell an ID card's scan: a citizen's number with a name and a birth."""
    is_citizen = card.personal_id == card.number
    return is_citizen and card.holder is not None and card.born is not None


def joined(identity: Card, cover: Card) -> Card | None:
    """Return the covering card with the ID card's number; None where they may be two people."""
    if is_identity(cover) or not is_identity(identity):
        return None
    same = (
        same_name(cover.holder or "", identity.holder or "")
        and cover.born is not None
        and identity.born is not None
        and cover.born.agrees_with(identity.born)
        and cover.sex in (None, identity.sex)
        and cover.personal_id in (None, identity.number)
    )
    if not same:
        return None
    return replace(cover, born=identity.born, sex=identity.sex, citizen_number=identity.number)
