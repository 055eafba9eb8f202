"""Read the QR code of a citizen card (CCCD, 7 parts) or Căn cước card (11 parts).

The twelve-digit number identifies the person at the insurer too.  The code itself says nothing
about insurance.  Source: codes in use.

The holder's earlier numbers are kept as second numbers (Luật Căn cước 26/2023 Điều 20 khoản 3):

- The second part is the nine-digit number of the old identity card, where the holder had one.
- A cancelled personal number is among the last four parts (TT 16/2024/TT-BCA, as the press reports
  it).  Which of them it is, is not known: twelve digits count as one if no other part has twelve.
- The address, the parents' names and all other parts are not kept in the card.  The address can be
  read for a patient who copies it (`address_on_id_card`).
"""

from __future__ import annotations

from verify.birth import Birth
from verify.card import PERSONAL_ID, Card, CardReading, Sex
from verify.dates import read_date
from verify.errors import BadCard
from verify.formats.classify import Format, classify, normalise
from verify.names import read_name
from verify.person_number import NumberKind, PersonNumber
from verify.reason import Note, Reason
from verify.text import clean_line

NUMBER, OLD_NUMBER, HOLDER, BORN, SEX, ADDRESS, ISSUED = range(7)
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
        other_numbers=_other_numbers(parts),
        repaired_holder=holder.repaired,
    )
    return CardReading(card, (Note.NAME_GARBLED,) if holder.is_garbled else ())


def address_on_id_card(payload: bytes) -> str:
    """Return the address in the code of an ID card; empty if it has none, or is another code."""
    try:
        text = normalise(payload)
        is_id_card = classify(text) is Format.CCCD
    except BadCard:
        return ""
    return clean_line(text.split("|")[ADDRESS]) if is_id_card else ""


def _other_numbers(parts: list[str]) -> tuple[PersonNumber, ...]:
    """Return the earlier numbers of the holder that the code gives."""
    found = [PersonNumber(NumberKind.OLD_ID, parts[OLD_NUMBER])]
    extras = [part for part in parts[MIN_CCCD_PARTS:] if PERSONAL_ID.match(part)]
    if len(extras) == 1 and extras[0] != parts[NUMBER]:
        found.append(PersonNumber(NumberKind.CANCELLED_PERSONAL, extras[0]))
    return tuple(number for number in found if number.is_well_formed)


def _birth(field: str) -> Birth | None:
    try:
        return read_date(field)
    except ValueError as exc:
        raise BadCard(Reason.UNREADABLE, f"born: {exc}") from None
