"""Read the QR code of a citizen card (CCCD, 7 parts) or Căn cước card (11 parts).

The twelve-digit number identifies the person at the insurer too.  The code itself says nothing
about insurance.  Source: codes in use.
"""

from __future__ import annotations

from verify.birth import Birth
from verify.card import PERSONAL_ID, Card, CardReading, Sex
from verify.dates import read_date
from verify.errors import BadCard
from verify.names import read_name
from verify.reason import Note, Reason

NUMBER, _OLD_NUMBER, HOLDER, BORN, SEX, _ADDRESS, ISSUED = range(7)
DATE_DIGITS = 8
MIN_CCCD_PARTS = 7


def read(text: str) -> CardReading:
    """Return what the code says about its holder, with notes on how it was read.

    A garbled name is set aside.  Raises BadCard if a field cannot be read.
    """
    parts = [part.strip() for part in text.split("|")]
    if len(parts) < MIN_CCCD_PARTS:
        raise BadCard(Reason.TRUNCATED, f"{len(parts)} parts; a citizen card has 7 or 11")
    if parts[ISSUED].isdigit() and len(parts[ISSUED]) > DATE_DIGITS:
        raise BadCard(Reason.UNREADABLE, "a second card follows the first without a break")
    holder = read_name(parts[HOLDER])
    has_name = holder.name is not None or holder.is_garbled
    if not PERSONAL_ID.match(parts[NUMBER]) or not has_name:
        raise BadCard(Reason.UNREADABLE, "no 12-digit number, or no name")
    card = Card(
        number=parts[NUMBER],
        holder=holder.name,
        born=_birth(parts[BORN]),
        sex=Sex.MALE if parts[SEX].casefold() == "nam" else Sex.FEMALE,
        repaired_holder=holder.repaired,
    )
    return CardReading(card, (Note.NAME_GARBLED,) if holder.is_garbled else ())


def _birth(field: str) -> Birth | None:
    try:
        return read_date(field)
    except ValueError as exc:
        raise BadCard(Reason.UNREADABLE, f"born: {exc}") from None
