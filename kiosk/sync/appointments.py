"""The patients who are expected tomorrow: a CSV file from the hospital's own system."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from kiosk.errors import SettingsError
from verify import (
    Birth,
    Card,
    clean_line,
    has_short_year,
    is_number,
    plain_number,
    read_date,
    read_name,
)

APPOINTMENT_COLUMNS = ("number", "holder", "born")
MAX_APPOINTMENTS = 10_000  # rows; later ones are ignored


def read_appointments(path: Path) -> tuple[list[Card], list[int]]:
    """Return the cards of the expected patients, and the numbers of the lines that are unusable.

    The file is CSV in UTF-8 with the columns number, holder and born.  Its texts are cleaned, and
    a birth is read in every spelling of `verify.read_date`.  A line without any value is skipped.
    The header is line 1.

    Raises SettingsError if the file cannot be read as CSV or a column is missing.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = [clean_line(name) for name in reader.fieldnames or ()]
            reader.fieldnames = columns
            rows = [(reader.line_num, row) for row in islice(reader, MAX_APPOINTMENTS)]
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise SettingsError(
            f"--appointments {path}: cannot be read ({type(exc).__name__})"
        ) from exc
    if rows and not set(APPOINTMENT_COLUMNS) <= set(columns):
        expected = ", ".join(APPOINTMENT_COLUMNS)
        raise SettingsError(
            f"--appointments {path}: a column is missing; expected {expected}, with commas between"
        )
    cards, unusable_lines = [], []
    for line, row in rows:
        values = {name: clean_line(row[name] or "") for name in APPOINTMENT_COLUMNS}
        if not any(values.values()):
            continue
        card = _card(values)
        if card is None:
            unusable_lines.append(line)
        else:
            cards.append(card)
    return cards, unusable_lines


def _card(values: Mapping[str, str]) -> Card | None:
    """Return the card of a line.  None if a value is missing or wrong, or the name is garbled."""
    number, holder = plain_number(values["number"]), read_name(values["holder"]).name
    born = _birth(values["born"])
    if born is None or not holder or not holder.isprintable() or not is_number(number):
        return None
    return Card(number, holder=holder, born=born)


def _birth(text: str) -> Birth | None:
    try:
        return None if has_short_year(text) else read_date(text)
    except ValueError:
        return None
