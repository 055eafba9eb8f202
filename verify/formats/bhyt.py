"""Read the QR code of a BHYT card; nobody vouches for it.

Fields are split by `|`; names and places are hexadecimal UTF-8 and `-` is "nothing".
15 parts: the 15-character number of older cards; 17 parts: the ten digits of newer ones.
The field table is read from codes in use; no official specification is public.
The check string (field 13) is keyed by the insurer and proves nothing here: it is not kept.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from verify.birth import Birth
from verify.card import Card, Sex, is_number
from verify.errors import BadCard
from verify.formats.classify import Format
from verify.reason import Reason

(NUMBER, HOLDER, BORN, SEX, _ADDRESS, FACILITY, FROM, UNTIL, ISSUED, OFFICE_AND_NUMBER,
 _PARENT, AREA, FIVE_YEARS, _CHECK, LEVEL) = range(15)  # fmt: skip

_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\Z", re.ASCII)
_YEAR = re.compile(r"\d{4}\Z", re.ASCII)
_FACILITY = re.compile(r"(\d{2})\s*[-–]?\s*([0-9A-Z]{3})\Z", re.ASCII | re.IGNORECASE)
_OFFICE = re.compile(r"\d{4}(\d{10})\Z", re.ASCII)

SEXES = {"1": Sex.MALE, "2": Sex.FEMALE}
LIVING_AREAS = {"5": "K1", "6": "K2", "7": "K3"}  # 4: none; it is not the benefit level


def read(text: str, shape: Format) -> Card:
    """Return the card in a text of 15 or 17 parts, or raise BadCard."""
    parts = [part.strip() for part in text.split("|")]
    number = parts[NUMBER].upper()
    if not is_number(number):
        raise BadCard(Reason.UNREADABLE, f"field 0 is no card number; {len(number)} characters")
    return Card(
        number=number,
        holder=_words(parts[HOLDER], HOLDER),
        born=_birth(parts[BORN]),
        sex=SEXES.get(parts[SEX]),
        facility=_facility(parts[FACILITY]),
        valid_from=_day(parts[FROM], FROM),
        valid_until=_day(parts[UNTIL], UNTIL),
        issued=_day(parts[ISSUED], ISSUED),
        five_years_on=_day(parts[FIVE_YEARS], FIVE_YEARS),
        level=_level(number[2] if len(number) == 15 else parts[LEVEL], shape),
        living_area=LIVING_AREAS.get(parts[AREA]),
        legacy_insurance_number=_legacy_number(number, parts[OFFICE_AND_NUMBER]),
    )


def _legacy_number(number: str, office_and_number: str) -> str | None:
    """Hold the number against its second copy; return the copy where only it has the digits."""
    match = _OFFICE.match(office_and_number)
    if match is None:
        return None
    tail = number[-10:]
    if len(number) == 12 or (len(number) == 15 and not tail.isdigit()):
        return match[1]  # a serial of before 2018, or a citizen's number: the ten stand here only
    if tail != match[1]:
        raise BadCard(Reason.SELF_CHECK_FAILED, "fields 0 and 9 give two numbers")
    return None


def _words(field: str, place: int) -> str | None:
    if field in ("", "-"):
        return None
    try:
        words = bytes.fromhex(field).decode("utf-8") if field.isascii() else None
    except ValueError:  # UnicodeDecodeError is one too
        words = None
    if words is None or not words.isprintable():
        raise BadCard(Reason.UNREADABLE, f"field {place} is not hexadecimal UTF-8")
    return " ".join(unicodedata.normalize("NFC", words).split()) or None


def _birth(field: str) -> Birth | None:
    if _YEAR.match(field) and field != "0000":
        return Birth(int(field))
    day = _day(field, BORN)
    return None if day is None else Birth.on(day)


def _day(field: str, place: int) -> date | None:
    if field in ("", "-"):
        return None
    match = _DATE.match(field)
    try:
        if match is not None:
            return date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        pass  # no such day; told below
    raise BadCard(Reason.UNREADABLE, f"field {place} is no date; wanted dd/mm/yyyy")


def _facility(field: str) -> str | None:
    match = _FACILITY.match(field)
    return (match[1] + match[2]).upper() if match else None


def _level(digit: str, shape: Format) -> int | None:
    known = len(digit) == 1 and digit in "1234567"
    return int(digit) if known and shape in (Format.BHYT15, Format.BHYT17) else None
