"""A pretend issuer of signed cards; its keys are public knowledge and work in demo mode only.

The private keys are derived from fixed words, so that a card of one run is good in the next.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import cbor2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kiosk.sandbox.phone import Phone
from kiosk.sandbox.signing import cose_sign1, derive_key, es256_signature, hc1_text

ISSUER = "VN"
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class CardIssuer:
    """One key of an issuer. `state` is how the trust list has it."""

    words: str
    state: str = "active"

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        """The private key."""
        return derive_key(self.words)

    @property
    def key_id(self) -> bytes:
        """Eight bytes that name the key: the start of the hash of its public half."""
        spki = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(spki).digest()[:8]

    def jwk(self) -> dict[str, Any]:
        """Return the public key as the trust list holds it."""
        numbers = self.key.public_key().public_numbers()
        x, y = (
            base64.urlsafe_b64encode(number.to_bytes(32)).rstrip(b"=").decode()
            for number in (numbers.x, numbers.y)
        )
        return {
            "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.key_id.hex(),
            "iss": ISSUER, "alg": "ES256", "use": ["bhyt"], "state": self.state, "env": "demo",
        }  # fmt: skip

    def sign_card(
        self,
        fields: Mapping[int, object],
        signed: datetime,
        days: int = 200,
        phone: Phone | None = None,
    ) -> str:
        """Return an HC1 card of these entries (see docs/decisions/0004), good for `days`.

        One that is bound to a phone is admitted only as the phone shows it.
        """
        return hc1_text(self.card(fields, signed, days, phone))

    def card(
        self, fields: Mapping[int, object], signed: datetime, days: int, phone: Phone | None
    ) -> bytes:
        """Return the COSE_Sign1 of such a card."""
        claims: dict[int, object] = {
            1: ISSUER,
            4: int((signed + timedelta(days=days)).timestamp()),
            6: int(signed.timestamp()),
            -260: {-84: dict(fields)},
        }
        if phone is not None:
            claims[8] = phone.confirmation
        return self._message(cbor2.dumps(claims))

    def sign_payload(self, payload: bytes) -> str:
        """Return any claims signed as they are."""
        return hc1_text(self._message(payload))

    def signature(self, protected: bytes, payload: bytes) -> bytes:
        """Return the 64 bytes of an ES256 signature."""
        return es256_signature(self.key, protected, payload)

    def _message(self, payload: bytes) -> bytes:
        protected = cbor2.dumps({1: -7, 4: self.key_id})
        return cose_sign1(protected, payload, self.signature(protected, payload))


def days(day: date) -> int:
    """Return a day as signed cards hold it."""
    return (day - EPOCH).days


DEMO = CardIssuer("Tiếp Đón sandbox issuer, key one: for demonstration only")
WITHDRAWN = CardIssuer("Tiếp Đón sandbox issuer, key two: withdrawn", state="withdrawn")
STRANGER = CardIssuer("Tiếp Đón sandbox, a stranger whom no trust list holds")


def trusted_keys(issued: datetime) -> str:
    """Return the demo's trust list as a JWK set."""
    keys = [DEMO.jwk(), WITHDRAWN.jwk()]
    return json.dumps({"issued": issued.isoformat(), "keys": keys}, indent=1)
