"""Read dates in every spelling in which they come: the one tolerant reader for all formats.

    01/02/1980  1-2-1980  01.02.1980  01021980          day, month, year: as people in Vietnam write
    02/1980  021980  1980                               a month of a year, or a year
    00/02/1980  00/00/1980  XX/XX/1980                  the same; the day and month are not known
    1980-02-01  1980-02  1980/02/01  19800201           ISO 8601, and the year first
    01/02/1980 00:00:00  1980-02-01T00:00:00+07:00      with a time behind it

1. What is half known stays half known: no day is invented.
2. A moment with a time zone counts on the day that it is at the clinic.
3. Nothing, `-`, `00/00/0000` and 1 January of the year 1, which databases write for nothing, are no
   date.  Anything else that is not a date is an error, never "no date".
"""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime

from verify.birth import Birth
from verify.clock import clinic_day
from verify.text import clean_line

# Nobody here was born before, and no date on a card is later.
FIRST_YEAR, LAST_YEAR = 1800, 2399
NO_DATE = frozenset({"", "-", "--", "null", "none"})
NO_YEARS = (0, 1)  # the years that stand for nothing

_PART = r"(\d{1,2}|[xX?_*]{1,2})"
_TIME = r"(?:[T ,]+\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?(?: ?[AaPpSsCc][MmAaHh]?)?)?"
_SIGN = r"\s?[/.\- ]\s?"
_DAY_FIRST = re.compile(rf"(?:(?:{_PART}{_SIGN})?{_PART}{_SIGN})?(\d{{4}}){_TIME}\Z", re.ASCII)
_YEAR_FIRST = re.compile(rf"(\d{{4}})[/.\-]{_PART}(?:[/.\-]{_PART})?{_TIME}\Z", re.ASCII)
_DIGITS = re.compile(rf"(\d{{8}}|\d{{6}}){_TIME}\Z", re.ASCII)
_DIGITS_WITH_TIME = re.compile(r"(\d{8})(\d{4}|\d{6})\Z", re.ASCII)  # as the gateway writes moments
# One or two digits for the year, or six digits of which the last four are no year.
_SHORT_YEAR = re.compile(
    rf"(?:\d{{1,2}}{_SIGN}){{0,2}}\d{{1,2}}\Z|\d{{2}}(?!1[89]|2[0-3])\d{{4}}\Z", re.ASCII
)


def read_date(text: str) -> Birth | None:
    """Return the date in a text as far as it is known. None if the text says that it is not given.

    Raises ValueError if the text is no date.
    """
    if usual := _usual_day(text):
        return Birth(usual.year, usual.month, usual.day)
    if match := _DAY_FIRST.match(text) or _DAY_FIRST.match(text := clean_line(text)):
        day, month, year = match.groups()
        return _plausible(int(year), _known(month), _known(day))
    if text.casefold() in NO_DATE:
        return None
    if match := _YEAR_FIRST.match(text):
        year, month, day = match.groups()
        return _plausible(int(year), _known(month), _known(day))
    if match := _DIGITS.match(text) or _DIGITS_WITH_TIME.match(text):
        return _from_digits(match[1])
    if moment := _zoned_moment(text):
        day_there = (
            moment.date() if moment.year in (*NO_YEARS, date.max.year) else clinic_day(moment)
        )
        return _plausible(day_there.year, day_there.month, day_there.day)
    raise ValueError("not a date; expected dd/mm/yyyy, mm/yyyy, yyyy or ISO 8601")


def has_short_year(text: str) -> bool:
    """Return whether a date that a person wrote has less than four digits for its year.

    Six digits count too, unless they are a month and a year (`021980`): `read_date` takes `201202`
    for a year and a month, as machines write it, but people mean a day of 2002 by it.  `text` is a
    cleaned line.
    """
    return _SHORT_YEAR.match(text) is not None


def read_day(text: str) -> date | None:
    """Return the day in a text. None if the text says that it is not given.

    Raises ValueError if the text is no date, or no full one.
    """
    if day := _usual_day(text):
        return day
    if text == "-":
        return None
    found = read_date(text)
    if found is None:
        return None
    if found.month is None or found.day is None:
        raise ValueError("not a full date")
    return date(found.year, found.month, found.day)


def read_first_day(text: str) -> date | None:
    """Return the first day of the day, month or year in a text: when a period begins.

    None and ValueError as in `read_date`.
    """
    found = read_date(text)
    return None if found is None else date(found.year, found.month or 1, found.day or 1)


def read_last_day(text: str) -> date | None:
    """Return the last day of the day, month or year in a text: when a period ends.

    None and ValueError as in `read_date`.
    """
    found = read_date(text)
    if found is None:
        return None
    month = found.month or 12
    return date(found.year, month, found.day or calendar.monthrange(found.year, month)[1])


def _usual_day(text: str) -> date | None:
    """Return the day in a text of the form dd/mm/yyyy, as nearly every one is: quicker by itself.

    None if the text has another form, or is no day: that is then for the patterns to say.
    """
    if len(text) != len("dd/mm/yyyy") or not text[2] == text[5] == "/":
        return None
    try:
        day = date.fromisoformat(f"{text[6:]}-{text[3:5]}-{text[:2]}")
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def _zoned_moment(text: str) -> datetime | None:
    """Return the moment in a text. None if it is no ISO 8601 time with a time zone."""
    try:
        moment = datetime.fromisoformat(text) if len(text) > len("2000-01-01") else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _known(part: str | None) -> int | None:
    """Return a day or a month. None if it is written as unknown."""
    return (int(part) or None) if part and part.isdigit() else None


def _from_digits(digits: str) -> Birth | None:
    """Read ddmmyyyy, mmyyyy, yyyymmdd or yyyymm: only one order gives a year that can be."""
    day, month, year = digits[:-6], digits[-6:-4], int(digits[-4:])
    if FIRST_YEAR <= year <= LAST_YEAR or year in NO_YEARS:
        return _plausible(year, _known(month), _known(day))
    year = int(digits[:4])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError("neither its first nor its last four digits are a year")
    return _plausible(year, _known(digits[4:6]), _known(digits[6:]))


def _plausible(year: int, month: int | None, day: int | None) -> Birth | None:
    if year in NO_YEARS:
        return None
    if not FIRST_YEAR <= year <= LAST_YEAR and year != date.max.year:
        raise ValueError(f"not a year from {FIRST_YEAR} to {LAST_YEAR}")
    return Birth(year, month, day if month else None)
