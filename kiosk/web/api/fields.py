"""Reads what other programs send: JSON objects, and single lines of text."""

from __future__ import annotations

from typing import Any

from flask import request

MAX_TEXT = 200  # characters of one line of text


def json_object() -> dict[str, Any]:
    """Return the JSON object of the request; an empty one if the body is anything else."""
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # the JSON is nested too deeply
        return {}
    return body if isinstance(body, dict) else {}


def is_line(value: object) -> bool:
    """Return whether a value is one line of text of 1 to MAX_TEXT printable characters."""
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()
