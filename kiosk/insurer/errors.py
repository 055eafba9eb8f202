"""What asking and telling the insurer raises.

KioskError
└── InsurerError
    ├── InsurerUnreachable no answer, or none that can be read: try again later
    ├── NotSignedIn        the gateway does not know our account: it needs a person
    └── IncompleteVisit      a visit lacks what the insurer requires; names the fields
"""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.errors import KioskError


class InsurerError(KioskError):
    """The insurer could not be asked or told."""


class InsurerUnreachable(InsurerError):
    """No answer that can be read."""


class NotSignedIn(InsurerError):
    """The gateway refuses our account."""


class IncompleteVisit(InsurerError):
    """A visit lacks fields that the insurer requires."""

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__("missing or unusable: " + ", ".join(fields))
        self.fields = tuple(fields)
