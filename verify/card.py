"""A Card: what a card says of itself, and who vouches for it.

An ordinary BHYT code is a claim that anyone can copy, so `vouched_by` is None
until `signature.open_envelope` has seen a good signature; no other module sets it.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from verify.birth import Birth

# 15 characters: two letters of the object code, the benefit digit (6 and 7 stand on older
# cards), two digits of the province, then ten; letters among the ten stand on cards of before
# 2018 and on newborns' temporary numbers.  Source: numbers in use, no official specification.
CARD_NUMBER = re.compile(r"[A-Z]{2}[1-7]\d{2}[0-9A-Z]{10}\Z", re.ASCII)
INSURANCE_NUMBER = re.compile(r"\d{10}\Z", re.ASCII)
PERSONAL_ID = re.compile(r"\d{12}\Z", re.ASCII)
KINDS = {15: CARD_NUMBER, 10: INSURANCE_NUMBER, 12: PERSONAL_ID}

# Cards of the army, the police and the cipher service are kept in registers of their own.
KEPT_ELSEWHERE = frozenset({"QN", "CA", "CY"})


def is_number(text: str) -> bool:
    """Tell whether a text is a card number, an insurance number or a citizen's number."""
    kind = KINDS.get(len(text))
    return kind is not None and kind.match(text) is not None


class Sex(StrEnum):
    """As the card says; absent where it does not."""

    MALE = "male"
    FEMALE = "female"


class Vouch(NamedTuple):
    """Whose signature stands under a card, and for how long (aware times)."""

    issuer: str
    key_id: str  # hexadecimal
    signed_at: datetime
    expires_at: datetime | None  # None: never
    revocation_known: bool = True  # False: the list that it names is not held here
    shown_at: datetime | None = None  # when the phone that it is bound to signed; None: to none


class Card(NamedTuple):
    """What a card says of itself; None where it says nothing. Names are NFC."""

    number: str  # 15, 10 or 12 characters, upper case
    holder: str | None = None
    born: Birth | None = None
    sex: Sex | None = None
    facility: str | None = None  # registered, 5 characters
    valid_from: date | None = None
    valid_until: date | None = None  # its last good day
    issued: date | None = None
    five_years_on: date | None = None
    level: int | None = None  # benefit digit, 1 to 5 (6 and 7 on older cards)
    living_area: str | None = None  # K1, K2, K3
    legacy_insurance_number: str | None = None
    citizen_number: str | None = None  # from the ID card beside it
    vouched_by: Vouch | None = None

    def __repr__(self) -> str:
        """Leave out what it says of a person."""
        return f"Card(level={self.level}, living_area={self.living_area}, {self.vouched_by})"

    @property
    def unvouched(self) -> Card:
        """The card as anyone can copy it: what it says of itself, without a signature."""
        return self._replace(vouched_by=None)

    @property
    def insurance_number(self) -> str | None:
        """The ten digits that name the person at the insurer, where the card gives them."""
        if self.legacy_insurance_number:
            return self.legacy_insurance_number
        tail = self.number[-10:]
        return tail if len(self.number) in (10, 15) and INSURANCE_NUMBER.match(tail) else None

    @property
    def personal_id(self) -> str | None:
        """The twelve-digit number of the citizen, where that is what was shown."""
        return self.number if PERSONAL_ID.match(self.number) else self.citizen_number

    @property
    def object_code(self) -> str | None:
        """The two letters of a 15-character number: why this person is insured."""
        return self.number[:2] if len(self.number) == 15 else None
