"""The errors of verification.

VerifyError
├── BadCard             no card could be read from the payload; carries its Reason
├── UnknownIssuer       signed with a key that is not held here: counts as an unsigned card
├── BadSignature        the named key did not sign these bytes
├── KeyWithdrawn        the signature is good, but its key is no longer trusted
├── CardRevoked         the signature is good, but the issuer has taken the card back
├── NotLive             a picture of a card that lives in a phone; carries its Reason
├── CoverageUnreadable  coverage is stored here but cannot be read
├── BadKeys             a file of keys or of revocations is malformed
├── BadTable            a table of the law is malformed
└── BadCase             a case to be explained is malformed

`judge` turns the first seven into verdicts, so none of them leaves it.
Messages name sizes, counts and key ids, never a payload, a name or a number.
"""

from __future__ import annotations

from verify.card import Card
from verify.reason import Reason


class VerifyError(Exception):
    """The root of this package's errors."""


class BadCard(VerifyError):
    """No card could be read. `reason` is the Reason of the verdict.

    `offer` is a card that may have been meant, for a person to compare; it is never trusted.
    `found` is the payload's true format if only its content shows it.
    """

    def __init__(
        self, reason: Reason, message: str, offer: Card | None = None, found: str | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.offer = offer
        self.found = found


class UnknownIssuer(VerifyError):
    """The signing key is not held here."""


class BadSignature(VerifyError):
    """The signature is wrong, or its key may not sign this card."""


class KeyWithdrawn(VerifyError):
    """The issuer has withdrawn the key that signed."""


class CardRevoked(VerifyError):
    """The issuer has taken the card back."""


class NotLive(VerifyError):
    """The card is bound to a phone, but this is not what the phone shows now.

    The phone's signature is missing, too old or too new, or it was presented here before.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CoverageUnreadable(VerifyError):
    """The stored coverage cannot be read. `damaged` means that waiting does not help."""

    def __init__(self, message: str, damaged: bool = False) -> None:
        super().__init__(message)
        self.damaged = damaged


class BadKeys(VerifyError):
    """A file of keys or of revocations is malformed."""


class BadTable(VerifyError):
    """A table of the law is malformed, or does not fit the others."""


class BadCase(VerifyError):
    """A case to be explained is incomplete or contradicts itself. `key` is the faulty key."""

    def __init__(self, detail: str, key: str = "") -> None:
        super().__init__(detail)
        self.key = key
