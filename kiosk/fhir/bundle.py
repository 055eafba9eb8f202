"""A visit as a Bundle: what the logbook holds of it, what is not known left out.

1. Resources refer to each other by `urn:uuid`, the same in each export of a visit.
2. The desk does not hear when a visit ends.  On the day of the last thing that is known, the status
   says it; later it is `unknown`, and `statusHistory` has what was known.
3. A required element without a value has the extension data-absent-reason.
4. A visit without a card, or without insurance, has no Coverage.
5. The whole is validated before anybody gets it (`fhir.resources`, R4B).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kiosk.fhir import codes
from kiosk.fhir.errors import FhirInvalid, FhirMissing
from kiosk.fhir.patient import Resource, fhir_text, patient_of, without_empty
from kiosk.logbook import Visit
from verify import CLINIC_ZONE, Law, clinic_day

INSTALL = 'this needs the extra "fhir": pip install "tiepdon[fhir]"'
INSURER_NAME = "Bảo hiểm xã hội Việt Nam"
COVERAGE_NAME = "Bảo hiểm y tế"
UNKNOWN = {"extension": [{"url": codes.ABSENT, "valueCode": "unknown"}]}
WITHOUT_INSURANCE = "uninsured"  # see `kiosk.insurer.ARRIVALS`


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a visit does not say itself."""

    instance: str  # of the logbook
    facility_name: str  # empty: not known
    law: Law
    judged_at: datetime | None  # when the card was judged (aware); None: not known


def visit_bundle(visit: Visit, around: Surroundings, now: datetime) -> str:
    """Return a visit as the JSON of a FHIR Bundle (R4B); `now` is aware.

    Raises FhirMissing if the extra is not installed, and FhirInvalid if the Bundle is not valid.
    """
    try:
        from fhir.resources.R4B.bundle import Bundle
        from pydantic import ValidationError
    except ImportError:
        raise FhirMissing(INSTALL) from None
    try:
        return str(Bundle.model_validate(_bundle(visit, around, now)).model_dump_json())
    except ValidationError as exc:  # its text holds values
        places = {".".join(map(str, error["loc"])) for error in exc.errors()}
        raise FhirInvalid(f"not valid FHIR: {', '.join(sorted(places))}") from None


def _bundle(visit: Visit, around: Surroundings, now: datetime) -> Resource:
    names = ["Encounter", "Patient", "facility"]
    has_coverage = bool(_coverage_number(visit)) and visit.arrival.kind != WITHOUT_INSURANCE
    if has_coverage:
        names += ["Coverage", "CoverageEligibilityResponse", "insurer"]
    urls = {
        name: uuid.uuid5(uuid.NAMESPACE_OID, f"{around.instance} {visit.id} {name}").urn
        for name in names
    }
    refer = {name: {"reference": url} for name, url in urls.items()}
    resources = {
        "Encounter": _encounter(visit, around, refer, now),
        "Patient": patient_of(visit),
        "facility": _facility(visit.facility, around.facility_name),
    }
    if has_coverage:
        resources["Coverage"] = _coverage(visit, refer)
        resources["CoverageEligibilityResponse"] = _response(visit, around, refer)
        resources["insurer"] = {"resourceType": "Organization", "name": INSURER_NAME}
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": _moment(now),
        "entry": [{"fullUrl": urls[name], "resource": resources[name]} for name in names],
    }


def _encounter(
    visit: Visit, around: Surroundings, refer: dict[str, Resource], now: datetime
) -> Resource:
    day = clinic_day(visit.admission.at if visit.admission else visit.arrived_at)
    care = around.law.care_on(visit.care, day)
    code = codes.class_of(visit, care.care if care else None)
    history = _history(visit)
    status = _status(visit, history, now)
    referral, admission = visit.arrival.referral, visit.admission
    service_code = fhir_text(visit.service.code)
    room = fhir_text(visit.service.room)
    reason = fhir_text(admission.reason) if admission else None
    origin = referral.facility if referral else None
    return without_empty(
        {
            "resourceType": "Encounter",
            "id": visit.id,
            "meta": {"versionId": str(visit.version)},
            "identifier": [
                {
                    "type": _code(codes.ID_TYPE, codes.VISIT_NUMBER),
                    "value": visit.id,
                    "assigner": refer["facility"],
                }
            ],
            "status": status,
            "statusHistory": history if status in ("unknown", "cancelled") else history[:-1],
            "class": {"system": codes.ACT_CODE, "code": code} if code else UNKNOWN,
            "type": [
                {
                    "coding": [
                        without_empty({"code": visit.care, "display": care and care.name_vi})
                    ],
                    "text": f"MA_LOAI_KCB {visit.care}",
                }
            ]
            if visit.care
            else None,
            "serviceType": without_empty(
                {
                    "coding": [{"code": service_code}] if service_code else None,
                    "text": fhir_text(visit.service.name),
                }
            ),
            "subject": refer["Patient"],
            "basedOn": [
                {"type": "ServiceRequest", "identifier": {"value": fhir_text(referral.number)}}
            ]
            if referral and fhir_text(referral.number)
            else None,
            "period": {"start": _moment(visit.arrived_at)},
            "reasonCode": [{"text": reason}] if reason else None,
            "hospitalization": {
                "origin": {"type": "Organization", "identifier": _facility_id(origin)}
            }
            if origin
            else None,
            "location": [{"location": {"display": room}}] if room else None,
            "serviceProvider": refer["facility"],
        }
    )


