"""Two scans of one person: who they are from the ID card, what they are covered by from the other.

The two share no number, so they are joined only where name, day of birth, and the sex where both
give it, are the same: on the other card, or in the insurer's word on it.  What the insurer says
of either must not speak against it.  Cards that only resemble each other are shown side by side,
for a person to compare.
"""

from __future__ import annotations

import unicodedata

from verify.card import Card
from verify.coverage import Coverage
from verify.formats.classify import Format
from verify.names import same_name
from verify.reason import Outcome, Reason
from verify.verdict import Verdict

# Verdicts on a card that is not sure to be what was shown, or not just now.
NOT_SURE = frozenset({Reason.CLOCK_IN_DOUBT, Reason.LEADING_ZERO_LOST})


def is_identity(verdict: Verdict) -> bool:
    """Tell an ID card's scan, with its name and birth; no other card is taken for one."""
    card = verdict.card
    has_person = card is not None and card.holder is not None and card.born is not None
    return verdict.format == Format.CCCD and has_person


def join_cards(identity: Verdict, cover: Verdict) -> Card | None:
    """Return the covering card with the ID card's number; None where they may be two people.

    None too where the ID card's own verdict is the better one: joining takes nothing away.
    """
    id_card, card = identity.card, cover.card
    if not _may_be_one(identity, cover) or id_card is None or card is None:
        return None
    if identity.outcome is Outcome.ADMITTED and cover.outcome is not Outcome.ADMITTED:
        return None
    named = _named(card, cover.coverage)
    same = (
        same_name(named.holder or "", id_card.holder or "")
        and named.born is not None
        and named.born.day is not None
        and named.born == id_card.born
        and named.sex in (None, id_card.sex)
    )
    if not same:
        return None
    return card._replace(
        holder=named.holder,
        born=id_card.born,
        sex=id_card.sex,
        citizen_number=id_card.number,
    )


def may_be_same_person(identity: Verdict, cover: Verdict) -> bool:
    """Tell whether an ID card and a covering card are worth comparing by a person.

    They are where the names are the same but for their marks, where the births are, or where
    nothing is known of whose the covering card is.
    """
    id_card, card = identity.card, cover.card
    if not _may_be_one(identity, cover) or id_card is None or card is None:
        return False
    named = _named(card, cover.coverage)
    if named.holder is None:
        return True
    return _unmarked(named.holder) == _unmarked(id_card.holder or "") or (
        named.born is not None and named.born == id_card.born
    )


def _may_be_one(identity: Verdict, cover: Verdict) -> bool:
    """Tell whether no number that is known of the two speaks against one person."""
    id_card, card = identity.card, cover.card
    if is_identity(cover) or not is_identity(identity) or id_card is None or card is None:
        return False
    if NOT_SURE & {identity.reason, cover.reason}:
        return False
    theirs, ours = (_insurance_numbers(verdict) for verdict in (identity, cover))
    return card.personal_id in (None, id_card.number) and not (
        theirs and ours and theirs.isdisjoint(ours)
    )


def _insurance_numbers(verdict: Verdict) -> set[str]:
    """Return the ten digits that card and insurer give."""
    card, word = verdict.card, verdict.coverage
    held = Card(word.card_number).insurance_number if word and word.card_number else None
    numbers = {card and card.insurance_number, word and word.insurance_number, held}
    return {number for number in numbers if number}


def _named(cover: Card, word: Coverage | None) -> Card:
    """Return a card with the name, birth and sex that the insurer gives, where it has none."""
    if cover.holder is not None or word is None:
        return cover
    return cover._replace(
        holder=word.holder, born=cover.born or word.born, sex=cover.sex or word.sex
    )


def _unmarked(name: str) -> str:
    """Return a name as it is typed by people without a Vietnamese keyboard."""
    apart = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return " ".join("".join(one for one in apart if not unicodedata.combining(one)).split())
