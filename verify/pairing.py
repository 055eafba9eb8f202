"""Join two scans of one person: an ID card says who they are, another card what covers them.

The two cards share no number.  The rules:

1. They are joined only if name (`names.same_name`) and day of birth are the same, and the sex if
   both give it.  The name, birth and sex of the covering card come from the card, or from the
   insurer's coverage of it if the card has no name.
2. No number that is known of either person may speak against it.
3. Cards that only resemble each other are shown side by side, for a person to compare.
"""

from __future__ import annotations

from verify.card import Card
from verify.coverage import Coverage
from verify.formats.classify import Format
from verify.names import same_name, similar_name
from verify.reason import Outcome, Reason
from verify.verdict import Verdict

# Reasons that leave it open which card was read, or what day it is: nothing is joined then.
UNSURE_READINGS = frozenset({Reason.CLOCK_IN_DOUBT, Reason.LEADING_ZERO_LOST})


def is_identity(verdict: Verdict) -> bool:
    """Return whether a verdict is on an ID card with a name and a birth date."""
    card = verdict.card
    has_person = card is not None and card.holder is not None and card.born is not None
    return verdict.format == Format.CCCD and has_person


def join_cards(identity: Verdict, cover: Verdict) -> Card | None:
    """Return the covering card with the ID card's number added.

    None if the cards may belong to two people, or if the ID card's own verdict is the better one:
    joining takes nothing away.
    """
    id_card, card = identity.card, cover.card
    if not _may_be_one_person(identity, cover) or id_card is None or card is None:
        return None
    if identity.outcome is Outcome.ADMITTED and cover.outcome is not Outcome.ADMITTED:
        return None
    covered = _with_holder(card, cover.coverage)
    is_same_person = (
        same_name(covered.holder or "", id_card.holder or "")
        and covered.born is not None
        and covered.born.day is not None
        and covered.born == id_card.born
        and covered.sex in (None, id_card.sex)
    )
    if not is_same_person:
        return None
    # A signature does not vouch for a name that the card does not give.
    joined = card if card.holder is not None else card.unvouched
    return joined._replace(
        holder=covered.holder,
        repaired_holder=None,
        born=id_card.born,
        sex=id_card.sex,
        citizen_number=id_card.number,
        other_numbers=id_card.other_numbers,
    )


def may_be_same_person(identity: Verdict, cover: Verdict) -> bool:
    """Return whether an ID card and a covering card are worth comparing by a person.

    They are if the names are the same except for marks, if the births are the same, or if the
    name on the covering card is not known and its birth may be the same.
    """
    id_card, card = identity.card, cover.card
    if not _may_be_one_person(identity, cover) or id_card is None or card is None:
        return False
    covered = _with_holder(card, cover.coverage)
    if covered.holder is None:
        if covered.born is None or id_card.born is None:
            return True
        return covered.born.agrees_with(id_card.born)
    return similar_name(covered.holder, id_card.holder or "") or (
        covered.born is not None and covered.born == id_card.born
    )


def _may_be_one_person(identity: Verdict, cover: Verdict) -> bool:
    """Return whether no known number shows that the two cards belong to two people."""
    id_card, card = identity.card, cover.card
    if is_identity(cover) or not is_identity(identity) or id_card is None or card is None:
        return False
    if UNSURE_READINGS & {identity.reason, cover.reason}:
        return False
    of_identity, of_cover = (_insurance_numbers(verdict) for verdict in (identity, cover))
    return card.personal_id in (None, id_card.number) and not (
        of_identity and of_cover and of_identity.isdisjoint(of_cover)
    )


def _insurance_numbers(verdict: Verdict) -> set[str]:
    """Return the ten-digit insurance numbers that the card and the insurer give."""
    card, coverage = verdict.card, verdict.coverage
    recorded = (
        Card(coverage.card_number).insurance_number if coverage and coverage.card_number else None
    )
    numbers = {
        card and card.insurance_number,
        coverage and coverage.insurance_number,
        recorded,
    }
    return {number for number in numbers if number}


def _with_holder(card: Card, coverage: Coverage | None) -> Card:
    """Return a card without a name with the insurer's name, birth and sex filled in."""
    if card.holder is not None or coverage is None:
        return card
    return card._replace(
        holder=coverage.holder, born=card.born or coverage.born, sex=card.sex or coverage.sex
    )
