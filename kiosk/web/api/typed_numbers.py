"""Help over HTTP with a number that a clerk is typing, character by character.

The number is sent in a body, never in a URL, and it is not stored.
"""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from kiosk.web.api.fields import json_object
from verify import TypingHelp, typing_help


def make_typed_numbers() -> Blueprint:
    """Return the blueprint of /api/numbers."""
    api = Blueprint("typed_numbers", __name__, url_prefix="/api/numbers")

    @api.post("/help")
    def explain() -> ResponseReturnValue:
        """Say what the typed text is going to be; `help` is null if it is not a number."""
        text = json_object().get("text")
        found = typing_help(text) if isinstance(text, str) else None
        return jsonify({"help": typing_help_json(found) if found else None})

    return api


def typing_help_json(found: TypingHelp) -> dict[str, object]:
    """Return the help as JSON."""
    return {
        "kind": found.kind,
        "length": found.length,
        "expected": found.expected,
        "missing": found.missing,
        "groups": found.groups,
        "faults": [
            {"place": fault.place, "at": fault.at, "fault": fault.fault, "instead": fault.instead}
            for fault in found.faults
        ],
        "zero_lost": found.zero_lost,
        "is_whole": found.is_whole,
    }
