"""The two formats of a file of card records: CSV below a heading, or a JSON object on each line.

A CSV may be as a spreadsheet saves it:

- A line without any content, empty or of commas alone, is no card and is left out.
- In the heading, capitals and the blanks around a name do not count, and the names may be in any
  order.  A column without a name must be empty.
- Lines may end with CR and LF.

The functions raise ValueError with what is wrong and what was expected, never with what was seen,
because that may be about a person.  If they get several lines, the error does not say which one
is wrong; the caller can pass the lines one by one to find out.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from kiosk.registry.spreadsheet import OTHER_SEPARATORS, SAVE_AS, other_file

Column = Sequence[str]  # one field of each card; empty if its line does not give it


class Columns(NamedTuple):
    """The content of some cards, column by column, by the names that the columns have."""

    number: Column
    citizen_number: Column
    holder: Column
    born: Column
    standing: Column
    valid_from: Column
    valid_until: Column
    living_area: Column
    sex: Column
    facility: Column
    five_years_from: Column


COLUMNS = Columns._fields
KNOWN_COLUMNS = frozenset(COLUMNS)
NO_NAME = ""  # of a column: a spreadsheet also saves empty columns
Heading = tuple[str, ...] | None  # None: JSON lines


def has_content(line: bytes) -> bool:
    """Return whether a line of CSV has anything in it but commas, blanks and quotes."""
    return bool(line.strip(b'," \t\r\n'))


def read_heading(line: bytes) -> Heading:
    """Return the column names in the heading of a CSV, in their order.

    Raises ValueError if the line does not have `number` and otherwise known columns, each once.
    It then names a kind of file that is easily taken for such a CSV, if it is one.
    """
    if other := other_file(line):
        raise ValueError(other)
    text = "".join(_lines(line, SAVE_AS)[:1]).rstrip("\r")
    if "\r" in text:
        raise ValueError(f"expected lines that end with LF or CR and LF, not CR alone; {SAVE_AS}")
    heading = _names_in(text)
    if "number" not in heading:
        for separator, name in OTHER_SEPARATORS.items():
            if "number" in _names_in(text, separator):
                raise ValueError(f"expected commas between the columns, not {name}")
    names = [name for name in heading if name != NO_NAME]
    if "number" not in names or not KNOWN_COLUMNS.issuperset(names):
        raise ValueError(f"expected the columns {', '.join(COLUMNS)}")
    if len(set(names)) != len(names):
        raise ValueError(f"a column occurs twice; expected the columns {', '.join(COLUMNS)}")
    return heading


def _names_in(heading: str, separator: str = ",") -> tuple[str, ...]:
    names = _csv_rows([heading], separator)[0] if heading else []
    return tuple(name.strip().lower() for name in names)


def read_columns(data: bytes, heading: Heading) -> tuple[Columns, Sequence[int]]:
    """Return the cards in whole lines, `data`, as columns, and the place of each card's line.

    The places count from 0; lines without any content are left out.

    Raises ValueError if a line is not UTF-8, not CSV or JSON, or has too many or too few fields.
    """
    if heading is None:
        lines = _lines(data)
        return Columns(*zip(*map(_json_fields, lines), strict=True)), range(len(lines))
    rows, places = _csv_cards(data, heading)
    columns: list[Column] = list(zip(*rows, strict=True)) or [()] * len(heading)
    for name, column in zip(heading, columns, strict=True):
        if name == NO_NAME and any(map(str.strip, column)):
            raise ValueError("a column has no name in the heading but is not empty")
    found = dict(zip(heading, columns, strict=True))
    empty = ("",) * len(rows)
    return Columns(*(found.get(name, empty) for name in COLUMNS)), places


def _csv_cards(data: bytes, heading: tuple[str, ...]) -> tuple[list[list[str]], Sequence[int]]:
    """Return the fields of each line of CSV that has any content, and the place of each line."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    lines = _lines(data, SAVE_AS)
    # A plain line gives the same fields either way, but splitting it takes half the time.
    is_plain = b'"' not in data and b"\r" not in data
    rows = [line.split(",") for line in lines] if is_plain else _csv_rows(lines)
    if len(rows) != len(lines):
        raise ValueError("cannot be read as CSV; a field must end on its own line")
    places: Sequence[int] = range(len(rows))
    width, number_of = len(heading), itemgetter(heading.index("number"))
    # A line without content shows in either way; to look at every field of all takes longer.
    if set(map(len, rows)) != {width} or "" in map(number_of, rows):
        places = [place for place, row in enumerate(rows) if any(map(str.strip, row))]
        rows = [rows[place] for place in places]
        if not {width}.issuperset(map(len, rows)):
            fewer = "fewer" if min(map(len, rows)) < width else "more"
            raise ValueError(f"{fewer} columns than the heading, which has {width}")
    return rows, places


def _lines(data: bytes, advice: str = "") -> list[str]:
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError:
        raise ValueError("; ".join(filter(None, ("cannot be read as UTF-8", advice)))) from None
    if not lines[-1]:
        lines.pop()  # the newline at the end ends the last line and does not begin another
    return lines


def _csv_rows(lines: list[str], separator: str = ",") -> list[list[str]]:
    try:
        return list(csv.reader(lines, strict=True, delimiter=separator))
    except csv.Error:
        raise ValueError("cannot be read as CSV; a field must end on its own line") from None


def _json_fields(line: str) -> list[str]:
    """Return the fields of a card that is a JSON object, in the order of COLUMNS."""
    try:
        card = json.loads(line, object_pairs_hook=_unique_names)
    except (ValueError, RecursionError):
        card = None
    if not isinstance(card, dict):
        raise ValueError("expected a JSON object with each column once")
    if not card.keys() <= KNOWN_COLUMNS:
        raise ValueError(f"expected only the columns {', '.join(COLUMNS)}")
    fields = ["" if value is None else value for value in map(card.get, COLUMNS)]
    for name, value in zip(COLUMNS, fields, strict=True):
        if not isinstance(value, str):
            raise ValueError(f"column {name}: expected text or null")
    return fields


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a column occurs twice")
    return members
