"""Text of the logbook that is no UTF-8 any more.

SQLite gives back the bytes that are stored.  Python's own reading of them ends a whole query at the
first that are no UTF-8, so one damaged row would take all others along.  Here such a text comes
back marked, with U+FFFD in the place of what cannot be read: whoever needs the whole text sees that
it is not whole.
"""

from __future__ import annotations


class DamagedText(str):
    """A text of which bytes cannot be read; they are shown as U+FFFD."""

    __slots__ = ()


def whole_text(stored: str) -> str:
    """Return a stored text. Raises ValueError if it is not whole."""
    if isinstance(stored, DamagedText):
        raise ValueError("it is no UTF-8")
    return stored


def as_text(stored: bytes) -> str:
    """Return a stored text; DamagedText if it is no UTF-8. The `text_factory` of a connection."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return DamagedText(stored.decode(errors="replace"))