def _history(visit: Visit) -> list[Resource]:
    """Return what is known of the states of a visit, in their order."""
    admission = visit.admission
    arrived = {"start": _moment(visit.arrived_at)}
    if admission is None:
        return [{"status": "arrived", "period": arrived}]
    at = _moment(admission.at)
    begun = {"status": "in-progress", "period": {"start": at}}
    return [{"status": "arrived", "period": arrived | {"end": at}}, begun]


def _status(visit: Visit, history: list[Resource], now: datetime) -> str:
    if visit.cancelled_at is not None:
        return "cancelled"
    newest = visit.admission.at if visit.admission else visit.arrived_at
    return str(history[-1]["status"]) if clinic_day(newest) == clinic_day(now) else "unknown"


def _coverage(visit: Visit, refer: dict[str, Resource]) -> Resource:
    number = _coverage_number(visit)
    kind = _code(codes.ACT_CODE, codes.PUBLIC_POLICY) | {"text": COVERAGE_NAME}
    is_active = codes.is_in_force(visit.reason)
    return without_empty(
        {
            "resourceType": "Coverage",
            "status": "active" if is_active else None,
            "_status": None if is_active else UNKNOWN,
            "type": kind,
            "subscriberId": number,
            "beneficiary": refer["Patient"],
            "period": _period(visit),
            "payor": [refer["insurer"]],
        }
    )


def _response(visit: Visit, around: Surroundings, refer: dict[str, Resource]) -> Resource:
    in_force = codes.is_in_force(visit.reason)
    insurance: dict[str, Any] = {"coverage": refer["Coverage"], "benefitPeriod": _period(visit)}
    request = {
        "type": "CoverageEligibilityRequest",
        "identifier": {"value": str(visit.attempt), "assigner": refer["facility"]},
    }
    return without_empty(
        {
            "resourceType": "CoverageEligibilityResponse",
            "status": "cancelled" if visit.cancelled_at else "active",
            "purpose": ["validation"],
            "patient": refer["Patient"],
            "servicedDate": clinic_day(visit.arrived_at).isoformat(),
            "created": _moment(around.judged_at) if around.judged_at else None,
            "_created": None if around.judged_at else UNKNOWN,
            "requestor": refer["facility"],
            "request": request,
            "outcome": "partial" if in_force is None else "complete",
            "disposition": f"{visit.outcome.value}: {visit.reason.value}",
            "insurer": refer["insurer"],
            "insurance": [
                without_empty(insurance)
                if in_force is None
                else without_empty(insurance) | {"inforce": in_force}
            ],
        }
    )


def _coverage_number(visit: Visit) -> str | None:
    """Return the number that names the patient's coverage: that of the card, or what was shown."""
    return fhir_text(visit.card.card_number or visit.card.number)


def _period(visit: Visit) -> Resource:
    card = visit.card
    start, end = card.valid_from, card.valid_until
    if start and end and end < start:  # a card that contradicts itself: FHIR forbids it (per-1)
        return {}
    return without_empty({"start": start and start.isoformat(), "end": end and end.isoformat()})


def _facility(code: str, name: str) -> Resource:
    return without_empty(
        {
            "resourceType": "Organization",
            "identifier": [_facility_id(code)],
            "name": fhir_text(name),
        }
    )


def _facility_id(code: str) -> Resource:
    """Return a facility's code (MA_CSKCB) as an Identifier."""
    return {"type": _code(codes.ID_TYPE, codes.FACILITY), "value": fhir_text(code)}


def _code(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _moment(moment: datetime) -> str:
    """Return a moment as FHIR's dateTime, at the clinic's offset, to the second."""
    return moment.astimezone(CLINIC_ZONE).isoformat(timespec="seconds")
