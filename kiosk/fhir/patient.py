"""The patient as FHIR: numbers, name, sex and birth, as far as they are known."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any

from kiosk.fhir import codes
from kiosk.logbook import Visit
from verify import CLINIC_ZONE, NumberKind, PersonNumber

Resource = dict[str, Any]
KINDS_BY_LENGTH = {
    10: NumberKind.INSURANCE,
    12: NumberKind.PERSONAL,
    15: NumberKind.CARD,
}


def fhir_text(text: str | None) -> str | None:
    """Return a text without control characters, which FHIR forbids; None if nothing is left."""
    spaced = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in text or "")
    return " ".join(spaced.split()) or None


def without_empty(values: dict[str, Any]) -> Resource:
    """Return a resource without its empty elements: FHIR has none that is empty."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def patient_of(visit: Visit) -> Resource:
    """Return the patient of a visit."""
    card = visit.card
    born = card.born
    born_at = None
    if visit.birth_time is not None and born is not None and born.month and born.day:
        moment = datetime(
            born.year,
            born.month,
            born.day,
            visit.birth_time.hour,
            visit.birth_time.minute,
            tzinfo=CLINIC_ZONE,
        )
        born_at = {"extension": [{"url": codes.BIRTH_TIME, "valueDateTime": moment.isoformat()}]}
    name = fhir_text(card.holder)
    return without_empty(
        {
            "resourceType": "Patient",
            "identifier": _identifiers(visit),
            "name": [{"text": name}] if name else None,
            "gender": codes.GENDERS[card.sex] if card.sex else None,
            "birthDate": _birth_date(visit),
            "_birthDate": born_at,
        }
    )


def number_identifier(number: PersonNumber) -> Resource:
    """Return a number of a person as an Identifier."""
    known = codes.NUMBER_TYPES.get(number.kind)
    return without_empty(
        {
            "use": known[1] if known else None,
            "type": {"coding": [{"system": codes.ID_TYPE, "code": known[0]}]}
            if known
            else {"text": codes.NUMBER_NAMES[number.kind]},
            "value": fhir_text(number.number),
            "period": without_empty(
                {
                    "start": number.valid_from and number.valid_from.isoformat(),
                    "end": number.valid_until and number.valid_until.isoformat(),
                }
            ),
        }
    )


def _identifiers(visit: Visit) -> list[Resource]:
    """Return the numbers of a patient, each once; that of a code that stands in is temporary."""
    card = visit.card
    temporary = visit.temporary_code.code if visit.temporary_code else None
    numbers = [
        PersonNumber(KINDS_BY_LENGTH[len(text)], text)
        for text in dict.fromkeys(
            [card.number, card.card_number, card.citizen_number, visit.person]
        )
        if text and text != temporary and len(text) in KINDS_BY_LENGTH
    ]
    numbers += [number for number in card.other_numbers if number[:2] not in _seen(numbers)]
    found = [number_identifier(number) for number in numbers]
    if temporary:
        number = PersonNumber(NumberKind.CARD, temporary)
        found.append(number_identifier(number) | {"use": "temp"})
    if visit.unknown is not None:
        text = "Mã người bệnh chưa rõ danh tính"
        found.append({"use": "temp", "type": {"text": text}, "value": visit.unknown.code})
    return found


def _seen(numbers: list[PersonNumber]) -> set[tuple[NumberKind, str]]:
    return {number[:2] for number in numbers}


def _birth_date(visit: Visit) -> str | None:
    born = visit.card.born
    if born is None:
        return None
    parts = [f"{born.year:04}", *(f"{part:02}" for part in (born.month, born.day) if part)]
    return "-".join(parts)
