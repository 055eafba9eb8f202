"""Read card records, as an export gives them, into compact rows.

The columns may be in any order, and only `number` must have a value:

    number, citizen_number, holder, born, standing, valid_from, valid_until, living_area,
    sex, facility, five_years_from

`number` is the card's fifteen characters.  An empty `standing` means in_force.  One malformed line
stops the whole build: a registry of half the records would say of the other half that there is
no record.  A line of CSV without any content is no record and stops nothing.

A garbled name is set aside as if it was not given: it would count against its own holder.  If more
than a tenth of the names are garbled, the file was saved in the wrong way, which is an error.
"""

from __future__ import annotations

import functools
import itertools
import re
from array import array
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from kiosk.registry.blocks import BLOCK_BYTES, Block
from kiosk.registry.columns import Columns, Heading, read_columns
from kiosk.registry.errors import BadRecords
from kiosk.registry.people import PersonRow, check_people, person_rows
from kiosk.registry.row import (
    CITIZEN_LENGTH,
    EPOCH,
    LAST_DAY,
    LIVING_AREAS,
    STANDINGS,
    RegistryRow,
    checks_of,
    keys_of,
    pack,
)
from kiosk.registry.spreadsheet import (
    SAVE_AS,
    around_blanks,
    changed_date,
    changed_digits,
    garbled_places,
)
from verify import Birth, Standing

STANDING_OF_TEXT = {standing.value: standing for standing in STANDINGS} | {"": Standing.IN_FORCE}
CARD_NUMBER = re.compile(r"[A-Z]{2}[1-7]\d{2}[0-9A-Z]{10}\Z", re.ASCII)
CITIZEN_NUMBER = re.compile(r"\d{12}\Z", re.ASCII)
PREFIX_LENGTH = 5  # characters of a card number before those that identify the person
# The parts of a row are packed separately, because they repeat from card to card, and are then
# combined by "or".  The packed EMPTY_ROW has no bit set.
EMPTY_ROW = RegistryRow(Standing.IN_FORCE, None, None, 0, "", "", "")
PACKED_CHECKS = [pack(EMPTY_ROW._replace(check=check)) for check in range(256)]
CACHE_SIZE = 100_000
NAMES_PER_GARBLED = 10  # at least, in each block
NO_LINE = 0  # stands for a line number if a row comes from a registry and not from a file


class Rows(NamedTuple):
    """Some rows of a registry that is being built, and the line that each comes from.

    `keys`, `rows` and `lines` have the same length.  `people` is what a full registry also keeps.
    `read_share` is the share of the file, 0 to 1, that has been read so far; 0 if not known.
    """

    keys: array[int]
    rows: array[int]
    lines: array[int]
    people: Sequence[PersonRow] = ()
    read_share: float = 0.0


class RecordFile(NamedTuple):
    """A file of records: its name for error messages, its heading, and whether to keep people."""

    name: str
    heading: Heading
    full: bool = False

    def error(self, line: int, why: object) -> BadRecords:
        """Return the error that names a line and what is wrong with it."""
        return BadRecords(f"{self.name}, line {line}: {why}")


def read_block(source: RecordFile, block: Block, salt: bytes) -> Rows:
    """Return the rows of a block's cards: one for each number that a card is found by.

    Raises BadRecords, naming file, line and column, for the first malformed line, or for the first
    garbled name if there are many.
    """
    try:
        return _read_rows(source, block, salt)
    except ValueError:
        for line in block.lines():
            try:
                _read_rows(source, line, salt)
            except ValueError as exc:
                raise source.error(line.first_line, exc) from None
        raise


