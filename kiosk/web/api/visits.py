"""Visits over HTTP: confirm one, and list them with how the insurer took them."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from kiosk.desk import Confirmation, Desk, NothingToConfirm, ReasonRequired
from kiosk.errors import KioskError
from kiosk.insurer import ARRIVALS
from kiosk.logbook import KeyUsedBefore, NoSuchAttempt, Visit, Visits
from kiosk.web.api.fields import MAX_TEXT, is_line, json_object
from kiosk.web.api.referral import BadReferral, read_referral
from kiosk.web.problems import problem
from verify import CLINIC_ZONE, Birth, Sex

MAX_ID = 2**63 - 1  # of a row in SQLite
MAX_LIMIT = 500

# What the desk says no to: status, kind, and what to do.
PROBLEMS: dict[type[KioskError], tuple[int, str, str]] = {
    NoSuchAttempt: (404, "no_such_attempt", "There is no such attempt: scan again."),
    NothingToConfirm: (
        422,
        "nothing_to_confirm",
        "That scan holds no card: scan again, or name the patient and what was shown.",
    ),
    ReasonRequired: (
        422,
        "reason_wanted",
        'The verdict was desk: say why in "clerk_reason", or "arrival": "uninsured".',
    ),
    KeyUsedBefore: (409, "key_used_before", "The Idempotency-Key belongs to another visit."),
}


def make_visits(desk: Desk, visits: Visits) -> Blueprint:
    """Return the blueprint of /api/visits."""
    api = Blueprint("visits", __name__, url_prefix="/api")

    @api.post("/visits")
    def confirm() -> ResponseReturnValue:
        """Write a visit down; the same key or the same reading gives the same visit."""
        key = request.headers.get("Idempotency-Key", "")
        if not 1 <= len(key) <= MAX_TEXT:
            return problem(400, "bad_request", "The header Idempotency-Key is wanted.")
        body = json_object()
        attempt, said = body.get("attempt"), _confirmation(body)
        if isinstance(said, Response):
            return said
        if type(attempt) is not int or not 0 <= attempt <= MAX_ID:
            return problem(400, "bad_request", '"attempt" must be the id of a scan.')
        try:
            visit, is_new = desk.confirm(attempt, said, key)
        except tuple(PROBLEMS) as exc:
            return problem(*PROBLEMS[type(exc)])
        return jsonify(visit_json(visit)), 201 if is_new else 200

    @api.get("/visits")
    def list_visits() -> ResponseReturnValue:
        """Return visits, oldest first, and a cursor for those that follow."""
        args = request.args
        try:
            limit = min(max(int(args.get("limit", "50")), 1), MAX_LIMIT)
            since = _moment(args["since"]) if "since" in args else None
            after = _row(args["cursor"]) if "cursor" in args else 0
        except ValueError:
            return problem(400, "bad_request", "since, limit or cursor cannot be read.")
        found = visits.list_from(after, since, limit)
        cursor = _cursor(found[-1].row) if len(found) == limit else None
        return jsonify({"visits": [visit_json(visit) for visit in found], "cursor": cursor})

    return api


def visit_json(visit: Visit) -> dict[str, Any]:
    """Return a visit without anything of the person."""
    return {
        "id": visit.id,
        "ticket": visit.ticket,
        "arrived_at": visit.arrived_at.isoformat(),
        "outcome": visit.outcome,
        "insurer": {
            "state": visit.insurer_state,
            "transaction": visit.transaction_code,
            "message": visit.message,
        },
    }


def _confirmation(body: dict[str, Any]) -> Confirmation | Response:
    service = body.get("service") or ""
    code, name = (
        (service.get("code", ""), service.get("name", ""))
        if isinstance(service, dict)
        else (service, "")
    )
    said: dict[str, Any] = {"service_code": code, "service_name": name}
    for key in ("room", "arrival", "papers", "phone", "holder", "born", "sex", "clerk_reason"):
        value = body.get(key)
        said[key] = "" if value is None else value
    wrong = [key for key, value in said.items() if value != "" and not is_line(value)]
    if wrong:
        return problem(400, "bad_request", f'"{wrong[0]}" must be one line of text.')
    if said["arrival"] and said["arrival"] not in ARRIVALS:
        return problem(400, "bad_request", f'"arrival" is one of {", ".join(ARRIVALS)}.')
    try:
        said["born"] = Birth.from_iso(said["born"]) if said["born"] else None
    except ValueError as exc:
        return problem(400, "bad_request", f'"born": {exc}.')
    try:
        said["referral"], said["papers"] = read_referral(body.get("referral"), said["papers"])
    except BadReferral as exc:
        return problem(400, "bad_referral", str(exc))
    try:
        said["sex"] = Sex(said["sex"]) if said["sex"] else None
    except ValueError:
        return problem(400, "bad_request", '"sex" is "male" or "female".')
    text = {key: value.strip() for key, value in said.items() if type(value) is str}
    return Confirmation(**(said | text))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.replace(" ", "+"))  # a "+" in a query is a blank
    if not 1970 < moment.year < 9999:
        raise ValueError("a year that no visit was in")
    return moment if moment.tzinfo else moment.replace(tzinfo=CLINIC_ZONE)


def _cursor(row: int) -> str:
    return base64.urlsafe_b64encode(str(row).encode()).decode()


def _row(cursor: str) -> int:
    try:
        return min(int(base64.urlsafe_b64decode(cursor.encode())), MAX_ID)
    except (binascii.Error, UnicodeDecodeError) as exc:
        raise ValueError("not a cursor") from exc
