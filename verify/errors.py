"""What verification raises; nothing of this leaves `judge`.

VerifyError
├── BadCard            no card could be read from the payload; carries its Reason
├── UnknownIssuer      signed, by a key that is not held: its word counts as an unsigned card's
├── BadSignature       the key that is named did not sign these bytes
├── KeyWithdrawn       the signature holds, but its key is no longer to be believed
├── CardRevoked        the signature holds, but its issuer has taken the card back
├── NotLive            the card lives in a phone, and this is a picture of it; carries its Reason
├── CoverageUnreadable    what the insurer said is on disk but cannot be read
└── BadKeys            a key file is not what it should be

Messages name sizes, counts and key ids; never a payload, a name or a number.
"""

from __future__ import annotations

from verify.card import Card
from verify.reason import Reason


class VerifyError(Exception):
    """Anything this package finds wrong."""


class BadCard(VerifyError):
    """No card could be read; `reason` says what the person at the desk is told.

    `offer` is what may have been meant, for a person to compare: it is never believed.  `found`
    names what it is instead, where that is known only from its inside.
    """

    def __init__(
        self, reason: Reason, message: str, offer: Card | None = None, found: str | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.offer = offer
        self.found = found


class UnknownIssuer(VerifyError):
    """The signing key is not held."""


class BadSignature(VerifyError):
    """The signature does not hold."""


class KeyWithdrawn(VerifyError):
    """The issuer has withdrawn the key that signed."""


class CardRevoked(VerifyError):
    """The issuer has taken the card back."""


class NotLive(VerifyError):
    """The card is bound to a phone, which did not sign it just now, or signed it for before."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CoverageUnreadable(VerifyError):
    """The remembered coverage cannot be read; `damaged` where waiting does not help."""

    def __init__(self, message: str, damaged: bool = False) -> None:
        super().__init__(message)
        self.damaged = damaged


class BadKeys(VerifyError):
    """A key file is malformed."""


class BadTable(VerifyError):
    """A table of the law is malformed, or does not fit the others."""


class BadCase(VerifyError):
    """A case to be explained lacks something, or says what cannot be meant; `key` is where."""

    def __init__(self, detail: str, key: str = "") -> None:
        super().__init__(detail)
        self.key = key
