"""Facilities by their code, by their name and by their province.

A national list has some 13,000 rows, and every page that shows a code asks for its name.  So codes
are found by an index, and names are compared without marks only once somebody searches.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from verify.entitlement.rules.rows import KnownFacility, Province
from verify.names import plain_letters

CARD, UNIT = "card", "unit"  # values of Province.list


class FoundFacility(NamedTuple):
    """A facility of the list, with what its code says of its province."""

    code: str
    name: str
    province: str  # by the first two digits of the code; empty if no province has them
    unit: str  # the name of the unit to which that province belongs today; likewise
    level: str  # one of LEVELS; empty if it is not known
    since: date  # from which day the list says so


class FacilityList:
    """The facilities of the tables.  Built from rows that were checked; any thread may call."""

    def __init__(self, facilities: Sequence[KnownFacility], provinces: Sequence[Province]) -> None:
        self._rows: dict[str, list[KnownFacility]] = {}
        for row in facilities:
            self._rows.setdefault(row.code, []).append(row)
        self._unit_of = {row.code: row.unit for row in provinces if row.list == CARD}
        self._provinces = {row.code: row.name_vi for row in provinces if row.list == CARD}
        self._units = {row.code: row.name_vi for row in provinces if row.list == UNIT}
        self._folded: list[tuple[str, bytes]] = []  # codes, and names without marks and blanks

    def __len__(self) -> int:
        """Return how many facilities the list has."""
        return len(self._rows)

    def rows_of(self, code: str) -> Sequence[KnownFacility]:
        """Return the rows of a code, of any day; empty if the list does not have it."""
        return self._rows.get(code, ())

    def name_of(self, code: str) -> str | None:
        """Return the newest name of a facility; None if it is not in the list."""
        rows = self._rows.get(code)
        return max(rows, key=lambda row: row.valid_from).name_vi if rows else None

    @property
    def newest(self) -> date | None:
        """The newest day of the list's rows; None without any."""
        return max((row.valid_from for rows in self._rows.values() for row in rows), default=None)

    def units(self) -> list[tuple[str, str]]:
        """Return the units of today that have a facility in the list: code and name, by name."""
        codes = {self._unit_of.get(code[:2], "") for code in self._rows} & self._units.keys()
        return sorted(
            ((code, self._units[code]) for code in codes),
            key=lambda unit: plain_letters(unit[1]),
        )

    def find(self, words: str, unit: str = "", most: int = 50) -> tuple[list[FoundFacility], int]:
        """Return the facilities that fit, at most `most` of them, and how many fit in all.

        `words` are parts of the name or of the province's name, in any order, with or without
        marks, or the beginning of a code.  `unit` is the code of a unit of today; empty: of all.
        A facility whose name begins with the words comes first.
        """
        wanted = [folded for word in words.split() if (folded := plain_letters(word))]
        whole = b"".join(wanted)
        fitting = []
        for code, name in self._all_folded():
            if unit and self._unit_of.get(code[:2], "") != unit:
                continue
            is_code = len(wanted) == 1 and code.lower().encode().startswith(whole)
            if is_code or all(word in name for word in wanted):
                fitting.append((not is_code, not name.startswith(whole), name, code))
        fitting.sort()
        return [self._found(code) for *_order, code in fitting[:most]], len(fitting)

    def _found(self, code: str) -> FoundFacility:
        row = max(self._rows[code], key=lambda row: row.valid_from)
        province = self._provinces.get(code[:2], "")
        unit = self._units.get(self._unit_of.get(code[:2], ""), "")
        return FoundFacility(code, row.name_vi, province, unit, row.level, row.valid_from)

    def _all_folded(self) -> list[tuple[str, bytes]]:
        if not self._folded and self._rows:
            found = [self._found(code) for code in self._rows]
            lines = "\n".join(
                " ".join(f"{row.name} {row.province} {row.unit}".split()) for row in found
            )
            names = plain_letters(lines).split(b"\n")
            self._folded = [(row.code, name) for row, name in zip(found, names, strict=True)]
        return self._folded
