"""A visit as FHIR, for other programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from kiosk.fhir import FhirInvalid, FhirMissing, Surroundings, visit_bundle
from kiosk.logbook import Visit, Visits
from kiosk.web.api.answers import FhirBundle
from kiosk.web.api.calls import call
from kiosk.web.problems import problem

MEDIA_TYPE = "application/fhir+json"
FHIR_KINDS = (
    (403, "state_secret"),
    (404, "no_such_visit"),
    (500, "fhir_invalid"),
    (501, "fhir_not_installed"),
)


def make_fhir(
    visits: Visits, around: Callable[[Visit], Surroundings], clock: Callable[[], datetime]
) -> Blueprint:
    """Return the blueprint of /api/visits/ID/fhir; `around` says what a visit does not."""
    api = Blueprint("fhir", __name__, url_prefix="/api")

    @api.get("/visits/<visit_id>/fhir")
    @call({200: FhirBundle}, FHIR_KINDS, media_type=MEDIA_TYPE)
    def of_visit(visit_id: str) -> ResponseReturnValue:
        """Return a visit as a FHIR Bundle (R4B)."""
        visit = visits.by_id(visit_id)
        if visit is None:
            return problem(404, "no_such_visit", "There is no visit of this id.")
        if visit.secret:
            return problem(403, "state_secret", "The visit is a state secret: it is not exported.")
        try:
            bundle = visit_bundle(visit, around(visit), clock())
        except FhirMissing as exc:
            return problem(501, "fhir_not_installed", str(exc))
        except FhirInvalid as exc:
            return problem(500, "fhir_invalid", str(exc))
        answer = Response(bundle, mimetype=MEDIA_TYPE)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return api
