"""Reads what is sent with a visit about the patient: how they came, other numbers, a guardian.

All of it may be left out.  What is sent must be readable: a wrong value is never stored as another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, time
from enum import StrEnum
from typing import Any, TypeVar

from kiosk.logbook import AppointmentSlip, Guardian, GuardianRelation
from kiosk.settings import Facility
from kiosk.web.api.fields import (
    BadField,
    read_facility,
    read_field,
    read_person,
    read_phone,
    read_typed_day,
)
from verify import CLINIC_ZONE, NumberKind, PersonNumber, clinic_day

MAX_NUMBERS = 10  # of one person
_TIME = re.compile(r"(\d{1,2}) ?[:hg] ?(\d{2})(?: (.+))?\Z", re.ASCII | re.IGNORECASE)
GUARDIAN_KEYS = ("name", "relation", "number", "phone")
NUMBER_KEYS = ("kind", "number", "valid_from", "valid_until")
APPOINTMENT_KEYS = ("number", "facility")
# What a person may state; the other kinds follow from a card.
STATED_KINDS = (
    NumberKind.PERSONAL,
    NumberKind.CANCELLED_PERSONAL,
    NumberKind.OLD_ID,
    NumberKind.PASSPORT,
    NumberKind.ORIGIN_CERTIFICATE,
    NumberKind.FOREIGNER_IDENTITY,
)

Choice = TypeVar("Choice", bound=StrEnum)


def read_choice(value: object, name: str, choices: type[Choice]) -> Choice | None:
    """Return one of the values of an enumeration. None if the field is empty.

    Raises BadField if it has another value.
    """
    text = read_field(value, name)
    if not text:
        return None
    try:
        return choices(text)
    except ValueError:
        raise BadField(name, None, f'"{name}" must be one of {", ".join(choices)}.') from None


def read_typed_moment(value: object, name: str, now: datetime) -> datetime | None:
    """Return a moment (aware) that a person typed: `10:20`, `10h20`, `10:20 25/11/2026`.

    Without a date it is on the clinic's day of `now` (aware).  None if the field is empty.  Raises
    BadField if it cannot be read.
    """
    text = read_field(value, name)
    if not text:
        return None
    match = _TIME.match(text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise BadField(name, None, f'"{name}" must be a time, with or without a date.')
    day = clinic_day(now) if match[3] is None else read_typed_day(match[3], name)
    if day is None or not 1970 < day.year < 9999:
        raise BadField(name, None, f'"{name}" must be a time of our days.')
    return datetime.combine(day, time(int(match[1]), int(match[2])), CLINIC_ZONE)


def read_guardian(value: object) -> Guardian | None:
    """Return a child's guardian. None if nothing is known of one.

    Raises BadField if a field cannot be read.
    """
    record = _object(value, "guardian", GUARDIAN_KEYS)
    guardian = Guardian(
        name=read_person(record.get("name"), "guardian.name"),
        relation=read_choice(record.get("relation"), "guardian.relation", GuardianRelation),
        number=compact(read_field(record.get("number"), "guardian.number")),
        phone=read_phone(record.get("phone"), "guardian.phone"),
    )
    return None if guardian == Guardian() else guardian


def read_appointment(value: object, here: Facility) -> AppointmentSlip | None:
    """Return an appointment slip; without a facility it is one of this facility, `here`.

    All slips of ours have the code of the settings, whatever our code was on their day, so that a
    second use is noticed.  None if it has no number.  Raises BadField if a field cannot be read.
    """
    record = _object(value, "appointment", APPOINTMENT_KEYS)
    number = compact(read_field(record.get("number"), "appointment.number"))
    facility = read_facility(record.get("facility"), "appointment.facility")
    if not facility or facility in here.all_codes:
        facility = here.code
    return AppointmentSlip(number, facility) if number else None


def read_numbers(value: object) -> tuple[PersonNumber, ...]:
    """Return the numbers of a patient's other documents.

    Raises BadField if one cannot be read, or does not have the form of its kind.
    """
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_NUMBERS:
        raise BadField("numbers", None, f'"numbers" must be a list of at most {MAX_NUMBERS}.')
    return tuple(_read_number(record) for record in value)


def compact(number: str) -> str:
    """Return a number as it is stored and compared: upper case, without blanks."""
    return number.replace(" ", "").upper()


def _read_number(value: object) -> PersonNumber:
    record = _object(value, "numbers", NUMBER_KEYS)
    kind = read_choice(record.get("kind"), "numbers.kind", NumberKind)
    if kind not in STATED_KINDS:
        kinds = ", ".join(STATED_KINDS)
        raise BadField("numbers.kind", None, f'"numbers.kind" must be one of {kinds}.')
    number = PersonNumber(
        kind,
        compact(read_field(record.get("number"), "numbers.number")),
        read_typed_day(record.get("valid_from"), "numbers.valid_from"),
        read_typed_day(record.get("valid_until"), "numbers.valid_until"),
    )
    if not number.is_well_formed:
        raise BadField("numbers.number", None, f'"numbers.number" is not a {kind.value}.')
    return number


def _object(value: object, name: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not set(value) <= set(keys):
        raise BadField(name, None, f'"{name}" must be an object with {", ".join(keys)}.')
    return value
