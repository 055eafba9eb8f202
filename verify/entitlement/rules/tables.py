"""Dated tables as data: CSV files read once, each value held against what it must be.

Every row says from when to when it holds, on what legal basis, and how sure that is.  A site
replaces a table by a file of the same name; nothing here needs a new release for a new law.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from verify.errors import BadTable

DAY = timedelta(days=1)
CONFIDENCES = ("high", "medium", "low")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """What every row has. `valid_to` is its last good day; None: it still holds."""

    valid_from: date
    valid_to: date | None
    legal_basis: str
    confidence: str

    def holds_on(self, day: date) -> bool:
        """Tell whether the row holds on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


Row = TypeVar("Row", bound=Dated)
Read = Callable[[str], Any]


def one_of(*choices: str) -> Read:
    """Return a reader of one word out of several."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return text

    return read


def some_of(*choices: str) -> Read:
    """Return a reader of `*` (None: all) or of words with | between."""
    each = one_of(*choices)

    def read(text: str) -> frozenset[str] | None:
        return None if text == "*" else frozenset(each(part) for part in text.split("|"))

    return read


def whole(text: str) -> int:
    """Read a whole number that is not negative."""
    if not re.fullmatch(r"\d{1,12}", text, re.ASCII):
        raise ValueError("a whole number")
    return int(text)


def percent(text: str) -> int | None:
    """Read 0 to 100, or `unknown` (None)."""
    if text == "unknown":
        return None
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII) or int(text) > 100:
        raise ValueError("0 to 100, or unknown")
    return int(text)


def paid(text: str) -> int:
    """Read 0 to 100."""
    value = percent(text)
    if value is None:
        raise ValueError("0 to 100")
    return value


def yes_no(text: str) -> bool:
    """Read yes or no."""
    return bool(one_of("yes", "no")(text) == "yes")


def day(text: str) -> date:
    """Read YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("a day, YYYY-MM-DD") from None


def day_or_open(text: str) -> date | None:
    """Read YYYY-MM-DD, or nothing for a row that still holds."""
    return day(text) if text else None


def text_of(pattern: str, what: str) -> Read:
    """Return a reader of text that has a certain shape."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text, re.DOTALL):
            raise ValueError(what)
        return text

    return read


SOMETHING = text_of(r"\S.*", "some text")
READERS: dict[Any, Read] = {str: str, int: whole, bool: yes_no, date: day}
ALWAYS: dict[str, Read] = {"valid_to": day_or_open, "confidence": one_of(*CONFIDENCES)}


def read_rows(path: Path, kind: type[Row], readers: dict[str, Read]) -> tuple[Row, ...]:
    """Return a table's rows; BadTable names file, row, column, what was seen and what wanted.

    The columns are the row's own fields, in any order; `readers` says how to read those that
    are more than plain text, a whole number, a day or yes and no.
    """
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    known = {name: READERS.get(hints[name], str) for name in names} | ALWAYS | readers
    rows, seen = [], _records(path, names)
    for number, record in seen:
        values = {}
        for name in names:
            try:
                values[name] = known[name](record[name])
            except ValueError as exc:
                raise BadTable(
                    f"{path.name}, row {number}, column {name}: {record[name]!r}; wanted {exc}"
                ) from None
        row = kind(**values)
        if row.valid_to is not None and row.valid_to < row.valid_from:
            raise BadTable(
                f"{path.name}, row {number}, column valid_to: '{row.valid_to}';"
                f" wanted a day not before valid_from, {row.valid_from}"
            )
        rows.append(row)
    if not rows:
        raise BadTable(f"{path.name}: a heading and nothing else; wanted rows")
    return tuple(rows)


def _records(path: Path, names: list[str]) -> Iterable[tuple[int, dict[str, str]]]:
    """Return each record with its number, the heading being 1, as a spreadsheet shows it."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            heading, *lines = list(csv.reader(file)) or [[]]
    except (OSError, ValueError, csv.Error) as exc:
        raise BadTable(f"{path.name}: cannot be read ({type(exc).__name__})") from exc
    if sorted(heading) != sorted(names):
        odd = sorted(set(heading) ^ set(names)) or heading
        raise BadTable(f"{path.name}, row 1: wanted the columns {', '.join(names)}; odd: {odd}")
    for number, line in enumerate(lines, start=2):
        if len(line) != len(heading):
            raise BadTable(f"{path.name}, row {number}: {len(line)} columns; wanted {len(heading)}")
        yield number, dict(zip(heading, line, strict=True))


def check_periods(
    name: str, rows: Iterable[Row], key: Callable[[Row], Hashable], may_end: bool = True
) -> None:
    """Raise BadTable where rows of one key overlap, or leave days between them uncovered.

    `may_end` false: the last row must be one that still holds.
    """
    groups: dict[Hashable, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    for of, group in groups.items():
        group.sort(key=lambda row: row.valid_from)
        for before, after in itertools.pairwise(group):
            if before.valid_to is None or before.valid_to >= after.valid_from:
                raise BadTable(f"{name}, {of}: two rows hold on {after.valid_from}")
            if before.valid_to + DAY != after.valid_from:
                raise BadTable(f"{name}, {of}: no row holds on {before.valid_to + DAY}")
        if not may_end and group[-1].valid_to is not None:
            raise BadTable(f"{name}, {of}: no row holds after {group[-1].valid_to}")
