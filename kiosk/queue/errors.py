"""The errors that the queue raises.

KioskError
├── RoomsWrong    a list of rooms cannot be used; says which room and field, and why
└── RoomsChanged  somebody else saved the list of rooms after the caller looked at it
"""

from __future__ import annotations

from kiosk.errors import KioskError


class RoomsWrong(KioskError):
    """A list of rooms cannot be used.

    `place` is the position of the room (0: the first; None: not about one room), and `field` the
    name of the field that is wrong; empty: none in particular.
    """

    def __init__(self, why: str, place: int | None = None, field: str = "") -> None:
        at = "" if place is None else f"room {place + 1}: "
        super().__init__(f"{at}{field + ': ' if field else ''}{why}")
        self.place, self.field, self.why = place, field, why


class RoomsChanged(KioskError):
    """The list of rooms has another version now than the one that the caller looked at."""
