"""Visits over HTTP: confirm a visit, and list visits with their state at the insurer."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from kiosk.desk import (
    Confirmation,
    Desk,
    NoTemporaryCode,
    NothingToConfirm,
    PatientIsKnown,
    ReasonRequired,
)
from kiosk.errors import KioskError
from kiosk.insurer import ARRIVALS
from kiosk.logbook import (
    AlreadyHere,
    IdentifiedBy,
    KeyClosed,
    KeyUsedBefore,
    NoSuchAttempt,
    PresentedAs,
    ReadingUsedBefore,
    Visit,
    Visits,
    inform_by,
)
from kiosk.settings import Facility, Settings
from kiosk.web.api.fields import (
    MAX_ID,
    MAX_TEXT,
    BadField,
    json_object,
    read_field,
    read_person,
    read_typed_date,
    read_typed_time,
)
from kiosk.web.api.identity_fields import read_temporary_code, read_unknown
from kiosk.web.api.people import read_appointment, read_choice, read_guardian, read_numbers
from kiosk.web.api.referral import BadReferral, read_referral
from kiosk.web.pages.desks import author_here
from kiosk.web.problems import field_problem, problem
from verify import CLINIC_ZONE, Sex

MAX_LIMIT = 500  # visits in one answer

# The answers to what the desk does not do: status, kind, and what the caller can do.
PROBLEMS: dict[type[KioskError], tuple[int, str, str]] = {
    NoSuchAttempt: (404, "no_such_attempt", "There is no attempt of this id: scan again."),
    NothingToConfirm: (
        422,
        "nothing_to_confirm",
        'The scan holds no card: scan again, or send "holder", "born" and "papers".',
    ),
    ReasonRequired: (
        422,
        "reason_wanted",
        'The outcome is desk: send "clerk_reason", or "arrival": "uninsured".',
    ),
    PatientIsKnown: (
        422,
        "patient_known",
        'A card or "holder" says who the patient is: leave out "unknown".',
    ),
    NoTemporaryCode: (
        422,
        "no_temporary_code",
        "Only a newborn, a child under six or a donor without a card, who is insured,"
        " has a temporary number.",
    ),
    KeyUsedBefore: (409, "key_used_before", "The Idempotency-Key belongs to another visit."),
    KeyClosed: (
        409,
        "key_closed",
        "Nothing is recorded under this key: use a new one.",
    ),
    ReadingUsedBefore: (
        409,
        "attempt_used_before",
        "The card of this attempt was presented for another visit: scan it again.",
    ),
}


def make_visits(
    desk: Desk, visits: Visits, settings: Settings, clock: Callable[[], datetime]
) -> Blueprint:
    """Return the blueprint of /api/visits."""
    api = Blueprint("visits", __name__, url_prefix="/api")

    @api.post("/visits")
    def confirm() -> ResponseReturnValue:
        """Record a visit; the same key or the same reading gives the same visit."""
        key = _key()
        body = json_object()
        attempt = body.get("attempt")
        try:
            confirmation = _confirmation(body, author_here(settings), settings.facility)
        except BadReferral as exc:
            return field_problem(exc, "bad_referral")
        except BadField as exc:
            return field_problem(exc)
        if type(attempt) is not int or not 0 <= attempt <= MAX_ID:
            return problem(400, "bad_request", '"attempt" must be the id of a scan.')
        try:
            visit, is_new = desk.confirm(attempt, confirmation, key)
        except AlreadyHere as exc:
            detail = 'The person has a visit today: send "repeat_reason" for a second one.'
            return problem(409, "already_here", detail, visit=exc.visit_id)
        except tuple(PROBLEMS) as exc:
            return problem(*PROBLEMS[type(exc)])
        return jsonify(_recorded(visits, visit)), 201 if is_new else 200

    @api.post("/visits/outcome")
    def outcome() -> ResponseReturnValue:
        """Say what became of a call whose answer was lost, by its key.

        If nothing was recorded under the key, nothing will be: it is closed.
        """
        visit = visits.close_key(_key(), clock())
        return jsonify({"visit": _recorded(visits, visit) if visit else None})

    @api.get("/visits")
    def list_visits() -> ResponseReturnValue:
        """Return visits, oldest first, and a cursor for the visits that follow."""
        args = request.args
        try:
            limit = min(max(int(args.get("limit", "50")), 1), MAX_LIMIT)
            since = _moment(args["since"]) if "since" in args else None
            after = _row_of(args["cursor"]) if "cursor" in args else 0
        except ValueError:
            return problem(400, "bad_request", '"since", "limit" or "cursor" cannot be read.')
        found = visits.list_from(after, since, limit)
        cursor = _cursor(found[-1].row) if len(found) == limit else None
        return jsonify({"visits": [visit_json(visit) for visit in found], "cursor": cursor})

    return api


def _recorded(visits: Visits, visit: Visit) -> dict[str, Any]:
    """Return the answer to a call that recorded a visit."""
    return visit_json(visit) | {"appointment_used_before": earlier_use_json(visits, visit)}


def _key() -> str:
    """Return the idempotency key of a call. Answers 400 if it is missing or too long."""
    key = request.headers.get("Idempotency-Key", "")
    if not 1 <= len(key) <= MAX_TEXT:
        abort(400, f"The header Idempotency-Key must have 1 to {MAX_TEXT} characters.")
    return key


def visit_json(visit: Visit) -> dict[str, Any]:
    """Return a visit as JSON, without any personal data.

    An unknown patient's visit has the member `unknown`.
    """
    unknown = visit.unknown and {
        "code": visit.unknown.code,
        "inform_commune_by": inform_by(visit).isoformat(),
    }
    return {
        "id": visit.id,
        "ticket": visit.ticket,
        "arrived_at": visit.arrived_at.isoformat(),
        "outcome": visit.outcome,
        "secret": visit.secret,
        "presented_as": visit.how.presented_as,
        "presented_at": visit.how.presented_at and visit.how.presented_at.isoformat(),
        "identified_by": visit.how.identified_by,
        "insurer": {
            "state": visit.insurer_state,
            "transaction": visit.transaction_code,
            "message": visit.message,
        },
    } | ({"unknown": unknown} if unknown else {})


def earlier_use_json(visits: Visits, visit: Visit) -> dict[str, Any] | None:
    """Return the earlier visit with the same appointment slip, without personal data.

    None if there is no such visit.
    """
    earlier = visits.earlier_use(visit)
    if earlier is None:
        return None
    return {"visit": earlier.id, "arrived_at": earlier.arrived_at.isoformat()}


def _confirmation(body: dict[str, Any], author: str, here: Facility) -> Confirmation:
    """Return what a call by `author` at our facility, `here`, confirms.

    Raises BadField if a field of it cannot be read.
    """
    service = body.get("service") or ""
    code, name = (
        (service.get("code", ""), service.get("name", ""))
        if isinstance(service, dict)
        else (service, "")
    )
    arrival, sex = read_field(body.get("arrival"), "arrival"), read_field(body.get("sex"), "sex")
    if arrival and arrival not in ARRIVALS:
        raise BadField("arrival", None, f'"arrival" must be one of {", ".join(ARRIVALS)}.')
    if sex and sex not in list(Sex):
        raise BadField("sex", None, f'"sex" must be one of {", ".join(Sex)}.')
    secret = body.get("secret")
    if not (secret is None or isinstance(secret, bool)):
        raise BadField("secret", None, '"secret" must be true or false.')
    papers = read_field(body.get("papers"), "papers")
    referral, papers = read_referral(body.get("referral"), papers)
    return Confirmation(
        service_code=read_field(code, "service"),
        service_name=read_field(name, "service"),
        room=read_field(body.get("room"), "room"),
        arrival=arrival,
        referral=referral,
        papers=papers,
        phone=read_field(body.get("phone"), "phone"),
        holder=read_person(body.get("holder"), "holder"),
        born=read_typed_date(body.get("born"), "born"),
        sex=Sex(sex) if sex else None,
        clerk_reason=read_field(body.get("clerk_reason"), "clerk_reason"),
        author=author,
        repeat_reason=read_field(body.get("repeat_reason"), "repeat_reason"),
        secret=bool(secret),
        unknown=read_unknown(body.get("unknown")),
        temporary_code=read_temporary_code(body.get("temporary_code"), "temporary_code"),
        presented_as=read_choice(body.get("presented_as"), "presented_as", PresentedAs),
        identified_by=read_choice(body.get("identified_by"), "identified_by", IdentifiedBy),
        numbers=read_numbers(body.get("numbers")),
        appointment=read_appointment(body.get("appointment"), here),
        guardian=read_guardian(body.get("guardian")),
        birth_time=read_typed_time(body.get("birth_time"), "birth_time"),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.replace(" ", "+"))  # a query turns "+" into a blank
    if not 1970 < moment.year < 9999:
        raise ValueError("no visit was in that year")
    return moment if moment.tzinfo else moment.replace(tzinfo=CLINIC_ZONE)


def _cursor(row: int) -> str:
    return base64.urlsafe_b64encode(str(row).encode()).decode()


def _row_of(cursor: str) -> int:
    try:
        return min(int(base64.urlsafe_b64decode(cursor.encode())), MAX_ID)
    except (binascii.Error, UnicodeDecodeError) as exc:
        raise ValueError("not a cursor") from exc
