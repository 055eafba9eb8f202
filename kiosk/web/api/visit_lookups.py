"""Calls of the hospital's system about a recorded visit: look up again, and admitted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from kiosk.desk import (
    ADMISSION_CARES,
    AdmissionRefused,
    Admissions,
    CannotAsk,
    CannotAskWhy,
    NotAnswered,
    RefusedBecause,
    VisitAnswer,
    VisitLookup,
)
from kiosk.logbook import (
    Admission,
    LookupPurpose,
    NoSuchVisit,
    Proposals,
    StillSending,
    Visits,
)
from kiosk.settings import Settings
from kiosk.web.api.answers import ChangedVisitAnswer, LookupAnswer
from kiosk.web.api.bodies import MAX_REASON, AdmissionBody, LookupBody
from kiosk.web.api.calls import call
from kiosk.web.api.fields import BadField, FieldFault, read_field, read_moment
from kiosk.web.api.visits import visit_json
from kiosk.web.lookup_words import both_languages
from kiosk.web.pages.desks import author_here
from kiosk.web.problems import problem
from verify import clean_line

RETRY_AFTER_S = 60  # seconds after which a question may be answered
SENDING_RETRY_S = 5  # a visit that is being sent is free again soon
PURPOSES = (LookupPurpose.END, LookupPurpose.TREATMENT, LookupPurpose.ADMISSION)
CANNOT_ASK = {
    CannotAskWhy.NO_GATEWAY: (503, "No gateway is set up: [insurer] url is empty."),
    CannotAskWhy.CANCELLED: (409, "The visit is cancelled."),
    CannotAskWhy.SECRET: (409, "The visit is a state secret: the insurer is not asked."),
    CannotAskWhy.NO_CARD: (422, "No card number of the patient is known: correct the visit."),
    CannotAskWhy.NO_HOLDER: (
        422,
        "The insurer answers only if it gets the name and the birth date: correct the visit.",
    ),
}
REFUSED = {
    RefusedBecause.NOT_REPORTED: (
        422,
        "The visit is not reported to the insurer (an emergency, without insurance, or a state"
        " secret), so its admission is not reported either.",
    ),
    RefusedBecause.CANCELLED: (409, "The visit is cancelled."),
    RefusedBecause.BEFORE_ARRIVAL: (422, '"moment" is before the arrival of the patient.'),
    RefusedBecause.IN_THE_FUTURE: (422, '"moment" is in the future.'),
}
NO_VISIT = (404, "no_such_visit", "There is no visit of this id.")
LOOKUP_KINDS = [
    NO_VISIT[:2],
    (503, "no_answer"),
    (503, "not_asked"),
    *((status, f"cannot_ask_{why}") for why, (status, _) in CANNOT_ASK.items()),
]
ADMISSION_KINDS = [
    NO_VISIT[:2],
    (409, "still_sending"),
    *((status, f"admission_{why}") for why, (status, _) in REFUSED.items()),
]


def make_visit_lookups(
    visit_lookup: VisitLookup,
    admissions: Admissions,
    visits: Visits,
    proposals: Proposals,
    settings: Settings,
    clock: Callable[[], datetime],
) -> Blueprint:
    """Return the blueprint of /api/visits/ID/lookup and /api/visits/ID/admission."""
    api = Blueprint("visit_lookups", __name__, url_prefix="/api/visits")

    @api.post("/<visit_id>/lookup")
    @call({200: LookupAnswer}, LOOKUP_KINDS, body=LookupBody)
    def look_up(body: dict[str, Any], visit_id: str) -> ResponseReturnValue:
        """Ask the insurer about the card of a visit, and return what has changed."""
        purpose, asks_copayments = LookupPurpose(body["purpose"]), body.get("copayments") is True
        try:
            answer = visit_lookup.look_up(visit_id, purpose, author_here(settings), asks_copayments)
        except (NoSuchVisit, CannotAsk, NotAnswered) as exc:
            return _not_looked_up(exc)
        return jsonify(_answer_json(visit_id, answer, bool(proposals.open(visit_id))))

    @api.post("/<visit_id>/admission")
    @call({200: ChangedVisitAnswer, 201: ChangedVisitAnswer}, ADMISSION_KINDS, body=AdmissionBody)
    def admit(body: dict[str, Any], visit_id: str) -> ResponseReturnValue:
        """Record that the patient was admitted to treatment; the check-in is sent again."""
        admission = read_admission(body)
        try:
            is_new = admissions.admit(visit_id, admission, clock(), author_here(settings))
        except (NoSuchVisit, AdmissionRefused, StillSending) as exc:
            return _not_admitted(exc)
        visit = visits.by_id(visit_id)
        assert visit is not None  # nothing deletes a visit
        return jsonify(visit_json(visit) | {"version": visit.version}), 201 if is_new else 200

    return api


def read_admission(fields: dict[str, Any]) -> Admission:
    """Return the admission that the fields `moment`, `care` and `reason` describe.

    Raises BadField if one of them cannot be read.
    """
    care = read_field(fields.get("care"), "care")
    if care not in ADMISSION_CARES:
        raise BadField("care", None, f'"care" must be one of {", ".join(ADMISSION_CARES)}.')
    reason = fields.get("reason")
    if not isinstance(reason, str) or not clean_line(reason[: 2 * MAX_REASON]):
        raise BadField("reason", FieldFault.MISSING)
    line = clean_line(reason[: 2 * MAX_REASON])
    if len(reason) > MAX_REASON or not line.isprintable():
        message = f'"reason" must be one line of at most {MAX_REASON} characters.'
        raise BadField("reason", FieldFault.NOT_A_LINE, message)
    moment = read_moment(fields.get("moment"), "moment")
    if moment is None:
        raise BadField("moment", FieldFault.MISSING)
    return Admission(moment, care, line)


def _not_looked_up(exc: NoSuchVisit | CannotAsk | NotAnswered) -> Response:
    if isinstance(exc, NoSuchVisit):
        return _no_such_visit()
    if isinstance(exc, CannotAsk):
        status, detail = CANNOT_ASK[exc.why]
        return problem(status, f"cannot_ask_{exc.why}", detail)
    if exc.paused is None:
        detail = "The insurer gave no answer. The attempt is kept with the visit as evidence."
        return _later(problem(503, "no_answer", detail), RETRY_AFTER_S)
    detail = "Nothing was asked: questions are paused. That is kept with the visit as evidence."
    return _later(problem(503, "not_asked", detail, why=exc.paused), RETRY_AFTER_S)


def _not_admitted(exc: NoSuchVisit | AdmissionRefused | StillSending) -> Response:
    if isinstance(exc, NoSuchVisit):
        return _no_such_visit()
    if isinstance(exc, AdmissionRefused):
        status, detail = REFUSED[exc.why]
        return problem(status, f"admission_{exc.why}", detail)
    detail = "The visit is being sent just now. Call again in a few seconds."
    return _later(problem(409, "still_sending", detail), SENDING_RETRY_S)


def _no_such_visit() -> Response:
    return problem(*NO_VISIT)


def _later(response: Response, seconds: int) -> Response:
    response.headers["Retry-After"] = str(seconds)
    return response


def _answer_json(visit_id: str, answer: VisitAnswer, has_proposal: bool) -> dict[str, Any]:
    coverage, before = answer.coverage, answer.before
    return {
        "visit": visit_id,
        "as_of": coverage.as_of.isoformat(),
        "code": coverage.code,
        "standing": coverage.standing,
        "reason": answer.verdict.reason,
        "notes": list(answer.verdict.notes),
        "valid_from": coverage.valid_from and coverage.valid_from.isoformat(),
        "valid_until": coverage.valid_until and coverage.valid_until.isoformat(),
        "end_not_read": coverage.end_not_read,
        "facility": coverage.facility,
        "copaid_this_year_vnd": answer.copaid,
        "compared_with": before and before.as_of.isoformat(),
        "changes": [
            {
                "field": change.field,
                "before": change.before,
                "after": change.after,
                "since": change.since and change.since.isoformat(),
                "before_not_read": change.before_not_read,
                "after_not_read": change.after_not_read,
            }
            for change in answer.changes
        ],
        "words": both_languages(list(answer.changes)),
        "correction_proposed": has_proposal,
    }
