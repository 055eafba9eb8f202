"""What other programs send: objects, and single lines of text."""

from __future__ import annotations

from typing import Any

from flask import request

MAX_TEXT = 200  # characters of what a clerk types


def json_object() -> dict[str, Any]:
    """Return the request's JSON object; an empty one where there is none."""
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # nested beyond measure
        return {}
    return body if isinstance(body, dict) else {}


def is_line(value: object) -> bool:
    """Tell whether a value is one line of text, not empty and not too long."""
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()
