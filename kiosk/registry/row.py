"""A compact row of the registry: one card in two integers, without a name or a number in it.

The key is a keyed hash of the person's number, so that a row is found by who knows the number and
by nobody else.  The row is packed, lowest bits first:

    15  first day of cover, counted from 1 January 2000; 0: not known
    15  last day of cover, the same
     3  standing, as STANDINGS counts them
     3  benefit digit; 0: not known
    10  group, as two letters counted from AA = 1; 0: not known
     7  province digits
     2  living area: K1, K2, K3; 0: none
     8  check of name and year of birth; 0: they were not given

The check tells, but for one in 255, that a name is not the one of the row, and nothing else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from hashlib import blake2b
from typing import NamedTuple

from verify import Standing

EPOCH = date(1999, 12, 31)  # day 0, which stands for "not known"
LAST_DAY = EPOCH + timedelta(days=2**15 - 1)
KEY_BITS = (1 << 63) - 1  # SQLite's integers have a sign
STANDINGS = (
    Standing.IN_FORCE,
    Standing.ENDED,
    Standing.WITHDRAWN,
    Standing.REPORTED_DOWN,
    Standing.REPLACED_OLD_OVER,
    Standing.KEPT_ELSEWHERE,
    Standing.NO_RECORD,  # taken out by a later change
)
ORDER = {standing: place for place, standing in enumerate(STANDINGS)}
NO_LETTERS = bytes(code for code in range(128) if not (chr(code).isalnum() or chr(code) == "\n"))
AREAS = ("", "K1", "K2", "K3")
LETTERS = 26
TAIL = 10  # characters of a card number that name the person
CITIZEN = 12  # digits of a citizen's number


class RegistryRow(NamedTuple):
    """A row as it is read; None and empty where not known."""

    standing: Standing
    valid_from: date | None
    valid_until: date | None
    level: int  # 0: not known
    group: str
    province: str
    living_area: str
    check: int = 0


def key_of(number: str, salt: bytes) -> int:
    """Return where a person's row stands: by the last ten characters of a card number, by an
    insurance number, or by a citizen's number of twelve digits."""
    return keys_of((number,), salt)[0]


def keys_of(numbers: Iterable[str], salt: bytes) -> list[int]:
    """Return where the rows of many stand."""
    keyed, keys = blake2b(digest_size=8, key=salt), []
    for number in numbers:
        hashed = keyed.copy()  # sooner done than making one
        hashed.update((number if len(number) == CITIZEN else number[-TAIL:]).encode())
        keys.append(int.from_bytes(hashed.digest()) & KEY_BITS)
    return keys


def check_of(holder: str, year: int, salt: bytes) -> int:
    """Return 8 bits of a name and a year of birth; 0 where one of them is not given.

    Marks, case and spacing do not count: names are written in more ways than people have.
    """
    return checks_of((holder,), (year,), salt)[0]


def checks_of(holders: Sequence[str], years: Iterable[int], salt: bytes) -> list[int]:
    """Return the checks of many."""
    keyed, checks = blake2b(digest_size=1, key=salt), []
    for letters, year in zip(_letters_of(holders), years, strict=True):
        hashed = keyed.copy()
        hashed.update(b"%b/%d" % (letters, year))
        checks.append((hashed.digest()[0] or 1) if letters and year else 0)
    return checks


def _letters_of(holders: Sequence[str]) -> list[bytes]:
    """Return the plain letters of names; of all at once, which takes half the time."""
    text = "\n".join(holders)
    if text.count("\n") >= len(holders):  # a line's end within a name
        text = "\n".join(holder.replace("\n", " ") for holder in holders)
    plain = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    return plain.encode("ascii", "ignore").translate(None, NO_LETTERS).split(b"\n")


def pack(row: RegistryRow) -> int:
    """Return a row as an integer; ValueError for a day that has no place."""
    group = row.group
    return (
        _days(row.valid_from)
        | _days(row.valid_until) << 15
        | ORDER[row.standing] << 30
        | row.level << 33
        | ((ord(group[0]) - 65) * LETTERS + ord(group[1]) - 64 if group else 0) << 36
        | int(row.province or 0) << 46
        | AREAS.index(row.living_area) << 53
        | row.check << 55
    )


def unpack(packed: int) -> RegistryRow:
    """Return what a packed row says."""
    values = []
    for bits in (15, 15, 3, 3, 10, 7, 2, 8):
        values.append(packed & ((1 << bits) - 1))
        packed >>= bits
    first, last, standing, level, group, province, area, check = values
    return RegistryRow(
        STANDINGS[standing], _day(first), _day(last), level, _letters(group),
        f"{province:02d}" if group else "", AREAS[area], check,
    )  # fmt: skip


def _days(day: date | None) -> int:
    if day is None:
        return 0
    if not EPOCH < day <= LAST_DAY:
        raise ValueError(f"a day from 2000-01-01 to {LAST_DAY}")
    return (day - EPOCH).days


def _day(days: int) -> date | None:
    return EPOCH + timedelta(days=days) if days else None


def _letters(number: int) -> str:
    if not number:
        return ""
    first, second = divmod(number - 1, LETTERS)
    return chr(65 + first) + chr(65 + second)
