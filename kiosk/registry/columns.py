"""The two formats of a file of card records: CSV below a heading, or a JSON object on each line.

The functions raise ValueError with what is wrong and what was expected, never with what was seen,
because that may be about a person.  If they get several lines, the error does not say which one
is wrong; the caller can pass the lines one by one to find out.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

Column = Sequence[str]  # one field of each line; empty if the line does not give it


class Columns(NamedTuple):
    """The content of some lines, column by column, by the names that the columns have."""

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
Heading = tuple[str, ...] | None  # None: JSON lines


def read_heading(first_line: bytes) -> Heading:
    """Return the column names in the first line of a CSV, in their order.

    Raises ValueError if the line does not have `number` and otherwise known columns, each once.
    """
    heading = tuple(_csv_rows(_lines(first_line)[:1])[0]) if first_line else ()
    is_known = set(heading) <= KNOWN_COLUMNS
    if "number" not in heading or not is_known or len(set(heading)) != len(heading):
        raise ValueError(f"expected the columns {', '.join(COLUMNS)}")
    return heading


def read_columns(data: bytes, heading: Heading) -> Columns:
    """Return the content of whole lines, `data`, as columns.

    Raises ValueError if a line is not UTF-8, not CSV or JSON, or has too many or too few fields.
    """
    lines = _lines(data)
    if heading is None:
        return Columns(*zip(*map(_json_fields, lines), strict=True))
    # A plain line gives the same fields either way, but splitting it takes half the time.
    is_plain = b'"' not in data and b"\r" not in data
    rows = [line.split(",") for line in lines] if is_plain else _csv_rows(lines)
    widths = set(map(len, rows))
    if len(rows) != len(lines) or widths != {len(heading)}:
        fewer = "fewer" if min(widths) < len(heading) else "more"
        raise ValueError(f"{fewer} columns than the heading")
    found = dict(zip(heading, zip(*rows, strict=True), strict=True))
    empty = ("",) * len(rows)
    return Columns(*(found.get(name, empty) for name in COLUMNS))


def _lines(data: bytes) -> list[str]:
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError:
        raise ValueError("cannot be read as UTF-8") from None
    if not lines[-1]:
        lines.pop()  # the newline at the end ends the last line and does not begin another
    return lines


def _csv_rows(lines: list[str]) -> list[list[str]]:
    try:
        return list(csv.reader(lines, strict=True))
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
