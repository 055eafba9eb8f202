"""When two names stand for the same room: its case, its spaces and how it was typed may differ."""

from __future__ import annotations

import unicodedata


def room_key(name: str) -> str:
    """Return a name in the form in which two names of the same room are equal."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
