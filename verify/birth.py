"""A birth date as cards give it: a full date, a month of a year, or only a year."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

NEWBORN_DAYS = 28  # up to which the insurer wants the time of birth (QĐ 4750, NGAY_SINH)

_ISO = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Birth:
    """A year, with its month and day if they are known.

    Raises ValueError if the date does not exist, or if a day is given without its month.
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.day is not None and self.month is None:
            raise ValueError("a birth date with a day needs its month")
        date(self.year, self.month or 1, self.day or 1)  # raises ValueError for an unreal date

    @classmethod
    def from_iso(cls, text: str) -> Birth:
        """Read `1980`, `1980-02` or `1980-02-01`. Raises ValueError for anything else."""
        match = _ISO.match(text)
        if match is None:
            raise ValueError("not a birth date; expected YYYY, YYYY-MM or YYYY-MM-DD")
        return cls(*(int(part) if part else None for part in match.groups()))  # type: ignore[arg-type]  # the year group is never empty

    @classmethod
    def from_date(cls, day: date) -> Birth:
        """Return a birth date that is known to the day."""
        return cls(day.year, day.month, day.day)

    def agrees_with(self, other: Birth) -> bool:
        """Return whether both can be the same day, compared as far as both are known."""
        if self.year != other.year or None in (self.month, other.month):
            return self.year == other.year
        return self.month == other.month and (
            None in (self.day, other.day) or self.day == other.day
        )

    def is_after(self, day: date) -> bool:
        """Return whether the birth is certainly later than a day."""
        if self.year != day.year:
            return self.year > day.year
        return (self.month or 1, self.day or 1) > (day.month, day.day)

    def __str__(self) -> str:
        parts = [f"{self.year:04d}"] + [f"{part:02d}" for part in (self.month, self.day) if part]
        return "-".join(parts)


def is_newborn_on(born: Birth | None, day: date) -> bool:
    """Return whether a child is certainly at most NEWBORN_DAYS old on a day."""
    if born is None or born.month is None or born.day is None:
        return False
    return 0 <= (day - date(born.year, born.month, born.day)).days <= NEWBORN_DAYS


def age_on(born: Birth, day: date) -> int:
    """Return the age on a day, in full years.

    An unknown month counts as December and an unknown day as the 28th, so the age is never
    overstated by more than a few days.
    """
    born_month, born_day = born.month or 12, born.day or 28
    return day.year - born.year - ((day.month, day.day) < (born_month, born_day))
