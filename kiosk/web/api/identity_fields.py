"""Reads who a patient is, or that nobody knows it: from JSON objects and from forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kiosk.desk import IdentityChange, TypedIdentity, unknown_patient
from kiosk.insurer import ARRIVALS
from kiosk.logbook import UnknownPatient, is_temporary_code
from kiosk.web.api.fields import (
    BadField,
    FieldFault,
    read_facility,
    read_field,
    read_moment,
    read_person,
    read_typed_date,
    read_typed_day,
    read_whole_number,
)
from verify import Sex, is_number, plain_number

MAX_AGE_YEARS = 130
MAX_VERSION = 10**9


def read_unknown(value: object) -> UnknownPatient | None:
    """Return an unknown patient with a new code. None if the value is missing, null or false.

    The value is true, or an object with `estimated_age` (years) and `description`.  Raises BadField
    if it is anything else.
    """
    if value is None or value is False:
        return None
    fields = {} if value is True else value
    if not isinstance(fields, dict):
        raise BadField("unknown", None, '"unknown" must be true or an object.')
    age = _read_age(fields.get("estimated_age"))
    return unknown_patient(age, read_field(fields.get("description"), "description"))


def _read_age(value: object) -> int | None:
    text = str(value) if type(value) is int else read_field(value, "estimated_age")
    if not text:
        return None
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII) or int(text) > MAX_AGE_YEARS:
        message = f'"estimated_age" must be 0 to {MAX_AGE_YEARS} years.'
        raise BadField("estimated_age", None, message)
    return int(text)


def read_temporary_code(value: object, name: str) -> str:
    """Return a temporary card number without blanks, upper case; empty if nothing was typed.

    Raises BadField if it has another form.
    """
    number = plain_number(read_field(value, name))
    if number and not is_temporary_code(number):
        form = "TE1 or HG4, two digits of the province, and ten more characters"
        raise BadField(name, None, f'"{name}" must be {form}.')
    return number


def read_identity(fields: Mapping[str, Any]) -> TypedIdentity:
    """Return who a patient is.  Raises BadField if a field cannot be read."""
    number = plain_number(read_field(fields.get("number"), "number"))
    if number and not is_number(number):
        raise BadField("number", None, '"number" must have 10 or 12 digits, or 15 characters.')
    sex = read_field(fields.get("sex"), "sex")
    if sex and sex not in list(Sex):
        raise BadField("sex", None, f'"sex" must be one of {", ".join(Sex)}.')
    return TypedIdentity(
        holder=read_person(fields.get("holder"), "holder"),
        born=read_typed_date(fields.get("born"), "born"),
        sex=Sex(sex) if sex else None,
        number=number,
        registered_at=read_facility(fields.get("registered_at"), "registered_at"),
        valid_from=read_typed_day(fields.get("valid_from"), "valid_from"),
        valid_until=read_typed_day(fields.get("valid_until"), "valid_until"),
    )


def read_change(fields: Mapping[str, Any], author: str) -> IdentityChange:
    """Return who changes a visit and why.  Raises BadField if a field cannot be read."""
    why = read_field(fields.get("why"), "why")
    if not why:
        raise BadField("why", FieldFault.MISSING)
    arrival = read_field(fields.get("arrival"), "arrival")
    if arrival and arrival not in ARRIVALS:
        raise BadField("arrival", None, f'"arrival" must be one of {", ".join(ARRIVALS)}.')
    return IdentityChange(why, author, read_whole_number(fields.get("version"), "version"), arrival)


def read_past_moment(value: object, name: str, first: datetime, now: datetime) -> datetime:
    """Return a moment in ISO 8601, by default of the clinic's zone; `now` if it is empty.

    Raises BadField if it cannot be read, lies before the minute of `first`, or after `now`.
    """
    moment = read_moment(value, name)
    if moment is None:
        return now
    if not first.replace(second=0, microsecond=0) <= moment <= now:
        raise BadField(name, None, f'"{name}" must not be before the event or in the future.')
    return moment
