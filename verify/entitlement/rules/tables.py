"""Dated tables: CSV files that are read once, with each cell checked.

1.  Every row of the law's tables says from when to when it holds, on what legal basis, and how sure
    this is.  Tables of other rooms (`kiosk.help`) are read in the same way.
2.  A site replaces a table by a file of the same name: a new law needs no new release.
3.  A cell that is not what its column holds stops the start; the error names file, row and column.

A cell reader takes the text of a cell and returns its value.  It raises ValueError with a message
that says what was expected, to be put behind the word "expected".
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast, get_type_hints

from verify.errors import BadTable

ONE_DAY = timedelta(days=1)
CONFIDENCES = ("high", "medium", "low")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A row with a time. `valid_to` is the last day on which it holds; None: it still holds."""

    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        """Return whether the row holds on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated(Timed):
    """What every row of the law's tables has."""

    legal_basis: str
    confidence: str


Row = TypeVar("Row")
TimedRow = TypeVar("TimedRow", bound=Timed)
CellReader = Callable[[str], Any]


def choice(*choices: str) -> CellReader:
    """Return a cell reader for one of several words."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return text

    return read


def choice_or_empty(*choices: str) -> CellReader:
    """Return a cell reader for one of several words, or nothing."""
    read_choice = choice(*choices)
    return lambda text: read_choice(text) if text else ""


def any_or_choices(*choices: str) -> CellReader:
    """Return a cell reader for `*` (None: any value) or for words with | between them."""
    read_choice = choice(*choices)

    def read(text: str) -> frozenset[str] | None:
        return None if text == "*" else frozenset(read_choice(part) for part in text.split("|"))

    return read


def matching(pattern: str, expected: str) -> CellReader:
    """Return a cell reader for text that matches a pattern as a whole."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text, re.DOTALL):
            raise ValueError(expected)
        return text

    return read


def regular_expression(text: str) -> str:
    """Read a regular expression that is not empty."""
    try:
        re.compile(text)
    except re.error as exc:
        raise ValueError(f"a regular expression ({exc.msg})") from None
    return str(not_empty(text))


not_empty = matching(r"\S.*", "some text")


def whole_number(text: str) -> int:
    """Read a whole number that is not negative."""
    if not re.fullmatch(r"\d{1,12}", text, re.ASCII):
        raise ValueError("a whole number")
    return int(text)


def percent_or_unknown(text: str) -> int | None:
    """Read 0 to 100, or `unknown` (None)."""
    if text == "unknown":
        return None
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII) or int(text) > 100:
        raise ValueError("0 to 100, or unknown")
    return int(text)


def percent(text: str) -> int:
    """Read 0 to 100."""
    value = percent_or_unknown(text)
    if value is None:
        raise ValueError("0 to 100")
    return value


def yes_or_no(text: str) -> bool:
    """Read yes or no."""
    return bool(choice("yes", "no")(text) == "yes")


def iso_date(text: str) -> date:
    """Read YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("a day, YYYY-MM-DD") from None


def iso_date_or_empty(text: str) -> date | None:
    """Read YYYY-MM-DD, or nothing for a row that still holds (None)."""
    return iso_date(text) if text else None


READERS_BY_TYPE: dict[Any, CellReader] = {
    str: str,
    int: whole_number,
    bool: yes_or_no,
    date: iso_date,
}
READERS_OF_EVERY_TABLE: dict[str, CellReader] = {
    "valid_to": iso_date_or_empty,
    "confidence": choice(*CONFIDENCES),
}


def read_rows(path: Path, kind: type[Row], readers: dict[str, CellReader]) -> tuple[Row, ...]:
    """Return the rows of a table. `kind` is a dataclass, as a rule a `Timed` one.

    The columns are the fields of the row, in any order.  `readers` has the cell readers of the
    columns that are more than plain text, a whole number, a day, or yes and no.

    Raises BadTable if the file cannot be read or a cell is wrong; the error names the file, the
    row, the column, what was seen and what was expected.
    """
    types = get_type_hints(kind)
    names = [field.name for field in fields(cast(Any, kind))]
    by_type = {name: READERS_BY_TYPE.get(types[name], str) for name in names}
    reader_of = by_type | READERS_OF_EVERY_TABLE | readers
    rows = []
    for number, record in _records(path, names):
        values = {}
        for name in names:
            try:
                values[name] = reader_of[name](record[name])
            except ValueError as exc:
                raise BadTable(
                    f"{path.name}, row {number}, column {name}: {record[name]!r}; expected {exc}"
                ) from None
        row = kind(**values)
        if isinstance(row, Timed) and row.valid_to is not None and row.valid_to < row.valid_from:
            raise BadTable(
                f"{path.name}, row {number}, column valid_to: '{row.valid_to}';"
                f" expected a day not before valid_from, {row.valid_from}"
            )
        rows.append(row)
    if not rows:
        raise BadTable(f"{path.name}: a heading and nothing else; expected rows")
    return tuple(rows)


def _records(path: Path, names: list[str]) -> Iterable[tuple[int, dict[str, str]]]:
    """Yield each record with the number of its row as a spreadsheet shows it: the heading is 1."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            heading, *lines = list(csv.reader(file)) or [[]]
    except (OSError, ValueError, csv.Error) as exc:
        raise BadTable(f"{path.name}: cannot be read ({type(exc).__name__})") from exc
    if sorted(heading) != sorted(names):
        different = sorted(set(heading) ^ set(names)) or heading
        raise BadTable(
            f"{path.name}, row 1: expected the columns {', '.join(names)}; different: {different}"
        )
    for number, line in enumerate(lines, start=2):
        if len(line) != len(heading):
            raise BadTable(
                f"{path.name}, row {number}: {len(line)} columns; expected {len(heading)}"
            )
        yield number, dict(zip(heading, line, strict=True))


def check_periods(
    name: str,
    rows: Iterable[TimedRow],
    key: Callable[[TimedRow], Hashable],
    may_end: bool = True,
) -> None:
    """Raise BadTable if rows of one key overlap, or leave days between them without a row.

    `name` is the file, for the error.  If `may_end` is false, the last row of each key has to be
    one that still holds.
    """
    groups: dict[Hashable, list[TimedRow]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    for group_key, group in groups.items():
        group.sort(key=lambda row: row.valid_from)
        for before, after in itertools.pairwise(group):
            if before.valid_to is None or before.valid_to >= after.valid_from:
                raise BadTable(f"{name}, {group_key}: two rows hold on {after.valid_from}")
            if before.valid_to + ONE_DAY != after.valid_from:
                raise BadTable(f"{name}, {group_key}: no row holds on {before.valid_to + ONE_DAY}")
        if not may_end and group[-1].valid_to is not None:
            raise BadTable(f"{name}, {group_key}: no row holds after {group[-1].valid_to}")
