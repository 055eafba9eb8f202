"""Scans over HTTP: a call sends a payload and gets the verdict on it.

A payload is sent in a body, never in a URL, because URLs are logged.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from kiosk.desk import BirthRequired, Desk
from kiosk.logbook import Attempt, NoSuchAttempt
from kiosk.readers import scans_in
from kiosk.settings import Settings
from kiosk.staff import Askers, badge_in
from kiosk.web.api.answers import VerdictAnswer
from kiosk.web.api.bodies import HolderBody, ScanBody
from kiosk.web.api.calls import BYTES_TYPE, call
from kiosk.web.api.fields import BadField, FieldFault, read_born, read_line, read_person
from kiosk.web.callers import caller_here
from kiosk.web.pages.desks import author_here
from kiosk.web.problems import problem
from scanner import Scan
from verify import clinic_day, verdict_json

MAX_SCAN_BODY = 1024 * 1024  # bytes; a payload far too long for a card gets a verdict too


def make_scans(
    desk: Desk,
    clock: Callable[[], datetime],
    right_now: Callable[[], datetime],
    settings: Settings,
    askers: Askers,
) -> Blueprint:
    """Return the blueprint of /api/scans.

    `askers` learns who scans at the readers of pages.  `clock` returns the time now by our clock,
    and `right_now` by that of a witness while ours is wrong; both aware.
    """
    api = Blueprint("scans", __name__, url_prefix="/api")
    wired = frozenset(port.name for port in settings.readers)

    @api.post("/scans")
    @call(
        {200: VerdictAnswer},
        [(403, "reader_not_yours"), (422, "nothing_read"), (422, "staff_badge")],
        body=ScanBody,
        raw=BYTES_TYPE,
        max_bytes=MAX_SCAN_BODY,
    )
    def scan(body: dict[str, Any]) -> ResponseReturnValue:
        """Judge one payload, or record that there is no card.

        What a keyboard-type reader typed at once may be several scans, each with its line end: all
        are judged in their order, and the answer is about the last.
        """
        if request.mimetype == BYTES_TYPE:
            payload, reader = request.get_data(), "api"
        else:
            text, reader = body.get("payload"), read_line(body.get("reader", "api")) or ""
            if reader in wired and not _is_bound_to(reader):
                return problem(403, "reader_not_yours", "A reader of this machine has this name.")
            if caller_here().number is not None:
                askers.note(reader, author_here(settings))
            if not reader:
                raise BadField("reader", None, '"reader" must be one line of text.')
            if body.get("no_card") is True:
                return _answer(desk.record_no_card(reader))
            if text is None:
                raise BadField("payload", FieldFault.MISSING)
            payload = text.encode("utf-8", "surrogatepass")
        if badge_in(payload.decode("latin-1")):
            return problem(422, "staff_badge", "This is a badge of the staff: sign in with it.")
        attempts = [desk.receive(Scan(single, reader, clock())) for single in scans_in(payload)]
        return _answer(attempts[-1])

    @api.post("/scans/<int(max=999999999999):attempt_id>/holder")
    @call({200: VerdictAnswer}, [(404, "no_such_attempt")], body=HolderBody)
    def add_holder(body: dict[str, Any], attempt_id: int) -> ResponseReturnValue:
        """Add the holder's name and birth date to a card without a name, and judge it again."""
        return _with_holder(desk, body, attempt_id, right_now)

    return api


def _is_bound_to(reader: str) -> bool:
    """Return whether the caller is a program that may use the name of a wired reader."""
    token = caller_here().token
    return token is not None and token.reader == reader


def _with_holder(
    desk: Desk, body: dict[str, Any], attempt_id: int, right_now: Callable[[], datetime]
) -> ResponseReturnValue:
    holder = read_person(body.get("holder"), "holder")
    born = read_born(body.get("born"), "born", clinic_day(right_now()))
    if not holder:
        raise BadField("holder", FieldFault.MISSING)
    try:
        return _answer(desk.add_holder(attempt_id, holder, born))
    except BirthRequired:
        raise BadField("born", FieldFault.MISSING) from None
    except NoSuchAttempt:
        return problem(404, "no_such_attempt", "There is no attempt of this id with a card.")


def _answer(attempt: Attempt) -> Response:
    """Answer with `scan_json` of an attempt.

    The text of the verdict is the one in the logbook: writing it twice would take a tenth of the
    processor time of a scan.
    """
    text = f'{attempt.verdict_text[:-1]},"attempt":{attempt.id}}}'
    return Response(text, mimetype="application/json")


def scan_json(attempt: Attempt) -> dict[str, Any]:
    """Return the verdict of an attempt as JSON, with the id of the attempt."""
    return verdict_json(attempt.verdict) | {"attempt": attempt.id}
