"""Read the QR code of a BHYT card. Nobody vouches for what it says.

1. Fields are separated by `|`.  Names and places are hexadecimal UTF-8, and `-` means "nothing".
2. A code of 15 parts begins with the 15-character number of older cards, one of 17 parts with the
   ten digits of newer cards.
3. The check string (field 13) is keyed by the insurer and proves nothing here.  It is not kept.

Source: codes in use.  No official specification is public.
"""

from __future__ import annotations

import re
from datetime import date
from operator import itemgetter

from verify.birth import Birth
from verify.card import Card, CardReading, Sex, is_number
from verify.dates import read_date, read_day
from verify.errors import BadCard
from verify.formats.classify import Format
from verify.names import NameReading, read_name
from verify.reason import Note, Reason

# Where a line has number, holder, birth, sex, facility, first day, last day, day of issue, office
# and number, area, five years and level.  Older and newer cards differ in the level only.  The
# short form has no address and ends with the day of issue (known from one parser, without a
# sample).
NOWHERE = -1  # behind the last field, where an empty one is added
LAYOUTS = {
    Format.BHYT15: itemgetter(0, 1, 2, 3, 5, 6, 7, 8, 9, 11, 12, NOWHERE),
    Format.BHYT17: itemgetter(0, 1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 14),
    Format.BHYT9: itemgetter(0, 1, 2, 3, 4, 5, 6, 7, NOWHERE, NOWHERE, NOWHERE, NOWHERE),
}

FIRST_INSURED_YEAR = 1992  # in which the insurance began (Nghị định 299/HĐBT)

_BLANKS = re.compile(r"[ .-]+")
# A name that is not written in hexadecimal has other letters, and no digits.
_PLAIN_NAME = re.compile(r"\D*[g-z]\D*\Z", re.IGNORECASE)
_FACILITY = re.compile(r"(\d{2})\s*[-–]?\s*([0-9A-Z]{3})\Z", re.ASCII | re.IGNORECASE)
_OFFICE = re.compile(r"\d{4}(\d{10})\Z", re.ASCII)

SEXES = {"1": Sex.MALE, "2": Sex.FEMALE}
LIVING_AREAS = {"5": "K1", "6": "K2", "7": "K3"}  # 4: no area. It is not the benefit level.


def read(text: str, shape: Format) -> CardReading:
    """Return the card in a normalised text of 9, 15 or 17 parts, with notes on how it was read.

    A garbled name is set aside, and a date that does not say who the holder is and cannot be read
    is left out: the insurer knows both better.  Raises BadCard if number, name or birth cannot be
    read, or if two fields contradict each other.
    """
    fields = LAYOUTS[shape]([*map(str.strip, text.split("|")), ""])
    number, name, born, sex, place, begins, ends, made, office, area, reached, digit = fields
    number = _BLANKS.sub("", number).upper()
    if not is_number(number):
        raise BadCard(Reason.UNREADABLE, f"field 0 is not a card number; {len(number)} characters")
    notes: list[Note] = []
    first, last = _day(begins, notes), _day(ends, notes)
    issued, five_years_on = _day(made, notes), _day(reached, notes)
    if first and last and last < first:
        raise BadCard(Reason.SELF_CHECK_FAILED, "its last day is before its first")
    holder = _holder(name)
    if holder.is_garbled:
        notes.append(Note.NAME_GARBLED)
    card = Card(
        number,
        holder.name,
        _birth(born),
        SEXES.get(sex),
        _facility(place),
        first,
        last,
        issued,
        five_years_on,
        level=_level(number[2] if len(number) == 15 else digit),
        living_area=LIVING_AREAS.get(area),
        legacy_insurance_number=_legacy_number(number, office),
        repaired_holder=holder.repaired,
    )
    return CardReading(card, tuple(notes))


def _legacy_number(number: str, office_and_number: str) -> str | None:
    """Compare the card's number with its second copy in field 9.

    Returns the copy if the number itself does not contain the ten digits.  Raises BadCard if the
    two differ.
    """
    match = _OFFICE.match(office_and_number)
    if match is None:
        return None
    tail = number[-10:]
    if len(number) == 12 or (len(number) == 15 and not tail.isdigit()):
        return match[1]  # a serial from before 2018, or a citizen's number
    if tail != match[1]:
        raise BadCard(Reason.SELF_CHECK_FAILED, "fields 0 and 9 give different numbers")
    return None


def _holder(field: str) -> NameReading:
    """Return the name in a field: hexadecimal UTF-8, or, from some software, plain text."""
    if field in ("", "-"):
        return NameReading(None)
    if _PLAIN_NAME.match(field):
        return read_name(field)
    try:
        name = bytes.fromhex(field) if field.isascii() else None
    except ValueError:
        name = None
    if name is None:
        raise BadCard(Reason.UNREADABLE, "the name is not hexadecimal")
    return _read_bytes(name.rstrip(b"\0"))


def _read_bytes(name: bytes) -> NameReading:
    """Read a name in UTF-8, or in the UTF-16 of one maker's software.

    Bytes that are neither are those of an old code page: the name is garbled, and the rest of the
    card as good as ever.
    """
    if b"\0" in name:  # the last letter's NUL was cut off with those behind it
        name += bytes(len(name) % 2)
        return read_name(name.decode("utf-16-le", "replace"))
    try:
        return read_name(name.decode("utf-8"))
    except UnicodeDecodeError:
        return NameReading(
            None, is_garbled=True, repaired=read_name(name.decode("latin-1")).repaired
        )


def _birth(field: str) -> Birth | None:
    try:
        return read_date(field)
    except ValueError as exc:
        raise BadCard(Reason.UNREADABLE, f"born: {exc}") from None


def _day(field: str, notes: list[Note]) -> date | None:
    """Return a day of the insurance. One that cannot be, or cannot be read, is noted."""
    try:
        day = read_day(field)
    except ValueError:
        day = date.min
    if day is None or day.year >= FIRST_INSURED_YEAR:
        return day
    if Note.DATE_NOT_READ not in notes:
        notes.append(Note.DATE_NOT_READ)
    return None


def _facility(field: str) -> str | None:
    match = _FACILITY.match(field)
    return (match[1] + match[2]).upper() if match else None


def _level(digit: str) -> int | None:
    return int(digit) if len(digit) == 1 and digit in "1234567" else None
