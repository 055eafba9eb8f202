"""Reads what people type and what other programs send: JSON objects, lines of text, and dates.

1. A text is cleaned before anything else looks at it (`verify.clean_line`): nothing invisible and
   no unusual blank, dash or digit decides anything, is stored, or reaches the insurer.
2. A text of nothing but blanks and invisible signs is empty.
3. A date is read in every spelling of `verify.read_date`, but its year must have four digits
   (`verify.has_short_year`).
4. What cannot be read is an error that names the field and its fault, for the page to say so.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from flask import request

from verify import (
    CLINIC_ZONE,
    FACILITY_CODE,
    Birth,
    clean_line,
    has_short_year,
    person_name,
    plain_number,
    read_date,
)

MAX_TEXT = 200  # characters of one line of text
MAX_RAW_TEXT = 10 * MAX_TEXT  # the same before it is cleaned
MAX_PHONE = 40  # characters
MAX_PAGE_NAME = 40  # characters
MAX_ID = 2**63 - 1  # of a row in SQLite
POSSIBLE_YEARS = range(2001, 2200)  # of the days that a page is asked about
_PHONE = re.compile(r"[0-9 +().,;/-]*[0-9][0-9 +().,;/-]*\Z", re.ASCII)  # or two numbers
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]) ?[:.hg] ?([0-5]\d)\Z", re.ASCII | re.IGNORECASE)


class FieldFault(StrEnum):
    """What is wrong with a field. The values are part of the HTTP contract."""

    MISSING = "missing"
    NOT_A_LINE = "not_a_line"
    NOT_A_DATE = "not_a_date"
    SHORT_YEAR = "short_year"
    HALF_DATE = "half_date"
    IN_FUTURE = "in_future"
    NOT_A_PHONE = "not_a_phone"
    NO_ROOM = "no_room"


EXPECTED = {
    FieldFault.MISSING: "given",
    FieldFault.NOT_A_LINE: f"one line of text of at most {MAX_TEXT} characters",
    FieldFault.NOT_A_DATE: "a date: dd/mm/yyyy, mm/yyyy, yyyy or ISO 8601",
    FieldFault.SHORT_YEAR: "a date with four digits for the year",
    FieldFault.HALF_DATE: "a full date, with its day and month",
    FieldFault.IN_FUTURE: "a date that is not in the future",
    FieldFault.NOT_A_PHONE: f"a telephone number: digits, at most {MAX_PHONE} characters",
    FieldFault.NO_ROOM: "an open room of the list",
}


class BadField(ValueError):
    """A field cannot be read.  The message names it, and what it must be; it quotes nothing.

    `fault` is None if the field is wrong in a way of its own.  An empty name stands for the whole
    body.  `kind` is the title of the problem that answers it.
    """

    kind = "bad_request"

    def __init__(self, name: str, fault: FieldFault | None, message: str = "") -> None:
        expected = f'"{name}" must be {EXPECTED[fault]}.' if fault else ""
        super().__init__(message or expected)
        self.name = name
        self.fault = fault


def json_object() -> dict[str, Any]:
    """Return the JSON object of the request; an empty one if the body is anything else."""
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # the JSON is nested too deeply
        return {}
    return body if isinstance(body, dict) else {}


def read_line(value: object) -> str | None:
    """Return a text cleaned, which is empty if nothing of it can be seen.

    None if the value is not one line of text of at most MAX_TEXT printable characters.
    """
    if not isinstance(value, str) or len(value) > MAX_RAW_TEXT:
        return None
    line = clean_line(value)
    return line if len(line) <= MAX_TEXT and line.isprintable() else None


def read_page_name(body: dict[str, Any]) -> str:
    """Return the name that a page gave itself; empty if it gave none."""
    name = read_line(body.get("page")) or ""
    return name if len(name) <= MAX_PAGE_NAME else ""


def read_field(value: object, name: str) -> str:
    """Return the text of the field `name`, cleaned; empty if it is None or blank.

    Raises BadField if it is not one line of text.
    """
    line = "" if value is None else read_line(value)
    if line is None:
        raise BadField(name, FieldFault.NOT_A_LINE)
    return line


def read_person(value: object, name: str) -> str:
    """Return a person's name as it is stored; empty if it is None or blank.

    Raises BadField if it is not one line of text.
    """
    return person_name(read_field(value, name)) or ""


def read_typed_date(value: object, name: str) -> Birth | None:
    """Return a date as far as it was typed. None if the field is empty, or says "not given".

    Raises BadField if it is not a date, or its year is not clear.
    """
    text = read_field(value, name)
    if has_short_year(text):
        raise BadField(name, FieldFault.SHORT_YEAR)
    for read in (read_date, Birth.from_iso):  # ISO 8601 of any year is left to later checks
        with suppress(ValueError):
            return read(text)
    raise BadField(name, FieldFault.NOT_A_DATE)


def read_born(value: object, name: str, today: date) -> Birth | None:
    """Return a birth date as far as it was typed. None if the field is empty, or says "not given".

    Raises BadField if it is not a date, its year is not clear, or it lies after `today`.
    """
    born = read_typed_date(value, name)
    if born is not None and born.is_after(today):
        raise BadField(name, FieldFault.IN_FUTURE)
    return born


def read_phone(value: object, name: str) -> str:
    """Return a telephone number; empty if it is None or blank.

    Raises BadField if it holds letters, or is longer than MAX_PHONE.
    """
    text = read_field(value, name)
    if text and (len(text) > MAX_PHONE or not _PHONE.match(text)):
        raise BadField(name, FieldFault.NOT_A_PHONE)
    return text


def read_typed_day(value: object, name: str) -> date | None:
    """Return a date with day and month. None if the field is empty, or says "not given".

    Raises BadField if it is not a date, its year is not clear, or a part of it is missing.
    """
    found = read_typed_date(value, name)
    if found is None:
        return None
    if found.month is None or found.day is None:
        raise BadField(name, FieldFault.HALF_DATE)
    return date(found.year, found.month, found.day)


def read_typed_time(value: object, name: str) -> time | None:
    """Return a time of day that a person typed: `8:05`, `08.05`, `8h05`. None if it is empty.

    Raises BadField if it is anything else.
    """
    text = read_field(value, name)
    if not text:
        return None
    match = _TIME_OF_DAY.match(text)
    if match is None:
        raise BadField(name, None, f'"{name}" must be a time: 08:30.')
    return time(int(match[1]), int(match[2]))


def read_moment(value: object, name: str) -> datetime | None:
    """Return a moment (aware) in ISO 8601; without an offset it is the clinic's time.

    None if the field is empty.  Raises BadField if it is not a date and time of our time.
    """
    text = read_field(value, name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min
    if not 1970 < moment.year < 9999 or len(text) < len("2026-11-25T10:00"):
        message = f'"{name}" must be a date and time in ISO 8601, such as 2026-11-25T10:30+07:00.'
        raise BadField(name, FieldFault.NOT_A_DATE, message)
    return moment if moment.tzinfo else moment.replace(tzinfo=CLINIC_ZONE)


def read_whole_number(value: object, name: str) -> int | None:
    """Return a whole number from 0 on, also if it is text. None if it is missing or empty.

    Raises BadField if it is anything else.
    """
    text = str(value) if type(value) is int else read_field(value, name)
    if not text:
        return None
    if not re.fullmatch(r"\d{1,12}", text, re.ASCII):
        raise BadField(name, None, f'"{name}" must be a whole number.')
    return int(text)


def seen_version() -> int | None:
    """Return the version that the person of the form looked at. None if the form does not name it.

    Raises BadField if it is not a number.
    """
    return read_whole_number(request.form.get("version"), "version")


def required_version() -> int:
    """Return the version that the person of the form looked at.

    Raises BadField if the form does not name it, or if it is not a number.
    """
    version = seen_version()
    if version is None:
        raise BadField("version", FieldFault.MISSING)
    return version


def read_facility(value: object, name: str) -> str:
    """Return the code of a facility; empty if the field is.

    Raises BadField if it has not the form of a code.
    """
    code = plain_number(read_field(value, name))
    if code and not FACILITY_CODE.match(code):
        raise BadField(name, None, f'"{name}" must be the code of a facility: 5 characters.')
    return code
