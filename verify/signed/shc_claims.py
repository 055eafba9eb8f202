"""Read the claims of a SMART Health Card that holds an insurance card.

The payload is a verifiable credential with a FHIR (R4) bundle.  Its Coverage gives number and
period, its Patient name, birth and sex.  A card without an active Coverage is not a BHYT card.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from verify.birth import Birth
from verify.card import Card, Sex, is_number
from verify.clock import clinic_day
from verify.dates import read_date, read_first_day, read_last_day
from verify.errors import BadCard
from verify.formats.classify import Format, plain_number
from verify.names import NameReading, read_name
from verify.reason import Note, Reason
from verify.signed.claims import Claims, read_numeric_date
from verify.text import clean_line, has_controls

SHC_USE = "shc"  # in a key's `use`
MAX_NAME = 255  # characters, as the insurer's HO_TEN
# The uses of a HumanName (FHIR R4) by which a person goes today, the better first.  A name may say
# nothing of its use.  The other uses (temp, nickname, anonymous, old, maiden) name nobody here.
NAME_USES = ("official", "usual", None)
PASS_RESOURCES = ("Immunization", "Observation")  # in passes for a vaccination or a test


def read_claims(claims: object, now: datetime) -> Claims:
    """Return the claims with every type checked. The card comes back unvouched.

    A name whose period is over at `now` (aware) is no name.  Raises BadCard if the claims are
    malformed or not those of a BHYT card.
    """
    if not isinstance(claims, Mapping):
        raise BadCard(Reason.UNREADABLE, "claims are not a JSON object")
    coverage, patient = (_resource(claims, kind) for kind in ("Coverage", "Patient"))
    if coverage.get("status") != "active":
        found = (
            Format.HEALTH_PASS if any(_resources(claims, kind) for kind in PASS_RESOURCES) else None
        )
        raise BadCard(Reason.NOT_A_BHYT_CARD, "no active coverage", found=found)
    numbers = [number for number in _numbers(coverage) if is_number(number)]
    if not numbers:
        raise BadCard(Reason.NOT_A_BHYT_CARD, "no coverage with a BHYT number")
    signed_at, expires_at = (
        read_numeric_date(claims.get("nbf")),
        read_numeric_date(claims.get("exp")),
    )
    if signed_at is None or (expires_at is None and "exp" in claims):
        raise BadCard(Reason.UNREADABLE, "nbf or exp is not a time")
    period = _object(coverage, "period")
    issuer = claims.get("iss")
    holder = _name(patient, clinic_day(now))
    card = Card(
        number=numbers[0],
        holder=holder.name,
        born=_birth(patient),
        sex=_sex(patient),
        valid_from=_day(period, "start", read_first_day),
        valid_until=_day(period, "end", read_last_day),
        level=int(numbers[0][2]) if len(numbers[0]) == 15 else None,
        repaired_holder=holder.repaired,
    )
    return Claims(
        card,
        issuer if isinstance(issuer, str) else None,
        signed_at,
        expires_at,
        notes=(Note.NAME_GARBLED,) if holder.is_garbled else (),
    )


def _resource(claims: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Return the only resource of a kind. Empty if there is not any.

    Raises BadCard if there are several: nothing says which of them is meant.
    """
    found = _resources(claims, kind)
    if len(found) > 1:
        raise BadCard(Reason.UNREADABLE, f"{len(found)} resources of one kind; expected one")
    return found[0] if found else {}


def _resources(claims: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    subject = _object(_object(claims, "vc"), "credentialSubject")
    entries = _list(_object(subject, "fhirBundle"), "entry")
    resources = [entry.get("resource") for entry in entries if isinstance(entry, dict)]
    return [
        resource
        for resource in resources
        if isinstance(resource, dict) and resource.get("resourceType") == kind
    ]


def _numbers(coverage: Mapping[str, Any]) -> Iterator[str]:
    """Yield every number of a coverage that may be a card's."""
    identifiers = [item for item in _list(coverage, "identifier") if isinstance(item, dict)]
    for value in [coverage.get("subscriberId"), *(item.get("value") for item in identifiers)]:
        if isinstance(value, str):
            yield plain_number(clean_line(value))


def _name(patient: Mapping[str, Any], today: date) -> NameReading:
    """Return the name by which the patient goes today."""
    names = _list(patient, "name")
    if not all(isinstance(name, dict) for name in names):
        raise BadCard(Reason.UNREADABLE, "a name is not an object")
    current = [name for name in names if name.get("use") in NAME_USES and _is_current(name, today)]
    if not current:
        return NameReading(None)
    best = min(current, key=lambda name: NAME_USES.index(name.get("use")))
    parts = [_text(best.get("family"))]
    given = _list(best, "given")
    if None in given:
        raise BadCard(Reason.UNREADABLE, "one of the given names is missing")
    parts += map(_text, given)
    return read_name(_text(best.get("text")) or " ".join(filter(None, parts)))


def _text(value: object) -> str:
    """Return a part of a name; "" if it is null. Raises BadCard if it is not printable text."""
    if value is None:
        return ""
    text = clean_line(value) if isinstance(value, str) else "\0"
    if has_controls(text) or len(text) > MAX_NAME:
        raise BadCard(Reason.UNREADABLE, "the patient's name is not text")
    return text


def _is_current(name: Mapping[str, Any], today: date) -> bool:
    period = _object(name, "period")
    start, end = _day(period, "start", read_first_day), _day(period, "end", read_last_day)
    return (start is None or start <= today) and (end is None or today <= end)


def _birth(patient: Mapping[str, Any]) -> Birth | None:
    value = patient.get("birthDate")
    try:
        return None if value is None else read_date(value)
    except (ValueError, TypeError):
        raise BadCard(Reason.UNREADABLE, "birthDate is not a date") from None


def _sex(patient: Mapping[str, Any]) -> Sex | None:
    value = patient.get("gender")
    return Sex(value) if value in ("male", "female") else None


def _day(period: Mapping[str, Any], name: str, read: Callable[[str], date | None]) -> date | None:
    """Return the day on which a period begins or ends, at the clinic."""
    value = period.get(name)
    try:
        return None if value is None else read(value)
    except (ValueError, TypeError):
        raise BadCard(Reason.UNREADABLE, f"period.{name} is not a date") from None


def _object(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name, {})
    if not isinstance(value, dict):
        raise BadCard(Reason.UNREADABLE, f"{name} is not an object")
    return value


def _list(parent: Mapping[str, Any], name: str) -> list[Any]:
    value = parent.get(name, [])
    if not isinstance(value, list):
        raise BadCard(Reason.UNREADABLE, f"{name} is not a list")
    return value
