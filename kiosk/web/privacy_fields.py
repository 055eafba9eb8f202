"""Reads what people type on the pages about privacy: several lines of text, and past moments."""

from __future__ import annotations

from datetime import datetime

from kiosk.web.api.fields import BadField, FieldFault, read_moment
from verify import clean_line

MAX_TEXT = 2_000  # characters of a text of several lines


def read_text(value: object, name: str, is_required: bool = False) -> str:
    """Return a text of several lines, each cleaned; empty if nothing of it can be seen.

    Raises BadField if it is too long, holds signs that do not show, or is missing.
    """
    if not isinstance(value, str | None) or len(value or "") > 2 * MAX_TEXT:
        raise BadField(name, FieldFault.NOT_A_LINE)
    lines = [clean_line(line) for line in (value or "").replace("\r", "").split("\n")]
    text = "\n".join(lines).strip("\n")
    if len(text) > MAX_TEXT or not all(line.isprintable() for line in lines):
        raise BadField(name, FieldFault.NOT_A_LINE)
    if is_required and not text:
        raise BadField(name, FieldFault.MISSING)
    return text


def read_past(value: object, name: str, now: datetime) -> datetime | None:
    """Return a moment (aware) that is not in the future; None if the field is empty.

    Raises BadField if it cannot be read, or lies after `now`.
    """
    moment = read_moment(value, name)
    if moment is not None and moment > now:
        raise BadField(name, None, f'"{name}" must not be in the future.')
    return moment
