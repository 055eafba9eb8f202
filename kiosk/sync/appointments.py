"""The patients who are expected tomorrow: a CSV file from the hospital's own system."""

from __future__ import annotations

import csv
from pathlib import Path

from kiosk.errors import SettingsError
from verify import Birth, Card, is_number

APPOINTMENT_COLUMNS = ("number", "holder", "born")
MAX_APPOINTMENTS = 10_000  # rows; later ones are ignored


def read_appointments(path: Path) -> tuple[list[Card], list[int]]:
    """Return the cards of the expected patients, and the numbers of the lines that are unusable.

    The file is CSV in UTF-8 with the columns number, holder and born (YYYY-MM-DD, YYYY-MM or
    YYYY).  The header is line 1.

    Raises SettingsError if the file cannot be read as CSV or a column is missing.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))[:MAX_APPOINTMENTS]
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise SettingsError(
            f"--appointments {path}: cannot be read ({type(exc).__name__})"
        ) from exc
    if rows and not set(APPOINTMENT_COLUMNS) <= set(rows[0]):
        expected = ", ".join(APPOINTMENT_COLUMNS)
        raise SettingsError(f"--appointments {path}: a column is missing; expected {expected}")
    cards, unusable_lines = [], []
    for line, row in enumerate(rows, 2):
        number, holder = (row["number"] or "").strip().upper(), (row["holder"] or "").strip()
        try:
            born = Birth.from_iso((row["born"] or "").strip())
        except ValueError:
            born = None
        if born is None or not holder or not is_number(number):
            unusable_lines.append(line)
        else:
            cards.append(Card(number, holder=holder, born=born))
    return cards, unusable_lines
