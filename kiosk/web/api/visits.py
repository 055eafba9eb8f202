"""Visits over HTTP: confirm a visit, and list visits with their state at the insurer."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from flask import Blueprint, jsonify, request
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
    LogbookUnavailable,
    NoSuchAttempt,
    NoSuchTicket,
    NotRecorded,
    PresentedAs,
    Priority,
    ReadingUsedBefore,
    Visit,
    Visits,
    inform_by,
    owned_key,
)
from kiosk.queue import RoomList, RoomsFile
from kiosk.settings import Settings
from kiosk.tickets import TicketPrinting
from kiosk.web.api.answers import OutcomeAnswer, RecordedVisitAnswer, VisitsAnswer
from kiosk.web.api.approvals import APPROVAL_KINDS, Within, approval_here
from kiosk.web.api.bodies import OutcomeBody, VisitBody, VisitsQuery
from kiosk.web.api.calls import Header, call, kinds_of
from kiosk.web.api.fields import (
    MAX_ID,
    MAX_TEXT,
    BadField,
    FieldFault,
    read_born,
    read_field,
    read_person,
    read_phone,
    read_typed_time,
)
from kiosk.web.api.identity_fields import read_temporary_code, read_unknown
from kiosk.web.api.people import read_appointment, read_choice, read_guardian, read_numbers
from kiosk.web.api.referral import read_referral
from kiosk.web.callers import caller_here
from kiosk.web.language import MASK, masked
from kiosk.web.pages.desks import author_here, chosen_desk
from kiosk.web.pages.family import guardian_from
from kiosk.web.problems import problem
from verify import CLINIC_ZONE, Sex, clinic_day

log = logging.getLogger(__name__)

MAX_LIMIT = 500  # visits in one answer
KEY = Header("Idempotency-Key", f"1 to {MAX_TEXT} characters", MAX_TEXT)

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
    desk: Desk,
    visits: Visits,
    rooms: RoomsFile,
    printing: TicketPrinting,
    settings: Settings,
    right_now: Callable[[], datetime],
) -> Blueprint:
    """Return the blueprint of /api/visits.

    `right_now` returns the time now by our clock, or that of a witness while ours is wrong; aware.
    """
    api = Blueprint("visits", __name__, url_prefix="/api")

    @api.post("/visits")
    @call(
        {200: RecordedVisitAnswer, 201: RecordedVisitAnswer},
        [(400, "bad_referral"), (409, "already_here"), *APPROVAL_KINDS, *kinds_of(PROBLEMS)],
        body=VisitBody,
        headers=(KEY,),
    )
    def confirm(body: dict[str, Any]) -> ResponseReturnValue:
        """Record a visit; the same key or the same reading gives the same visit.

        It does so also if the room has been closed since.
        """
        key, attempt = _key(), body["attempt"]
        try:
            is_repeated = desk.recorded(attempt, key) is not None
            body["room_listed"] = bool(body.get("room_listed")) and not is_repeated
            _unmask_guardian(body, desk, visits, right_now())
            today, author = clinic_day(right_now()), author_here(settings)
            confirmation = _confirmation(body, author, settings, rooms.read(), today)
            approve = _approval(body, attempt)
            visit, is_new = desk.confirm(attempt, confirmation, key, approve)
        except AlreadyHere as exc:
            detail = 'The person has a visit today: send "repeat_reason" for a second one.'
            return problem(409, "already_here", detail, visit=exc.visit_id, desk=exc.desk or None)
        except tuple(PROBLEMS) as exc:
            return problem(*PROBLEMS[type(exc)])
        _print(printing, visit, settings, is_new and body.get("print") is not False)
        return jsonify(_recorded(visits, visit)), 201 if is_new else 200

    @api.post("/visits/outcome")
    @call(
        {200: OutcomeAnswer},
        [(404, "no_such_attempt")],
        body=OutcomeBody,
        may_be_empty=True,
        headers=(KEY,),
    )
    def outcome(body: dict[str, Any]) -> ResponseReturnValue:
        """Say what became of a call whose answer was lost.

        If nothing was recorded under its key, nothing will be: the key is closed.
        """
        try:
            visit = desk.outcome(_key(), body.get("attempt"))
        except NoSuchAttempt as exc:
            return problem(*PROBLEMS[type(exc)])
        return jsonify({"visit": _recorded(visits, visit) if visit else None})

    @api.get("/visits")
    @call({200: VisitsAnswer}, query=VisitsQuery)
    def list_visits(query: dict[str, Any]) -> ResponseReturnValue:
        """Return visits, oldest first, and a cursor for the visits that follow."""
        limit = min(max(query["limit"], 1), MAX_LIMIT)
        since = _moment(query["since"]) if query["since"] is not None else None
        after = _row_of(query["cursor"]) if query["cursor"] is not None else 0
        found = visits.list_from(after, since, limit)
        cursor = _cursor(found[-1].row) if len(found) == limit else None
        return jsonify({"visits": [visit_json(visit) for visit in found], "cursor": cursor})

    return api


def _unmask_guardian(body: dict[str, Any], desk: Desk, visits: Visits, now: datetime) -> None:
    """Put the whole number of a guardian in place of a masked one, which the page filled in.

    `number_of` is the reading of the guardian's own card, or of a child whom they brought.  Raises
    BadField if the masked number is another one, and NoSuchAttempt.
    """
    guardian = body.get("guardian")
    if not isinstance(guardian, dict):
        return
    reading, number = guardian.pop("number_of", None), guardian.get("number")
    if reading is None or not isinstance(number, str) or MASK not in number:
        return
    visit, card = visits.by_reading(reading), desk.card_of(reading)
    known = [card.personal_id if card else None, guardian_from(visit, now).number if visit else ""]
    whole = next((each for each in known if each and masked(each) == number), None)
    if whole is None:
        raise BadField("guardian.number", None, '"guardian.number" must be a whole number.')
    guardian["number"] = whole


def _approval(body: dict[str, Any], attempt: int) -> Within | None:
    """Return what uses up the approval of an admission with a reason, where the site wants one.

    Raises NotApproved, TooManyTries and PinNotHere.
    """
    has_reason = bool(body.get("clerk_reason"))
    return approval_here("POST", "visits.confirm", str(attempt)) if has_reason else None


def _print(printing: TicketPrinting, visit: Visit, settings: Settings, is_due: bool) -> None:
    """Put the ticket of a visit in for printing. The visit is recorded, whatever happens."""
    if not is_due:
        return
    try:
        printing.ask([visit.ticket_id], chosen_desk(settings), author_here(settings))
    except (LogbookUnavailable, NoSuchTicket, NotRecorded) as exc:
        log.error("a ticket could not be queued for printing: %s", exc)


def _recorded(visits: Visits, visit: Visit) -> dict[str, Any]:
    """Return the answer to a call that recorded a visit. It is recorded, whatever happens."""
    try:
        earlier = earlier_use_json(visits, visit)
    except LogbookUnavailable as exc:
        log.error("an earlier use of an appointment slip was not looked up: %s", exc)
        earlier = None
    return visit_json(visit) | {"appointment_used_before": earlier}


def _key() -> str:
    """Return the idempotency key of a call, which belongs to the program that calls."""
    token = caller_here().token
    return owned_key(token.name if token else "", request.headers[KEY.name])


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
        "ticket_label": visit.ticket_label,
        "room": visit.service.room,
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


def _confirmation(
    body: dict[str, Any], author: str, settings: Settings, rooms: RoomList, today: date
) -> Confirmation:
    """Return what a call by `author` confirms on the day `today`.

    A room of `rooms` is called by its name there; without a service the patient comes for the
    first one of the room.  With `room_listed` the room must be open, as the desk's page asks.

    Raises BadField if a field of it cannot be read.
    """
    service = body.get("service") or ""
    code, name = (
        (service.get("code", ""), service.get("name", ""))
        if isinstance(service, dict)
        else (service, "")
    )
    typed_room = read_field(body.get("room"), "room")
    room = rooms.find(typed_room) if typed_room else rooms.usual(settings.visit.room)
    if body.get("room_listed") and typed_room and (room is None or not room.open):
        raise BadField("room", FieldFault.NO_ROOM)
    if not code and not name and room is not None and room.services:
        code, name = room.services[0].code, room.services[0].name
    arrival, sex = read_field(body.get("arrival"), "arrival"), read_field(body.get("sex"), "sex")
    if arrival and arrival not in ARRIVALS:
        raise BadField("arrival", None, f'"arrival" must be one of {", ".join(ARRIVALS)}.')
    if sex and sex not in list(Sex):
        raise BadField("sex", None, f'"sex" must be one of {", ".join(Sex)}.')
    papers = read_field(body.get("papers"), "papers")
    referral, papers = read_referral(body.get("referral"), papers)
    return Confirmation(
        service_code=read_field(code, "service"),
        service_name=read_field(name, "service"),
        room=room.name if room else typed_room,
        arrival=arrival,
        referral=referral,
        papers=papers,
        phone=read_phone(body.get("phone"), "phone"),
        holder=read_person(body.get("holder"), "holder"),
        born=read_born(body.get("born"), "born", today),
        sex=Sex(sex) if sex else None,
        clerk_reason=read_field(body.get("clerk_reason"), "clerk_reason"),
        author=author,
        repeat_reason=read_field(body.get("repeat_reason"), "repeat_reason"),
        secret=body.get("secret") is True,
        unknown=read_unknown(body.get("unknown")),
        temporary_code=read_temporary_code(body.get("temporary_code"), "temporary_code"),
        presented_as=read_choice(body.get("presented_as"), "presented_as", PresentedAs),
        identified_by=read_choice(body.get("identified_by"), "identified_by", IdentifiedBy),
        numbers=read_numbers(body.get("numbers")),
        appointment=read_appointment(body.get("appointment"), settings.facility),
        guardian=read_guardian(body.get("guardian")),
        priority=read_choice(body.get("priority"), "priority", Priority),
        birth_time=read_typed_time(body.get("birth_time"), "birth_time"),
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # a query turns "+" into a blank
    except ValueError:
        moment = datetime.min
    if not 1970 < moment.year < 9999:
        raise BadField("since", FieldFault.NOT_A_DATE)
    return moment if moment.tzinfo else moment.replace(tzinfo=CLINIC_ZONE)


def _cursor(row: int) -> str:
    return base64.urlsafe_b64encode(str(row).encode()).decode()


def _row_of(cursor: str) -> int:
    try:
        return min(int(base64.urlsafe_b64decode(cursor.encode())), MAX_ID)
    except (binascii.Error, ValueError):
        raise BadField("cursor", None, '"cursor" must be that of a page before.') from None
