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
from kiosk.web.api.fields import (
    BadField,
    FieldFault,
    json_object,
    read_line,
    read_person,
    read_typed_date,
)
from kiosk.web.problems import field_problem, problem
from scanner import Scan
from verify import verdict_json

MAX_SCAN_BODY = 1024 * 1024  # bytes; a payload far too long for a card gets a verdict too


def make_scans(desk: Desk, clock: Callable[[], datetime]) -> Blueprint:
    """Return the blueprint of /api/scans."""
    api = Blueprint("scans", __name__, url_prefix="/api")

    @api.post("/scans")
    def scan() -> ResponseReturnValue:
        """Judge one payload, or record that there is no card.

        What a keyboard-type reader typed at once may be several scans, each with its line end: all
        are judged in their order, and the answer is about the last.
        """
        if (request.content_length or 0) > MAX_SCAN_BODY:
            return problem(413, "too_large", f"A scan has at most {MAX_SCAN_BODY} bytes.")
        if request.mimetype == "application/octet-stream":
            payload, reader = request.get_data(), "api"
        else:
            body = json_object()
            text, reader = body.get("payload"), read_line(body.get("reader", "api")) or ""
            if body.get("no_card") is True and reader:
                return _answer(desk.record_no_card(reader))
            if not isinstance(text, str) or not reader:
                return problem(400, "bad_request", '"payload" and "reader" must be text.')
            payload = text.encode("utf-8", "surrogatepass")
        attempts = [desk.receive(Scan(single, reader, clock())) for single in scans_in(payload)]
        return _answer(attempts[-1])

    @api.post("/scans/<int(max=999999999999):attempt_id>/holder")
    def add_holder(attempt_id: int) -> ResponseReturnValue:
        """Add the holder's name and birth date to a card without a name, and judge it again."""
        return _with_holder(desk, attempt_id)

    return api


def _with_holder(desk: Desk, attempt_id: int) -> ResponseReturnValue:
    body = json_object()
    try:
        holder, born = (
            read_person(body.get("holder"), "holder"),
            read_typed_date(body.get("born"), "born"),
        )
        if not holder:
            raise BadField("holder", FieldFault.MISSING)
        return _answer(desk.add_holder(attempt_id, holder, born))
    except BadField as exc:
        return field_problem(exc)
    except BirthRequired:
        return field_problem(BadField("born", FieldFault.MISSING))
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
