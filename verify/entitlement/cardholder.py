"""The situation of someone who shows a card: what the card and the insurer's word say of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from verify.card import Card
from verify.coverage import Coverage
from verify.entitlement.situation import FacilityProfile, Referral, Situation


@dataclass(frozen=True, slots=True)
class ArrivalDetails:
    """How somebody came, as it was said at the desk; an empty arrival follows from the card."""

    arrival: str = ""
    care: str = "outpatient"
    referral: Referral | None = None
    copaid_vnd: int | None = None  # this calendar year


def situation_from_card(
    card: Card, word: Coverage | None, day: date, here: FacilityProfile, coming: ArrivalDetails
) -> Situation:
    """Return the situation; where the insurer has spoken, its word counts before the card's."""
    number = _number(card, word, day)
    registered = (word.facility if word else None) or card.facility or ""
    new = word.new_card if word else None
    if word is not None and new is not None and number == new.number:
        registered = new.facility or registered
    usual = "registered" if here.code and here.code in registered else "self"
    return Situation(
        visit_date=day,
        facility=here,
        arrival=coming.arrival or usual,
        care=coming.care,
        object_codes=(number[:2],) if number else (),
        digit=int(number[2]) if number else card.level,
        living_area=(word.living_area if word else None) or card.living_area or "",
        registered_at=registered,
        five_years_since=(word.five_years_on if word else None) or card.five_years_on,
        copaid_vnd=coming.copaid_vnd,
        born=card.born or (word.born if word else None),
        referral=coming.referral,
    )


def _number(card: Card, word: Coverage | None, day: date) -> str:
    """Return the 15 characters of the card that counts on a day; empty where nobody gave them."""
    if word is not None and word.has_new_card and word.new_card and word.new_card.in_force_on(day):
        return word.new_card.number
    shown = card.number if card.object_code else ""
    held = (word.card_number if word else None) or ""
    return next((one for one in (shown, held) if len(one) == 15), "")