def _read_rows(source: RecordFile, block: Block, salt: bytes) -> Rows:
    """Return the rows of a block.

    Raises ValueError if one of its lines is malformed, and BadRecords if many names are garbled.
    """
    if block.is_too_long:
        raise ValueError(f"expected at most {BLOCK_BYTES} bytes")
    columns, places = read_columns(block.data, source.heading)
    if not places:
        return Rows(array("q"), array("q"), array("I"), read_share=block.read_share)
    columns = _without_garbled_names(source, block, columns, places)
    rows, citizens = _pack_rows(columns, salt), columns.citizen_number
    with_citizen_number = [index for index, citizen in enumerate(citizens) if citizen]
    indexes = [*range(len(rows)), *with_citizen_number]
    citizen_numbers = (citizens[index] for index in with_citizen_number)
    keys = keys_of(columns.number, salt) + keys_of(citizen_numbers, salt)
    return Rows(
        array("q", keys),
        array("q", [rows[index] for index in indexes]),
        array("I", [block.first_line + places[index] for index in indexes]),
        person_rows(keys, indexes, columns) if source.full else (),
        block.read_share,
    )


def _without_garbled_names(
    source: RecordFile, block: Block, columns: Columns, places: Sequence[int]
) -> Columns:
    """Return the columns with nothing in place of garbled names; BadRecords if there are many.

    A line that is read alone, to find out which one is malformed, is not refused for its name.
    """
    garbled = garbled_places(columns.holder)
    if not garbled:
        return columns
    if 1 < len(columns.holder) < NAMES_PER_GARBLED * len(garbled):
        line = block.first_line + places[garbled[0]]
        raise source.error(line, f"column holder: letters of the name are lost; {SAVE_AS}")
    names = list(columns.holder)
    for place in garbled:
        names[place] = ""
    return columns._replace(holder=names)


def _pack_rows(columns: Columns, salt: bytes) -> list[int]:
    """Return the packed row of each card; raises ValueError if a value is malformed."""
    for number in itertools.filterfalse(CARD_NUMBER.match, columns.number):
        hint = around_blanks(number)
        raise ValueError(f"column number: expected fifteen characters of a card{hint}")
    for number in itertools.filterfalse(CITIZEN_NUMBER.match, filter(None, columns.citizen_number)):
        hint = changed_digits(number, CITIZEN_LENGTH)
        raise ValueError(f"column citizen_number: expected twelve digits or nothing{hint}")
    check_people(columns)
    prefixes = [number[:PREFIX_LENGTH] for number in columns.number]
    checks = checks_of(columns.holder, map(_year, columns.born), salt)
    parts = zip(
        map(_pack_kind, prefixes, columns.standing, columns.living_area),
        map(_pack_valid_from, columns.valid_from),
        map(_pack_valid_until, columns.valid_until),
        map(PACKED_CHECKS.__getitem__, checks),
        strict=True,
    )
    return [kind | first | last | check for kind, first, last, check in parts]


@functools.lru_cache(CACHE_SIZE)
def _pack_kind(prefix: str, standing: str, area: str) -> int:
    """Return the part of a row that says what kind of card it is, and its standing."""
    if standing not in STANDING_OF_TEXT:
        raise ValueError(f"column standing: expected one of {', '.join(STANDING_OF_TEXT)}")
    if area not in LIVING_AREAS:
        raise ValueError("column living_area: expected K1, K2, K3 or nothing")
    group, level, province = prefix[:2], int(prefix[2]), prefix[3:]
    return pack(RegistryRow(STANDING_OF_TEXT[standing], None, None, level, group, province, area))


@functools.lru_cache(CACHE_SIZE)
def _pack_valid_from(text: str) -> int:
    return pack(EMPTY_ROW._replace(valid_from=_day("valid_from", text)))


@functools.lru_cache(CACHE_SIZE)
def _pack_valid_until(text: str) -> int:
    return pack(EMPTY_ROW._replace(valid_until=_day("valid_until", text)))


def _day(column: str, text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        hint = changed_date(text)
        raise ValueError(f"column {column}: expected YYYY-MM-DD or nothing{hint}") from None
    if day is not None and not EPOCH < day <= LAST_DAY:
        raise ValueError(f"column {column}: expected 2000-01-01 to {LAST_DAY}")
    return day


@functools.lru_cache(CACHE_SIZE)
def _year(text: str) -> int:
    try:
        return Birth.from_iso(text).year if text else 0
    except ValueError:
        hint = changed_date(text)
        raise ValueError(f"column born: expected YYYY, YYYY-MM or YYYY-MM-DD{hint}") from None
