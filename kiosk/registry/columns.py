"""The two ways in which a file of card records writes a card on a line: CSV under a heading, or a
JSON object.

ValueError says what a line lacks, and never what was seen there, for that may be a person's.  Of
many lines it does not say which one; who wants to know gives them one by one.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

Column = Sequence[str]  # a field of each line; empty where nothing is said


class Columns(NamedTuple):
    """What lines say, column by column, by the names that the columns have in a file."""

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
KNOWN = frozenset(COLUMNS)
Heading = tuple[str, ...] | None  # None: JSON lines


def heading_of(first_line: bytes) -> Heading:
    """Return the heading of a CSV; ValueError where it is none."""
    heading = tuple(_csv(_text(first_line)[:1])[0]) if first_line else ()
    if "number" not in heading or not set(heading) <= KNOWN or len(set(heading)) != len(heading):
        raise ValueError(f"wanted the columns {', '.join(COLUMNS)}")
    return heading


def columns_of(lines: bytes, heading: Heading) -> Columns:
    """Return what whole lines say."""
    text = _text(lines)
    if heading is None:
        return Columns(*zip(*map(_fields, text), strict=True))
    is_plain = b'"' not in lines and b"\r" not in lines
    # A plain line is the same either way; cutting it takes half the time.
    rows = [line.split(",") for line in text] if is_plain else _csv(text)
    widths = set(map(len, rows))
    if len(rows) != len(text) or widths != {len(heading)}:
        fewer = "fewer" if min(widths) < len(heading) else "more"
        raise ValueError(f"{fewer} columns than the heading")
    found = dict(zip(heading, zip(*rows, strict=True), strict=True))
    nothing = ("",) * len(rows)
    return Columns(*(found.get(name, nothing) for name in COLUMNS))


def _text(lines: bytes) -> list[str]:
    try:
        text = lines.decode().split("\n")
    except UnicodeDecodeError:
        raise ValueError("cannot be read as UTF-8") from None
    if not text[-1]:
        text.pop()  # a line's end ends the last line, it begins none
    return text


def _csv(lines: list[str]) -> list[list[str]]:
    try:
        return list(csv.reader(lines, strict=True))
    except csv.Error:
        raise ValueError("cannot be read as CSV; a field ends on its line") from None


def _fields(line: str) -> list[str]:
    """Return the fields of a card that is a JSON object."""
    try:
        said = json.loads(line, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise ValueError("wanted a JSON object with each column once")
    if not said.keys() <= KNOWN:
        raise ValueError(f"wanted no columns but {', '.join(COLUMNS)}")
    fields = ["" if value is None else value for value in map(said.get, COLUMNS)]
    for name, value in zip(COLUMNS, fields, strict=True):
        if not isinstance(value, str):
            raise ValueError(f"column {name}: wanted text or null")
    return fields


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("a column twice")
    return said
