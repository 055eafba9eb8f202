"""The situation of a patient who shows a card, from the card and from the insurer's coverage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from verify.card import Card
from verify.coverage import Coverage
from verify.entitlement.situation import FacilityProfile, Referral, Situation

FULL_NUMBER_LENGTH = 15  # characters: group, digit, area and the ten digits of the person


@dataclass(frozen=True, slots=True)
class ArrivalDetails:
    """How the patient came, as entered at the desk.

    An empty `arrival` means that nothing was chosen: it then follows from the card.
    """

    arrival: str = ""
    care: str = "outpatient"
    referral: Referral | None = None
    copaid_vnd: int | None = None  # in this calendar year; None: not known


def situation_from_card(
    card: Card,
    coverage: Coverage | None,
    day: date,
    here: FacilityProfile,
    details: ArrivalDetails,
) -> Situation:
    """Return the situation of a visit on a day at a facility.

    What the insurer's coverage says counts before what the card says; the birth is the exception,
    for which the card counts first.  Without coverage, the card alone counts.
    """
    number = _number_that_counts(card, coverage, day)
    registered = (coverage.facility if coverage else None) or card.facility or ""
    new_card = coverage.new_card if coverage else None
    if new_card is not None and number == new_card.number:
        registered = new_card.facility or registered
    default_arrival = "registered" if here.code and here.code in registered else "self"
    return Situation(
        visit_date=day,
        facility=here,
        arrival=details.arrival or default_arrival,
        care=details.care,
        object_codes=(number[:2],) if number else (),
        digit=int(number[2]) if number else card.level,
        living_area=(coverage.living_area if coverage else None) or card.living_area or "",
        registered_at=registered,
        five_years_since=(coverage.five_years_on if coverage else None) or card.five_years_on,
        copaid_vnd=details.copaid_vnd,
        born=card.born or (coverage.born if coverage else None),
        referral=details.referral,
        card_until=_last_day(card, coverage, number),
    )


def _last_day(card: Card, coverage: Coverage | None, number: str) -> date | None:
    """Return the last day of the card that counts; None if it has none, or it is not known."""
    if coverage is None:
        return card.valid_until
    new_card = coverage.new_card
    if new_card is not None and number == new_card.number:
        return new_card.valid_until
    return None if coverage.end_not_read else coverage.valid_until or card.valid_until


def _number_that_counts(card: Card, coverage: Coverage | None, day: date) -> str:
    """Return the 15 characters of the card that counts on a day; empty if they are not known.

    A new card that the insurer names counts once it is in force, then the card that is shown, then
    the number that the insurer has.
    """
    if coverage is not None and coverage.has_new_card:
        new_card = coverage.new_card
        if new_card is not None and new_card.in_force_on(day):
            return new_card.number
    shown = card.number if card.object_code else ""
    at_insurer = (coverage.card_number if coverage else None) or ""
    return next((number for number in (shown, at_insurer) if len(number) == FULL_NUMBER_LENGTH), "")
