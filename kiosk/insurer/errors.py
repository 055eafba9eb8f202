"""The errors that calls to the insurer raise.

KioskError
└── InsurerError
    ├── InsurerUnreachable  no answer, or none that can be read: try again later
    ├── NotSignedIn         the gateway refuses our account: a person has to act
    ├── IncompleteVisit     a visit lacks what the insurer requires; names the fields
    └── CannotSign          a document cannot be signed now: it is not sent; a person has to act
"""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.errors import KioskError


class InsurerError(KioskError):
    """A call to the insurer did not succeed, or could not be made.

    `http_status` is that of the answer, None if there was no HTTP answer or a readable one.
    """

    def __init__(self, message: str = "", http_status: int | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status


class InsurerUnreachable(InsurerError):
    """The gateway gave no answer that can be read."""


class NotSignedIn(InsurerError):
    """The gateway refuses our account."""


class IncompleteVisit(InsurerError):
    """A visit lacks fields that the insurer requires, or has unusable ones."""

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__("missing or unusable: " + ", ".join(fields))
        self.fields = tuple(fields)  # names of XML0 elements


class CannotSign(InsurerError):
    """A document cannot be signed with the facility's key now."""

    def __init__(self, trouble: str, detail: str = "") -> None:
        super().__init__(f"not signed: {trouble}" + (f" ({detail})" if detail else ""))
        self.trouble = trouble  # a value of `kiosk.insurer.certificate.SigningTrouble`
