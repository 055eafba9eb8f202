"""The facility's certificate, and what can be wrong with signing. Pure: it reads no file or device.

- What is sent to the insurer is signed with a certificate that is registered at its portal, since
  1 January 2026 at the latest: NĐ 188/2025/NĐ-CP Điều 69 khoản 9, TT 12/2026/TT-BTC Điều 2 khoản 2.
- That the check-in file is meant too is known from secondary sources only.
- A certificate that has ended, or is not valid yet, signs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import Certificate

from kiosk.insurer.errors import CannotSign

WARN_BEFORE_END = timedelta(days=30)
# "No end" is written as the last second of 9999 (RFC 5280 §4.1.2.5), which no time zone can show.
LATEST_END = datetime(9999, 1, 1, tzinfo=UTC)


class SigningTrouble(StrEnum):
    """What is wrong with the signature of what is sent. Part of the HTTP contract."""

    UNSIGNED = "unsigned"  # no certificate is configured: visits are sent without a signature
    ENDING = "ending"  # the certificate ends within WARN_BEFORE_END; it still signs
    ENDED = "ended"
    NOT_YET_VALID = "not_yet_valid"
    KEY_FILE = "key_file"  # the file cannot be read, is no PKCS#12, or has another password
    KEY_KIND = "key_kind"  # neither RSA nor an elliptic curve
    MISMATCH = "mismatch"  # the certificate does not belong to the key
    MODULE = "module"  # the token's driver cannot be loaded
    TOKEN_ABSENT = "token_absent"
    TOKEN_TWICE = "token_twice"  # several tokens fit the setting
    TOKEN_KEY = "token_key"  # the token has no such key and certificate, or several
    PIN = "pin"  # the token refused the PIN, or has only one try left; it is not tried again
    FAILED = "failed"  # the key did not sign, or its signature proved wrong


# With these a visit is sent nevertheless; with all others it waits.
SENDING_GOES_ON = (None, SigningTrouble.UNSIGNED, SigningTrouble.ENDING)


@dataclass(frozen=True, slots=True)
class SignatureState:
    """How what is sent is signed: what is wrong if anything is, and the certificate if known."""

    trouble: SigningTrouble | None = None
    serial: str | None = None  # of the certificate, in hexadecimal
    ends: datetime | None = None  # of the certificate; aware

    @property
    def is_holding(self) -> bool:
        """Whether visits wait until the trouble is over."""
        return self.trouble not in SENDING_GOES_ON

    def as_json(self) -> dict[str, object]:
        """Return the state as it is part of the HTTP contract."""
        return {
            "trouble": self.trouble,
            "holding": self.is_holding,
            "serial": self.serial,
            "ends": None if self.ends is None else self.ends.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its certificate.

    `private` signs as the private keys of `cryptography` do, wherever the key itself is kept.
    """

    private: Any
    certificate: Certificate

    @property
    def is_rsa(self) -> bool:
        """Whether it is an RSA key; otherwise it is one of an elliptic curve."""
        return isinstance(self.certificate.public_key(), RSAPublicKey)


def check_kind(certificate: Certificate) -> None:
    """Raise CannotSign if the certificate's key is neither RSA nor of an elliptic curve."""
    if not isinstance(certificate.public_key(), RSAPublicKey | EllipticCurvePublicKey):
        raise CannotSign(SigningTrouble.KEY_KIND, "expected a key of RSA or an elliptic curve")


def certificate_of(public_key: Any, certificates: Sequence[Certificate]) -> Certificate:
    """Return the certificate that belongs to a public key.

    Raises CannotSign if no certificate does.
    """
    for certificate in certificates:
        if certificate.public_key() == public_key:
            return certificate
    raise CannotSign(SigningTrouble.MISMATCH, "no certificate belongs to the key")


def serial_of(certificate: Certificate) -> str:
    """Return a certificate's serial number in hexadecimal, as the issuers print it."""
    return f"{certificate.serial_number:X}"


def state_of(certificate: Certificate, now: datetime) -> SignatureState:
    """Return whether a certificate may sign at a moment (aware), and whether it ends soon."""
    ends = min(certificate.not_valid_after_utc, LATEST_END)
    trouble = None
    if now < certificate.not_valid_before_utc:
        trouble = SigningTrouble.NOT_YET_VALID
    elif now > ends:
        trouble = SigningTrouble.ENDED
    elif ends - now <= WARN_BEFORE_END:
        trouble = SigningTrouble.ENDING
    return SignatureState(trouble, serial_of(certificate), ends)
