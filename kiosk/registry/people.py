"""What card records say of people; only a full registry, of a clinic's own people, keeps it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from kiosk.registry.columns import Columns
from kiosk.registry.spreadsheet import changed_date, changed_digits
from verify import Sex, Standing, clean_line

SEXES = {"", *(sex.value for sex in Sex)}
FACILITY_CODE = re.compile(r"[0-9A-Z]{5}\Z", re.ASCII)
FACILITY_LENGTH = 5  # characters of a facility's code


class PersonRow(NamedTuple):
    """A row of the table `person`: text as it was given, empty if it was not given."""

    key: int
    holder: str = ""
    born: str = ""
    sex: str = ""
    facility: str = ""
    five_years_from: str = ""


def check_people(columns: Columns) -> None:
    """Check the columns that are only about people.

    Raises ValueError, naming the column and what was expected, if a value is malformed.
    """
    if not SEXES.issuperset(columns.sex):
        raise ValueError("column sex: expected male, female or nothing")
    for code in itertools.filterfalse(FACILITY_CODE.match, filter(None, columns.facility)):
        hint = changed_digits(code, FACILITY_LENGTH)
        raise ValueError(f"column facility: expected five characters or nothing{hint}")
    for text in filter(None, set(columns.five_years_from)):
        try:
            date.fromisoformat(text)
        except ValueError:
            hint = changed_date(text)
            raise ValueError(
                f"column five_years_from: expected YYYY-MM-DD or nothing{hint}"
            ) from None


def person_rows(keys: Sequence[int], indexes: Iterable[int], columns: Columns) -> list[PersonRow]:
    """Return the row for each key, from the line at the index that belongs to the key."""
    return [_person_row(key, index, columns) for key, index in zip(keys, indexes, strict=True)]


def _person_row(key: int, index: int, columns: Columns) -> PersonRow:
    if columns.standing[index] == Standing.NO_RECORD:
        return PersonRow(key)  # nothing is kept of a person whose record was removed
    return PersonRow(
        key,
        clean_line(columns.holder[index]),
        columns.born[index],
        columns.sex[index],
        columns.facility[index],
        columns.five_years_from[index],
    )
