"""What a screen that everybody in the room can read may show of a patient.

A number and a room name nobody.  Initials are added only where the settings ask for them; nothing
else of a patient is ever shown (docs/decisions/0033-open-surfaces.md).
"""

from __future__ import annotations


def initials_of(holder: str | None) -> str:
    """Return the initials of a name as "N. V. A."; "" without a name.

    The given name is an initial too: written out, it would name a person whom others know.
    """
    words = [word for word in (holder or "").split() if word[0].isalpha()]
    return " ".join(f"{word[0].upper()}." for word in words)
