"""Reader checks over HTTP, for the page that checks a reader.

While that page asks, the scans of the reader belong to the check, and the desk does not get them.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from kiosk.readers import SHEET, CheckEnded, Diagnosis, NoSuchReader, ReaderCheckups, ReaderSample
from kiosk.web.api.fields import json_object, read_line
from kiosk.web.problems import problem

MAX_TYPED = 4_096  # characters
MAX_GAP_MS = 60_000  # between two keys
KEYBOARD_PREFIX = "keyboard-"  # of the names of readers that type into a browser
CODE_KEYS = [code.key for code in SHEET]


def make_reader_checks(checkups: ReaderCheckups) -> Blueprint:
    """Return the blueprint of /api/reader-checks."""
    api = Blueprint("reader_checks", __name__, url_prefix="/api/reader-checks")

    @api.post("/look")
    def look() -> ResponseReturnValue:
        """Start or continue a check, and return the diagnosis of what the reader sent."""
        try:
            return jsonify(_answer(checkups.poll(_reader(json_object()))))
        except CheckEnded:
            return problem(410, "check_over", "No code of the sheet came, so the check has ended.")
        except NoSuchReader:
            return problem(
                404, "no_such_reader", "There is no reader of this name in the settings."
            )

    @api.post("/end")
    def end() -> ResponseReturnValue:
        """Give the reader back to the desk."""
        checkups.end(_reader(json_object()))
        return jsonify(_answer(None))

    @api.post("/typed")
    def typed() -> ResponseReturnValue:
        """Diagnose what a keyboard-type reader typed into the field of the page."""
        body = json_object()
        name, sample = _reader(body), _sample(body)
        if not name.startswith(KEYBOARD_PREFIX) or sample is None:
            detail = (
                f'"reader" must begin with "{KEYBOARD_PREFIX}"; "text" and "places" must be text.'
            )
            return problem(400, "bad_request", detail)
        return jsonify(_answer(checkups.judge(name, sample)))

    @api.post("/not-read")
    def not_read() -> ResponseReturnValue:
        """Record that a reader does not read one of the codes."""
        body = json_object()
        name, code = _reader(body), body.get("code")
        is_reader = name.startswith(KEYBOARD_PREFIX) or checkups.knows(name)
        if not is_reader or code not in CODE_KEYS:
            detail = f'"reader" must be a reader, and "code" one of {", ".join(CODE_KEYS)}.'
            return problem(400, "bad_request", detail)
        return jsonify(_answer(checkups.note_not_read(name, code)))

    return api


def _reader(body: dict[str, Any]) -> str:
    name = body.get("reader")
    return str(name) if read_line(name) else ""  # unchanged, as the settings spell it


def _sample(body: dict[str, Any]) -> ReaderSample | None:
    match body:
        case {"text": str(text), "places": str(places)} if (
            max(map(len, (text, places))) <= MAX_TYPED
        ):
            gap_ms = body.get("gap_ms")
            is_time = isinstance(gap_ms, float | int) and 0 <= gap_ms < MAX_GAP_MS
            return ReaderSample(
                text.encode("utf-8", "replace"),
                places=places,
                gap_ms=gap_ms if is_time else None,
                alt_codes=body.get("alt_codes") is True,
            )
    return None


def _answer(diagnosis: Diagnosis | None) -> dict[str, Any]:
    if diagnosis is None:
        return {"found": None}
    found = [{"finding": finding, "detail": detail} for finding, detail in diagnosis.found]
    return {"code": diagnosis.code, "good": diagnosis.is_good, "found": found}
