"""Who is expected tomorrow: a file from the hospital's own system."""

from __future__ import annotations

import csv
from pathlib import Path

from kiosk.errors import SettingsError
from verify import Birth, Card, is_number

COLUMNS = ("number", "holder", "born")
MOST = 10_000


def read_appointments(path: Path) -> tuple[list[Card], list[int]]:
    """Return the cards of who is expected, and the lines that cannot be read (the header is 1).

    A CSV in UTF-8 with the columns number, holder and born (YYYY-MM-DD, or less); SettingsError
    where the file is none.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))[:MOST]
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise SettingsError(
            f"--appointments {path}: cannot be read ({type(exc).__name__})"
        ) from exc
    if rows and not set(COLUMNS) <= set(rows[0]):
        raise SettingsError(f"--appointments {path}: wanted the columns {', '.join(COLUMNS)}")
    found, wrong = [], []
    for line, row in enumerate(rows, 2):
        number, holder = (row["number"] or "").strip().upper(), (row["holder"] or "").strip()
        try:
            born = Birth.from_iso((row["born"] or "").strip())
        except ValueError:
            born = None
        if born is None or not holder or not is_number(number):
            wrong.append(line)
        else:
            found.append(Card(number, holder=holder, born=born))
    return found, wrong
