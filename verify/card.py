"""A Card: what a card says about its holder, and who vouches for that.

An ordinary BHYT code is a claim that anyone can copy, so `vouched_by` is None until
`signature.open_envelope` has verified a signature. No other module sets it, except that
`contract.py` reads it back from a stored verdict.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from verify.birth import Birth
from verify.person_number import PersonNumber
from verify.reason import Note

# 15 characters: two letters of the object code, the benefit digit (6 and 7 occur on older
# cards), two digits of the province, then ten more.  Letters occur among these ten on cards from
# before 2018 and in newborns' temporary numbers.
# Source: numbers in use; there is no official specification.
CARD_NUMBER = re.compile(r"[A-Z]{2}[1-7]\d{2}[0-9A-Z]{10}\Z", re.ASCII)
FACILITY_CODE = re.compile(r"\d{2}[0-9A-Z]{3}\Z", re.ASCII)  # province and facility
INSURANCE_NUMBER = re.compile(r"\d{10}\Z", re.ASCII)
PERSONAL_ID = re.compile(r"\d{12}\Z", re.ASCII)
NUMBER_PATTERNS = {15: CARD_NUMBER, 10: INSURANCE_NUMBER, 12: PERSONAL_ID}  # by length

# Cards of the army, the police and the cipher service are kept in registers of their own.
SEPARATE_REGISTER_CODES = frozenset({"QN", "CA", "CY"})


def is_number(text: str) -> bool:
    """Return whether a text is a card number, an insurance number or a citizen's number."""
    pattern = NUMBER_PATTERNS.get(len(text))
    return pattern is not None and pattern.match(text) is not None


class Sex(StrEnum):
    """The sex as the card gives it."""

    MALE = "male"
    FEMALE = "female"


class Vouch(NamedTuple):
    """Who signed a card, with which key, and how long the signature holds. All times are aware."""

    issuer: str
    key_id: str  # hexadecimal
    signed_at: datetime
    expires_at: datetime | None  # None: never
    revocation_known: bool = True  # False: the status list that the card names is not held here
    shown_at: datetime | None = None  # when the holder's phone signed; None: not bound to a phone


class Card(NamedTuple):
    """What a card says about its holder. None for what it does not say. Names are NFC."""

    number: str  # 15, 10 or 12 characters, upper case
    holder: str | None = None
    born: Birth | None = None
    sex: Sex | None = None
    facility: str | None = None  # where the holder is registered, 5 characters
    valid_from: date | None = None
    valid_until: date | None = None  # the last valid day
    issued: date | None = None
    five_years_on: date | None = None
    level: int | None = None  # benefit digit, 1 to 5 (6 and 7 on older cards)
    living_area: str | None = None  # K1, K2, K3
    legacy_insurance_number: str | None = None
    citizen_number: str | None = None  # from an ID card that was scanned beside this card
    other_numbers: tuple[PersonNumber, ...] = ()  # further numbers of the holder
    vouched_by: Vouch | None = None
    # What a garbled name certainly was: for a person to confirm, and compared with nothing.
    repaired_holder: str | None = None

    def __repr__(self) -> str:
        """Leave out everything that says who the holder is."""
        return f"Card(level={self.level}, living_area={self.living_area}, {self.vouched_by})"

    def signed(self, *, vouched_by: Vouch) -> Card:
        """Return the same card, vouched for."""
        # As `_replace` does, in half the time. The two fields are the last ones.
        return Card(*self[:-2], vouched_by, self.repaired_holder)

    @property
    def unvouched(self) -> Card:
        """The same card without a signature: a claim that anyone can copy."""
        return self._replace(vouched_by=None)

    @property
    def insurance_number(self) -> str | None:
        """The holder's ten-digit insurance number. None if the card does not give it."""
        if self.legacy_insurance_number:
            return self.legacy_insurance_number
        tail = self.number[-10:]
        return tail if len(self.number) in (10, 15) and INSURANCE_NUMBER.match(tail) else None

    @property
    def personal_id(self) -> str | None:
        """The holder's twelve-digit citizen number. None if it is not known."""
        return self.number if PERSONAL_ID.match(self.number) else self.citizen_number

    @property
    def object_code(self) -> str | None:
        """The two letters of a 15-character number: the ground on which the holder is insured."""
        return self.number[:2] if len(self.number) == 15 else None


class CardReading(NamedTuple):
    """A card that was read, and notes on how it was read."""

    card: Card
    notes: tuple[Note, ...] = ()
