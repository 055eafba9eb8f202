"""The 34 provinces and cities since 01/07/2025, and what became of those before.

A person types a name with or without marks, with or without `tỉnh`, `thành phố` or `TP` in front.
Source: `config/tables/provinces.csv` (NQ 202/2025/QH15, QĐ 19/2025/QĐ-TTg).
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from verify import Law, clean_line, plain_letters

_KIND = re.compile(r"\A(?:tinh|thanhpho|tp)(?=.)")
# Short names that people type.
_SHORT_NAMES = {"hcm": "hochiminh", "saigon": "hochiminh", "vungtau": "bariavungtau"}


class ProvinceFound(NamedTuple):
    """What a typed name stands for: a province of today, or one of before the reform.

    Both are None if no table knows the name.
    """

    name: str | None = None
    now_part_of: str | None = None  # the province of today that a former one became part of


def provinces_on(law: Law, day: date) -> list[str]:
    """Return the names of the provinces on a day, in the order of the alphabet without marks."""
    return sorted(_units_on(law, day).values(), key=plain_letters)


def find_province(typed: str, law: Law, day: date) -> ProvinceFound:
    """Return what a typed name of a province stands for on a day."""
    key, units = _key(typed), _units_on(law, day)
    if not key:
        return ProvinceFound()
    for name in units.values():
        if key == _key(name):
            return ProvinceFound(name)
    for row in law.provinces:
        if row.list == "card" and row.unit in units and key == _key(row.name_vi):
            return ProvinceFound(now_part_of=units[row.unit])
    return ProvinceFound()


def _units_on(law: Law, day: date) -> dict[str, str]:
    """Return the names of the provinces on a day by their codes."""
    return {
        row.code: row.name_vi
        for row in law.provinces
        if row.list == "unit"
        and row.valid_from <= day
        and (row.valid_to is None or day <= row.valid_to)
    }


def _key(name: str) -> str:
    """Return the letters of a name by which it is compared."""
    key = _KIND.sub("", plain_letters(clean_line(name)).decode("ascii"))
    return _SHORT_NAMES.get(key, key)
