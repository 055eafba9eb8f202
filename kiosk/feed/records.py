"""Card records as an export gives them: CSV, a card a line, read into compact rows.

The columns, in any order; only `number` must have a value:

    number, citizen_number, holder, born, standing, valid_from, valid_until, living_area

`number` is the card's fifteen characters; `standing` is in_force where it is empty.  A malformed
line stops the whole: half a registry would say of the other half that it has no record.
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from kiosk.errors import BadRecords
from verify import (
    AREAS,
    EPOCH,
    LAST_DAY,
    STANDINGS,
    Birth,
    Row,
    Standing,
    check_of,
    is_number,
    key_of,
    pack,
)

COLUMNS = ("number", "citizen_number", "holder", "born", "standing", "valid_from", "valid_until",
           "living_area")  # fmt: skip
WORDS = {one.value: one for one in STANDINGS} | {"": Standing.IN_FORCE}
CARD = re.compile(r"([A-Z]{2})([1-7])(\d{2})[0-9A-Z]{10}\Z", re.ASCII)


class Record(NamedTuple):
    """One row of the registry to be, and the line that it comes from."""

    key: int
    row: int
    line: int


def read_records(path: Path, salt: bytes) -> Iterator[Record]:
    """Yield the rows of a file, one for each number of each card.

    BadRecords names the file, the line, the column, and what was wanted; never what was seen, for
    that may be a person's.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file)
            places = _places(next(lines, []), path)
            for values in lines:
                try:
                    fields = [values[place] if place >= 0 else "" for place in places]
                    row = _packed(fields, salt)
                except (IndexError, ValueError) as exc:
                    raise BadRecords(f"{path}, line {lines.line_num}: {_wrong(exc)}") from None
                number, citizen = fields[0], fields[1]
                yield Record(key_of(number, salt), row, lines.line_num)
                if citizen:
                    yield Record(key_of(citizen, salt), row, lines.line_num)
    except (OSError, UnicodeError, csv.Error) as exc:
        raise BadRecords(f"{path}: cannot be read ({type(exc).__name__})") from exc


def _places(heading: list[str], path: Path) -> list[int]:
    odd = [name for name in heading if name not in COLUMNS]
    if odd or "number" not in heading or len(set(heading)) != len(heading):
        raise BadRecords(f"{path}, line 1: wanted the columns {', '.join(COLUMNS)}")
    return [heading.index(name) if name in heading else -1 for name in COLUMNS]


def _packed(fields: list[str], salt: bytes) -> int:
    """Return the row of one card; ValueError says which column wants what."""
    number, citizen, holder, born, standing, first, last, area = fields
    card = CARD.match(number)
    if card is None:
        raise ValueError("column number: wanted fifteen characters of a card")
    if standing not in WORDS:
        raise ValueError(f"column standing: wanted one of {', '.join(WORDS)}")
    if area not in AREAS:
        raise ValueError("column living_area: wanted K1, K2, K3 or nothing")
    if citizen and not (len(citizen) == 12 and is_number(citizen)):
        raise ValueError("column citizen_number: wanted twelve digits or nothing")
    year = _year(born)
    check = check_of(holder, year, salt) if holder and year else 0
    return pack(
        Row(WORDS[standing], _day(first), _day(last), int(card[2]), card[1], card[3], area, check)
    )


def _wrong(exc: Exception) -> str:
    return str(exc) if isinstance(exc, ValueError) else "fewer columns than the heading"


@functools.lru_cache(maxsize=100_000)  # a nation's cards begin and end on few days
def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError("columns valid_from, valid_until: wanted YYYY-MM-DD or nothing") from None
    if day is not None and not EPOCH < day <= LAST_DAY:
        raise ValueError(f"columns valid_from, valid_until: wanted 2000-01-01 to {LAST_DAY}")
    return day


@functools.lru_cache(maxsize=100_000)
def _year(text: str) -> int:
    try:
        return Birth.from_iso(text).year if text else 0
    except ValueError:
        raise ValueError("column born: wanted YYYY, YYYY-MM or YYYY-MM-DD") from None
