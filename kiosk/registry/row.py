"""A compact row of the registry: one card in two integers, without a name or a number.

The key is a keyed hash of the number that identifies the person, so that only somebody who knows
the number finds the row.  The row is packed; the lowest bits come first:

    15  first day of cover, counted from 1 January 2000 as day 1; 0: not known
    15  last day of cover, counted the same way
     3  standing, as its place in STANDINGS
     3  benefit digit; 0: not known
    10  group, as two letters counted from AA = 1; 0: not known
     7  province digits
     2  living area: K1, K2, K3; 0: none
     8  check of name and year of birth; 0: these were not given

The check says that a name is not the one of the row; it misses one wrong name in 255.  Nothing
else can be learned from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from hashlib import blake2b
from typing import NamedTuple

from verify import Standing, plain_letters

EPOCH = date(1999, 12, 31)  # day 0, which stands for "not known"
EPOCH_ORDINAL = EPOCH.toordinal()
LAST_DAY = EPOCH + timedelta(days=2**15 - 1)
KEY_MASK = (1 << 63) - 1  # SQLite's integers have a sign
STANDINGS = (
    Standing.IN_FORCE,
    Standing.ENDED,
    Standing.WITHDRAWN,
    Standing.REPORTED_DOWN,
    Standing.REPLACED_OLD_OVER,
    Standing.KEPT_ELSEWHERE,
    Standing.NO_RECORD,  # a later change has removed the record
)
PLACE_OF_STANDING = {standing: place for place, standing in enumerate(STANDINGS)}
LIVING_AREAS = ("", "K1", "K2", "K3")
ALPHABET_SIZE = 26
CARD_LENGTH = 15  # characters of a card number
PERSON_LENGTH = 10  # the last characters of a card number, which identify the person
CITIZEN_LENGTH = 12  # digits of a citizen's number


class RegistryRow(NamedTuple):
    """A row, unpacked; a value that is not known is None or empty."""

    standing: Standing
    valid_from: date | None
    valid_until: date | None
    level: int  # 0: not known
    group: str
    province: str
    living_area: str
    check: int = 0


def key_of(number: str, salt: bytes) -> int:
    """Return the key of a person's row.

    `number` is a card number or an insurance number, of which the last ten characters count, or
    a citizen's number of twelve digits.  `salt` is the key of the hash.
    """
    person = number if len(number) == CITIZEN_LENGTH else number[-PERSON_LENGTH:]
    return int.from_bytes(blake2b(person.encode(), digest_size=8, key=salt).digest()) & KEY_MASK


def keys_of(numbers: Iterable[str], salt: bytes) -> list[int]:
    """Return the key for each of many numbers."""
    keyed, keys = blake2b(digest_size=8, key=salt), []
    for number in numbers:
        digest = keyed.copy()  # faster than making a new one
        digest.update(
            (number if len(number) == CITIZEN_LENGTH else number[-PERSON_LENGTH:]).encode()
        )
        keys.append(int.from_bytes(digest.digest()) & KEY_MASK)
    return keys


def check_of(holder: str, year: int, salt: bytes) -> int:
    """Return 8 bits, 1 to 255, of a name and a year of birth; 0 if one of them is not given.

    Of the name the plain letters count (`verify.plain_letters`), since it is written in many ways.
    """
    letters = plain_letters(holder.replace("\n", " "))
    if not (letters and year):
        return 0
    return blake2b(b"%b/%d" % (letters, year), digest_size=1, key=salt).digest()[0] or 1


def checks_of(holders: Sequence[str], years: Iterable[int], salt: bytes) -> list[int]:
    """Return the check for each of many people."""
    keyed, checks = blake2b(digest_size=1, key=salt), []
    for letters, year in zip(_letters_of(holders), years, strict=True):
        digest = keyed.copy()
        digest.update(b"%b/%d" % (letters, year))
        checks.append((digest.digest()[0] or 1) if letters and year else 0)
    return checks


def _letters_of(holders: Sequence[str]) -> list[bytes]:
    """Return the plain letters of each name; all at once, which takes half the time."""
    text = "\n".join(holders)
    if text.count("\n") >= len(holders):  # a name holds a newline
        text = "\n".join(holder.replace("\n", " ") for holder in holders)
    return plain_letters(text).split(b"\n")


def pack(row: RegistryRow) -> int:
    """Return a row as an integer of 63 bits.

    Raises ValueError if a day is before 2000 or after LAST_DAY.
    """
    group = row.group
    return (
        _days(row.valid_from)
        | _days(row.valid_until) << 15
        | PLACE_OF_STANDING[row.standing] << 30
        | row.level << 33
        | (_group_number(group) if group else 0) << 36
        | int(row.province or 0) << 46
        | LIVING_AREAS.index(row.living_area) << 53
        | row.check << 55
    )


def unpack(packed: int) -> RegistryRow:
    """Return the row that `pack` packed."""
    first, last, group = packed & 0x7FFF, packed >> 15 & 0x7FFF, packed >> 36 & 0x3FF
    return RegistryRow(
        STANDINGS[packed >> 30 & 7],
        date.fromordinal(EPOCH_ORDINAL + first) if first else None,
        date.fromordinal(EPOCH_ORDINAL + last) if last else None,
        packed >> 33 & 7,
        _group(group),
        f"{packed >> 46 & 0x7F:02d}" if group else "",
        LIVING_AREAS[packed >> 53 & 3],
        packed >> 55 & 0xFF,
    )


def _days(day: date | None) -> int:
    if day is None:
        return 0
    if not EPOCH < day <= LAST_DAY:
        raise ValueError(f"expected a day from 2000-01-01 to {LAST_DAY}")
    return (day - EPOCH).days


def _group_number(group: str) -> int:
    return (ord(group[0]) - ord("A")) * ALPHABET_SIZE + ord(group[1]) - ord("A") + 1


def _group(number: int) -> str:
    if not number:
        return ""
    first, second = divmod(number - 1, ALPHABET_SIZE)
    return chr(ord("A") + first) + chr(ord("A") + second)
