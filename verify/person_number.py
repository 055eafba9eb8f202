"""The numbers by which a person is known: a person may have several, one after another.

- A personal number can be cancelled, and another one issued (NĐ 70/2024 Điều 11 khoản 7).
- Foreigners have a passport or the number of an electronic identity, people of Vietnamese origin a
  certificate (NĐ 102/2025 Điều 6, NĐ 69/2024 Điều 5).
- A number of another kind is never turned into twelve digits: only a personal number has them.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class NumberKind(StrEnum):
    """The kinds of a person's numbers; the values are stored."""

    PERSONAL = "personal_number"
    CANCELLED_PERSONAL = "cancelled_personal_number"
    OLD_ID = "old_id"  # of the identity card before 2016, nine digits
    PASSPORT = "passport"
    ORIGIN_CERTIFICATE = "origin_certificate"  # of a person of Vietnamese origin
    FOREIGNER_IDENTITY = "foreigner_identity"  # the electronic identity of a foreigner
    INSURANCE = "insurance_number"
    CARD = "card_number"


_TWELVE_DIGITS = r"\d{12}\Z"
PATTERNS = {
    NumberKind.PERSONAL: re.compile(_TWELVE_DIGITS, re.ASCII),
    NumberKind.CANCELLED_PERSONAL: re.compile(_TWELVE_DIGITS, re.ASCII),
    NumberKind.OLD_ID: re.compile(r"\d{9}\Z", re.ASCII),
    NumberKind.INSURANCE: re.compile(r"\d{10}\Z", re.ASCII),
    NumberKind.CARD: re.compile(r"[A-Z]{2}[1-7]\d{2}[0-9A-Z]{10}\Z", re.ASCII),
}
# No source gives the form of the other kinds, so that any short number is accepted.
_ANY_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z/.-]{3,29}\Z", re.ASCII)


class PersonNumber(NamedTuple):
    """One number of a person, and from when until when it holds, as far as that is known."""

    kind: NumberKind
    number: str  # upper case, without blanks
    valid_from: date | None = None
    valid_until: date | None = None  # the last day

    def __repr__(self) -> str:
        """Leave out the number itself."""
        return f"PersonNumber({self.kind})"

    @property
    def is_well_formed(self) -> bool:
        """Whether the number has the form of its kind, as far as that is known."""
        return PATTERNS.get(self.kind, _ANY_NUMBER).match(self.number) is not None
