"""The form that corrects a visit: its fields as they are shown, and as they were typed.

1. Each field is read by itself, and every one that is wrong is named, not the first only.
2. A value that nobody touched is not judged again: a card is what it is.
3. The numbers of the person are shown masked.  One that comes back masked is no correction.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from datetime import date

from flask import request
from flask_babel import lazy_gettext as _l

from kiosk.insurer import ARRIVALS
from kiosk.logbook import Correction, NewVisit, Visit
from kiosk.web.api.fields import (
    BadField,
    read_born,
    read_facility,
    read_field,
    read_person,
    read_phone,
    read_typed_day,
    read_typed_time,
)
from kiosk.web.api.referral import read_referral
from kiosk.web.language import MASK, day_text, masked
from verify import Referral, Sex, clinic_day, is_newborn_on, plain_number

REFERRAL_FIELDS = (
    *("signed_on", "for_a_year", "referral_facility", "referral_number", "referral_form"),
)
REFERRAL_KEYS = {  # where they differ
    "facility": "referral_facility",
    "number": "referral_number",
    "form": "referral_form",
}
BIRTH_TIME = "birth_time"
FIELDS = (
    *("holder", "born", BIRTH_TIME, "sex", "card_number", "citizen_number", "registered_at"),
    *("valid_from", "valid_until", "arrival", *REFERRAL_FIELDS),
    *("service_code", "service_name", "care", "phone"),
)
# What a field must look like if the clerk changed it.
SHAPES = {
    "card_number": re.compile(r"[A-Z]{2}[0-9A-Z][0-9]{12}|[0-9]{10}|[0-9]{12}"),
    "citizen_number": re.compile(r"[0-9]{12}|[0-9]{9}"),
    "care": re.compile(r"[0-9]{1,2}"),
}
# What is wrong with a field that has no fault of the common kinds.
EXPECTED_WORDS = {
    "card_number": _l("A card number has 15 characters or 10 digits; an ID number has 12 digits."),
    "citizen_number": _l("An ID number has 12 digits, an old one 9."),
    "registered_at": _l("A facility has a code of 5 characters."),
    "referral_facility": _l("A facility has a code of 5 characters."),
    "valid_until": _l("The last day is before the first."),
    "care": _l("The kind of treatment is a number of two digits."),
    "birth_time": _l("Write the time as 08:05."),
}
MASKED = frozenset({"card_number", "citizen_number"})

Typed = Mapping[str, str]


def shown_values(visit: NewVisit, shows_numbers: bool) -> dict[str, str]:
    """Return the values for the fields of the form, with dates as dd/mm/yyyy.

    Without `shows_numbers`, the person's numbers are masked.
    """
    values = field_values(visit)
    return values if shows_numbers else values | {name: masked(values[name]) for name in MASKED}


def is_newborn(visit: Visit) -> bool:
    """Return whether the insurer wants the time of birth, or one was typed."""
    day = clinic_day(visit.arrived_at)
    return visit.birth_time is not None or is_newborn_on(visit.card.born, day)


def typed_fields() -> dict[str, str]:
    """Return the fields of the form as they were typed; a box that is not ticked is empty."""
    typed = {name: request.form[name] for name in FIELDS if name in request.form}
    return {"for_a_year": ""} | typed if "signed_on" in typed else typed


def read_corrections(visit: Visit, today: date) -> tuple[dict[str, Correction], list[BadField]]:
    """Return the fields of the form as values of a visit, and those that are wrong.

    A birth after `today` is wrong.
    """
    form, wrong = _cleaned(visit)
    values: dict[str, Correction] = {}
    for name in form.keys() - set(REFERRAL_FIELDS):
        _read(values, wrong, name, functools.partial(_value, name, form[name], today))
    before = field_values(visit)
    for name in sorted(values.keys() & {*SHAPES, "registered_at"}):
        if form[name] != before[name]:
            _read(values, wrong, name, functools.partial(_shaped, name, values[name]))
    first, last = values.get("valid_from"), values.get("valid_until")
    if isinstance(first, date) and isinstance(last, date) and last < first:
        wrong.append(BadField("valid_until", None))
    # Browsers leave an unticked box out of a form, but never a text field.
    if "signed_on" in form:
        _read(values, wrong, "referral", lambda: _referral(form))
    return values, sorted(wrong, key=lambda fault: fault.name)


def _read(
    values: dict[str, Correction],
    wrong: list[BadField],
    name: str,
    read: Callable[[], Correction],
) -> None:
    try:
        values[name] = read()
    except BadField as exc:
        wrong.append(exc)


def _cleaned(visit: Visit) -> tuple[dict[str, str], list[BadField]]:
    """Return the fields of the form that hold a text, cleaned, and those that hold none.

    A number that came back masked is left out.  If the visit was changed meanwhile, its mask is
    another one, and the logbook says so.
    """
    hidden = shown_values(visit, False)
    is_old = request.form.get("version", "") != str(visit.version)
    form: dict[str, str] = {}
    wrong: list[BadField] = []
    now = field_values(visit)
    for name in FIELDS:
        text = request.form.get(name)
        if request.form.get(f"keep-{name}") == "theirs":  # see `kiosk.web.pages.two_corrections`
            form[name] = now[name]
            continue
        if text is None or (name in MASKED and MASK in text and (is_old or text == hidden[name])):
            continue
        try:
            form[name] = read_field(text, name)
        except BadField as exc:
            wrong.append(exc)
    return form, wrong


def _value(name: str, text: str, today: date) -> Correction:
    """Return the value of a field. Raises BadField."""
    readers: dict[str, Callable[[], Correction]] = {
        "arrival": lambda: _arrival(text),
        "holder": lambda: read_person(text, name),
        "sex": lambda: _sex(text),
        "born": lambda: read_born(text, name, today),
        "phone": lambda: read_phone(text, name),
        BIRTH_TIME: lambda: read_typed_time(text, name),
        "valid_from": lambda: read_typed_day(text, name),
        "valid_until": lambda: read_typed_day(text, name),
        "card_number": lambda: plain_number(text),
        "citizen_number": lambda: plain_number(text),
        "registered_at": lambda: plain_number(text),
    }
    return readers[name]() if name in readers else text


def _shaped(name: str, value: Correction) -> Correction:
    """Return a value that looks as such values do, or is empty. Raises BadField."""
    text = str(value)
    if name == "registered_at":
        return read_facility(text, name)
    if text and not SHAPES[name].fullmatch(text):
        raise BadField(name, None)
    return value


def _arrival(text: str) -> str:
    if text not in ARRIVALS:
        raise BadField("arrival", None)
    return text


def _sex(text: str) -> Correction:
    try:
        return Sex(text) if text else ""
    except ValueError:
        raise BadField("sex", None) from None


def _referral(form: Typed) -> Referral | None:
    """Return the referral of the form; None if its fields are empty.

    Raises BadField if it cannot be read.
    """
    if not any(form.get(name) for name in REFERRAL_FIELDS):
        return None
    fields = {
        "signed_on": form["signed_on"],
        "facility": form.get("referral_facility"),
        "number": form.get("referral_number"),
        "form": form.get("referral_form"),
        "for_a_year": bool(form.get("for_a_year")),
    }
    try:
        return read_referral(fields, "")[0]
    except BadField as exc:
        key = exc.name.removeprefix("referral.")
        raise BadField(REFERRAL_KEYS.get(key, key), exc.fault) from None


def field_values(visit: NewVisit) -> dict[str, str]:
    """Return the values of a visit for the fields of the form, with whole numbers."""
    card, service, arrival = visit.card, visit.service, visit.arrival
    referral = arrival.referral
    return {
        "holder": card.holder or "",
        "born": day_text(card.born) if card.born else "",
        BIRTH_TIME: f"{visit.birth_time:%H:%M}" if visit.birth_time else "",
        "sex": card.sex or "",
        "card_number": card.card_number or "",
        "citizen_number": card.citizen_number or "",
        "registered_at": card.registered_at or "",
        "valid_from": day_text(card.valid_from) if card.valid_from else "",
        "valid_until": day_text(card.valid_until) if card.valid_until else "",
        "arrival": arrival.kind,
        "signed_on": day_text(referral.signed_on) if referral else "",
        "for_a_year": "1" if referral and referral.for_a_year else "",
        "referral_facility": (referral.facility if referral else None) or "",
        "referral_number": (referral.number if referral else None) or "",
        "referral_form": (referral.form if referral else None) or "",
        "service_code": service.code,
        "service_name": service.name,
        "care": service.care,
        "phone": arrival.phone,
    }
