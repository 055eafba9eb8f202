"""Card records as an export gives them, read into compact rows.

The columns, in any order; only `number` must have a value:

    number, citizen_number, holder, born, standing, valid_from, valid_until, living_area,
    sex, facility, five_years_from

`number` is the card's fifteen characters; `standing` is in_force where it is empty.  A malformed
line stops the whole: half a registry would say of the other half that it has no record.
"""

from __future__ import annotations

import functools
import re
from array import array
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from kiosk.registry.blocks import BLOCK, Block
from kiosk.registry.columns import Columns, Heading, columns_of
from kiosk.registry.errors import BadRecords
from kiosk.registry.people import PersonRow, check_people, person_rows
from kiosk.registry.row import (
    AREAS,
    EPOCH,
    LAST_DAY,
    STANDINGS,
    RegistryRow,
    checks_of,
    keys_of,
    pack,
)
from verify import Birth, Standing

WORDS = {one.value: one for one in STANDINGS} | {"": Standing.IN_FORCE}
CARD = re.compile(r"[A-Z]{2}[1-7]\d{2}[0-9A-Z]{10}\Z", re.ASCII)
CITIZEN = re.compile(r"\d{12}\Z", re.ASCII)
PREFIX = 5  # characters of a card number before the person's own
# Parts of a row are packed apart, for they repeat from card to card, and laid one over another.
NOTHING = RegistryRow(Standing.IN_FORCE, None, None, 0, "", "", "")  # of this not a bit is set
CHECKS = [pack(NOTHING._replace(check=check)) for check in range(256)]
CACHED = 100_000
NO_LINE = 0  # where a row comes from that stands in the registry already


class Rows(NamedTuple):
    """Rows of the registry to be, and the line that each comes from; all of one length.

    `people` is what a full registry keeps besides, `come` the share of the file that was read by
    then; 0 where nobody knows.
    """

    keys: array[int]
    rows: array[int]
    lines: array[int]
    people: Sequence[PersonRow] = ()
    come: float = 0.0


class RecordFile(NamedTuple):
    """A file of records: what to call it, its heading, and whether what it says of people is
    kept."""

    name: str
    heading: Heading
    full: bool = False

    def wrong(self, line: int, why: object) -> BadRecords:
        """Return the error that names a line."""
        return BadRecords(f"{self.name}, line {line}: {why}")


def read_block(source: RecordFile, block: Block, salt: bytes) -> Rows:
    """Return the rows of a block's cards, one for each number.

    BadRecords names the first bad line by file, line and column; never what was seen there.
    """
    try:
        return _rows(source, block, salt)
    except ValueError:
        for line in block.one_by_one():
            try:
                _rows(source, line, salt)
            except ValueError as exc:
                raise source.wrong(line.first_line, exc) from None
        raise


def _rows(source: RecordFile, block: Block, salt: bytes) -> Rows:
    """Return the rows of a block; ValueError says what some line of it lacks."""
    if block.is_endless:
        raise ValueError(f"wanted at most {BLOCK} bytes")
    columns = columns_of(block.data, source.heading)
    rows, citizens = _packed(columns, salt), columns.citizen_number
    also = [place for place, citizen in enumerate(citizens) if citizen]
    places = [*range(len(rows)), *also]
    keys = keys_of(columns.number, salt) + keys_of((citizens[place] for place in also), salt)
    return Rows(
        array("q", keys),
        array("q", [rows[place] for place in places]),
        array("I", [block.first_line + place for place in places]),
        person_rows(keys, places, columns) if source.full else (),
        block.come,
    )


def _packed(columns: Columns, salt: bytes) -> list[int]:
    """Return the packed row of each card."""
    if not all(map(CARD.match, columns.number)):
        raise ValueError("column number: wanted fifteen characters of a card")
    if not all(map(CITIZEN.match, filter(None, columns.citizen_number))):
        raise ValueError("column citizen_number: wanted twelve digits or nothing")
    check_people(columns)
    prefixes = [number[:PREFIX] for number in columns.number]
    checks = checks_of(columns.holder, map(_year, columns.born), salt)
    parts = zip(
        map(_holding, prefixes, columns.standing, columns.living_area),
        map(_first, columns.valid_from),
        map(_last, columns.valid_until),
        map(CHECKS.__getitem__, checks),
        strict=True,
    )
    return [holding | begun | over | check for holding, begun, over, check in parts]


@functools.lru_cache(CACHED)
def _holding(prefix: str, standing: str, area: str) -> int:
    """Return the part of a row that says what kind of card it is and how it stands."""
    if standing not in WORDS:
        raise ValueError(f"column standing: wanted one of {', '.join(WORDS)}")
    if area not in AREAS:
        raise ValueError("column living_area: wanted K1, K2, K3 or nothing")
    group, level, province = prefix[:2], int(prefix[2]), prefix[3:]
    return pack(RegistryRow(WORDS[standing], None, None, level, group, province, area))


@functools.lru_cache(CACHED)
def _first(text: str) -> int:
    return pack(NOTHING._replace(valid_from=_day("valid_from", text)))


@functools.lru_cache(CACHED)
def _last(text: str) -> int:
    return pack(NOTHING._replace(valid_until=_day("valid_until", text)))


def _day(column: str, text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f"column {column}: wanted YYYY-MM-DD or nothing") from None
    if day is not None and not EPOCH < day <= LAST_DAY:
        raise ValueError(f"column {column}: wanted 2000-01-01 to {LAST_DAY}")
    return day


@functools.lru_cache(CACHED)
def _year(text: str) -> int:
    try:
        return Birth.from_iso(text).year if text else 0
    except ValueError:
        raise ValueError("column born: wanted YYYY, YYYY-MM or YYYY-MM-DD") from None
