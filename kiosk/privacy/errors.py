"""The errors of this room.

KioskError
├── NoSuchRequest     no request has this id
├── NoSuchBreach      no breach has this id
├── NotTheSame        somebody else changed it after the caller looked at it
└── NothingHeld       nothing in the logbook is about such a person
"""

from __future__ import annotations

from kiosk.errors import KioskError


class NoSuchRequest(KioskError):
    """No request of a person has this id."""


class NoSuchBreach(KioskError):
    """No breach has this id."""


class NotTheSame(KioskError):
    """Another version was looked at: look again first."""


class NothingHeld(KioskError):
    """Nothing that is kept is about such a person."""
