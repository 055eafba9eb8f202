"""Read the QR code of a citizen card (CCCD, 7 parts) or Căn cước card (11 parts).

The twelve-digit number identifies the person at the insurer too.  The code itself says nothing
about insurance.  Source: codes in use.
"""

from __future__ import annotations

from verify.birth import Birth
from verify.card import PERSONAL_ID, Card, Sex
from verify.errors import BadCard
from verify.names import person_name
from verify.reason import Reason

NUMBER, _OLD_NUMBER, HOLDER, BORN, SEX, _ADDRESS, ISSUED = range(7)
DATE_DIGITS = 8
MIN_CCCD_PARTS = 7


def read(text: str) -> Card:
    """Return what the code says about its holder. Raises BadCard if a field cannot be read."""
    parts = [part.strip() for part in text.split("|")]
    if len(parts) < MIN_CCCD_PARTS:
        raise BadCard(Reason.TRUNCATED, f"{len(parts)} parts; a citizen card has 7 or 11")
    if parts[ISSUED].isdigit() and len(parts[ISSUED]) > DATE_DIGITS:
        raise BadCard(Reason.UNREADABLE, "a second card follows the first without a break")
    holder = person_name(parts[HOLDER])
    if not PERSONAL_ID.match(parts[NUMBER]) or holder is None:
        raise BadCard(Reason.UNREADABLE, "no 12-digit number, or no name")
    sex = Sex.MALE if parts[SEX].casefold() == "nam" else Sex.FEMALE
    return Card(number=parts[NUMBER], holder=holder, born=_birth(parts[BORN]), sex=sex)


def _birth(digits: str) -> Birth | None:
    """Read ddMMyyyy, MMyyyy or yyyy. A day or month of 00 means that it is not known."""
    if len(digits) not in (4, 6, 8) or not digits.isascii() or not digits.isdigit():
        raise BadCard(Reason.UNREADABLE, f"birth of {len(digits)} characters; expected 4, 6 or 8")
    year, month = int(digits[-4:]), int(digits[-6:-4] or 0)
    day = int(digits[-8:-6] or 0)
    try:
        return Birth(year, month or None, (day or None) if month else None)
    except ValueError:
        raise BadCard(Reason.UNREADABLE, "birth is not a date") from None
