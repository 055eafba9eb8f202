"""What card records say of people, for a registry that keeps it: this clinic's own people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from kiosk.registry.columns import Columns
from verify import Sex, Standing

SEXES = {"", *(sex.value for sex in Sex)}
FACILITY = re.compile(r"[0-9A-Z]{5}\Z", re.ASCII)


class PersonRow(NamedTuple):
    """A row of the table of people: texts as they were given, empty where nothing was."""

    key: int
    holder: str = ""
    born: str = ""
    sex: str = ""
    facility: str = ""
    five_years_from: str = ""


def check_people(columns: Columns) -> None:
    """Raise ValueError where a column that only people have holds what cannot be meant."""
    if not SEXES.issuperset(columns.sex):
        raise ValueError("column sex: wanted male, female or nothing")
    if not all(map(FACILITY.match, filter(None, columns.facility))):
        raise ValueError("column facility: wanted five characters or nothing")
    try:
        for text in filter(None, set(columns.five_years_from)):
            date.fromisoformat(text)
    except ValueError:
        raise ValueError("column five_years_from: wanted YYYY-MM-DD or nothing") from None


def person_rows(keys: Sequence[int], places: Iterable[int], columns: Columns) -> list[PersonRow]:
    """Return what is kept under each key, of the line at each place."""
    return [_told(key, place, columns) for key, place in zip(keys, places, strict=True)]


def _told(key: int, place: int, columns: Columns) -> PersonRow:
    if columns.standing[place] == Standing.NO_RECORD:
        return PersonRow(key)  # of who was taken out nothing is kept
    return PersonRow(
        key,
        unicodedata.normalize("NFC", columns.holder[place]),
        columns.born[place],
        columns.sex[place],
        columns.facility[place],
        columns.five_years_from[place],
    )
