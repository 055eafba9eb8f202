"""A card as a picture, for its holder to recognise: front and back, in the old and the new form.

It is made of our own shapes from the data that are held, and says across it that it is no card.
It has no code to scan, no emblem, and no check string: nothing of it proves anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from flask_babel import lazy_gettext as _l

from kiosk.desk import Enquiry, Entitlements
from kiosk.web.facility_words import name_or_nothing
from kiosk.web.language import in_both_languages, moment_text
from verify import BenefitLevel, Birth, clinic_day

GROUPS = (2, 1, 2, 10)  # characters of a number, as cards show it
FULL_LENGTH, INSURANCE_LENGTH, CODE_LENGTH = 15, 10, 5
TEXTS = {
    "title": _l("HEALTH INSURANCE CARD"),
    "number": _l("Number on the card"),
    "insurance_number": _l("Insurance number"),
    "holder": _l("Full name of the holder"),
    "born": _l("Date of birth"),
    "sex": _l("Sex of the holder"),
    "male": _l("Male"),
    "female": _l("Female"),
    "facility": _l("Facility of first registration"),
    "code": _l("Its code"),
    "valid": _l("Valid from the day"),
    "until": _l("Until the day"),
    "level": _l("Benefit level"),
    "area": _l("Code of the living area"),
    "five_years": _l("Five years without a break on"),
    "group": _l("Group of the holder"),
    "no_data": _l("no data"),
    "back": _l("What the signs on the card mean"),
    "of_costs": _l("of the covered costs, for a visit in order"),
    "show": _l("Show the card, or the ID card, each time you come for treatment."),
    "lend": _l("Lend it to nobody. Tell the insurer if something on it is wrong."),
    "front_side": _l("front side"),
    "back_side": _l("back side"),
}


@dataclass(frozen=True, slots=True)
class CardPicture:
    """What a picture shows.  None and empty texts are what is not known.  The repr hides whose."""

    number: str = field(repr=False)  # 15 characters, or fewer if the card has fewer
    insurance_number: str = field(repr=False)  # ten digits
    holder: str = field(repr=False)
    born: Birth | None = field(repr=False)
    sex: str
    facility: str
    facility_name: str
    valid_from: date | None
    valid_until: date | None
    five_years_on: date | None = field(repr=False)
    area: str
    level: BenefitLevel | None
    digit: int | None
    group: str
    group_name: str
    as_of: datetime  # aware: of the insurer's answer, else when the card was read
    is_confirmed: bool  # whether the insurer has stated it

    @property
    def groups(self) -> list[str]:
        """The number in groups, as cards show it."""
        if len(self.number) != FULL_LENGTH:
            return [self.number]
        parts, at = [], 0
        for length in GROUPS:
            parts.append(self.number[at : at + length])
            at += length
        return parts

    @property
    def facility_groups(self) -> str:
        """The code of the facility as cards show it: "01 - 999"."""
        whole = len(self.facility) == CODE_LENGTH
        return f"{self.facility[:2]} - {self.facility[2:]}" if whole else self.facility

    @property
    def stamp(self) -> dict[str, str]:
        """The sentence across the picture, in both languages."""
        at, day = moment_text(self.as_of).split(" ")
        texts = in_both_languages(
            {"stamp": _l("Picture made by the hospital from data of %(at)s on %(day)s, not a card")}
        )
        return {
            language: text["stamp"] % {"at": at, "day": day} for language, text in texts.items()
        }


def picture_of(enquiry: Enquiry, entitlements: Entitlements, now: datetime) -> CardPicture | None:
    """Return the picture of the card of an enquiry; None if no card was read.

    What the insurer has stated counts before what the card says, as at the desk.
    """
    card, coverage = enquiry.card, enquiry.coverage
    if card is None:
        return None
    benefit = entitlements.benefit_of(card, coverage, now)
    at_insurer = (coverage.card_number if coverage else None) or ""
    number = next(
        (text for text in (at_insurer, card.number) if len(text) == FULL_LENGTH), card.number
    )
    digit = int(number[2]) if len(number) == FULL_LENGTH and number[2].isdigit() else card.level
    facility = (coverage.facility if coverage else None) or card.facility or ""
    end_not_read = coverage is not None and coverage.end_not_read
    return CardPicture(
        number=number,
        insurance_number=(coverage.insurance_number if coverage else None)
        or card.insurance_number
        or "",
        holder=(coverage.holder if coverage else None) or card.holder or "",
        born=card.born,
        sex=card.sex or (coverage.sex if coverage else None) or "",
        facility=facility,
        facility_name=name_or_nothing(facility),
        valid_from=(coverage.valid_from if coverage else None) or card.valid_from,
        valid_until=None
        if end_not_read
        else (coverage.valid_until if coverage else None) or card.valid_until,
        five_years_on=(coverage.five_years_on if coverage else None) or card.five_years_on,
        area=(coverage.living_area if coverage else None) or card.living_area or "",
        level=entitlements.law.level_on(digit, clinic_day(now)) if digit else None,
        digit=digit,
        group=benefit.group,
        group_name=benefit.group_name,
        as_of=coverage.as_of if coverage else enquiry.at,
        is_confirmed=coverage is not None,
    )


def picture_texts() -> dict[str, dict[str, str]]:
    """Return the words on the picture, by language."""
    return in_both_languages(TEXTS)
