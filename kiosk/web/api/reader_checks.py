"""Reader checks over HTTP: the page that checks a reader asks, and the reader's scans are its own.

For as long as it asks, the desk does not hear that reader.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from kiosk.readers import SHEET, CheckEnded, Diagnosis, NoSuchReader, ReaderCheckups, ReaderSample
from kiosk.web.api.fields import is_line, json_object
from kiosk.web.problems import problem

MOST = 4_096  # characters of what was typed
LONGEST_GAP_MS = 60_000
KEYBOARD = "keyboard-"  # how the names of readers begin that type into a browser


KEYS = [code.key for code in SHEET]


def make_reader_checks(checkups: ReaderCheckups) -> Blueprint:
    """Return the blueprint of /api/reader-checks."""
    api = Blueprint("reader_checks", __name__, url_prefix="/api/reader-checks")

    @api.post("/look")
    def poll() -> ResponseReturnValue:
        """Begin or go on with a check, and take what the reader sent since."""
        try:
            return jsonify(_answer(checkups.poll(_reader(json_object()))))
        except CheckEnded:
            return problem(410, "check_over", "No code of the sheet came: the desk has the reader.")
        except NoSuchReader:
            return problem(404, "no_such_reader", "The settings name no such reader.")

    @api.post("/end")
    def end() -> ResponseReturnValue:
        """Give the reader back to the desk."""
        checkups.end(_reader(json_object()))
        return jsonify(_answer(None))

    @api.post("/typed")
    def typed() -> ResponseReturnValue:
        """Judge what a keyboard-type reader wrote into the page's field."""
        body = json_object()
        name, heard = _reader(body), _heard(body)
        if not name.startswith(KEYBOARD) or heard is None:
            return problem(400, "bad_request", f'"reader" is "{KEYBOARD}…"; "text", "places".')
        return jsonify(_answer(checkups.judge(name, heard)))

    @api.post("/not-read")
    def not_read() -> ResponseReturnValue:
        """Note that a reader does not read one of the codes."""
        body = json_object()
        name, code = _reader(body), body.get("code")
        is_reader = name.startswith(KEYBOARD) or checkups.knows(name)
        if not is_reader or code not in KEYS:
            return problem(400, "bad_request", f'"code" is one of {", ".join(KEYS)}.')
        return jsonify(_answer(checkups.note_not_read(name, code)))

    return api


def _reader(body: dict[str, Any]) -> str:
    name = body.get("reader")
    return str(name) if is_line(name) else ""


def _heard(body: dict[str, Any]) -> ReaderSample | None:
    match body:
        case {"text": str(text), "places": str(places)} if max(map(len, (text, places))) <= MOST:
            gap_ms = body.get("gap_ms")
            is_time = isinstance(gap_ms, float | int) and 0 <= gap_ms < LONGEST_GAP_MS
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
    found = [{"finding": one, "detail": detail} for one, detail in diagnosis.found]
    return {"code": diagnosis.code, "good": diagnosis.is_good, "found": found}
