"""Read the claims of a SMART Health Card that holds an insurance card.

The payload is a verifiable credential with a FHIR (R4) bundle.  Its Coverage gives number and
period, its Patient name, birth and sex.  A card without an active Coverage is not a BHYT card.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from verify.birth import Birth
from verify.card import Card, Sex, is_number
from verify.errors import BadCard
from verify.formats.classify import Format
from verify.reason import Reason
from verify.signed.claims import Claims, read_numeric_date

SHC_USE = "shc"  # in a key's `use`
MAX_NAME = 255  # characters, as the insurer's HO_TEN
PASS_RESOURCES = ("Immunization", "Observation")  # in passes for a vaccination or a test


def read_claims(claims: object) -> Claims:
    """Return the claims with every type checked. The card comes back unvouched.

    Raises BadCard if the claims are malformed or not those of a BHYT card.
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
    card = Card(
        number=numbers[0],
        holder=_name(patient),
        born=_birth(patient),
        sex=_sex(patient),
        valid_from=_day(period, "start"),
        valid_until=_day(period, "end"),
        level=int(numbers[0][2]) if len(numbers[0]) == 15 else None,
    )
    return Claims(card, issuer if isinstance(issuer, str) else None, signed_at, expires_at)


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
            yield value.upper()


def _name(patient: Mapping[str, Any]) -> str | None:
    names = [name for name in _list(patient, "name") if isinstance(name, dict)]
    if not names:
        return None
    parts = [names[0].get("family"), *_list(names[0], "given")]
    text = names[0].get("text") or " ".join(part for part in parts if isinstance(part, str))
    if not isinstance(text, str) or not text.isprintable() or len(text) > MAX_NAME:
        raise BadCard(Reason.UNREADABLE, "the patient's name is not text")
    return " ".join(unicodedata.normalize("NFC", text).split()) or None


def _birth(patient: Mapping[str, Any]) -> Birth | None:
    value = patient.get("birthDate")
    try:
        return None if value is None else Birth.from_iso(value)
    except (ValueError, TypeError):
        raise BadCard(Reason.UNREADABLE, "birthDate is not a date") from None


def _sex(patient: Mapping[str, Any]) -> Sex | None:
    value = patient.get("gender")
    return Sex(value) if value in ("male", "female") else None


def _day(period: Mapping[str, Any], name: str) -> date | None:
    value = period.get(name)
    try:
        return None if value is None else date.fromisoformat(value[:10])
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
