"""A pretend issuer of signed cards. Everybody can know its keys; they work in demo mode only.

The private keys are derived from fixed texts, so that a card of one run is valid in the next.
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
    """One key of an issuer, derived from `seed`. `state` is its state in the trust list."""

    seed: str
    state: str = "active"

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        """The private key."""
        return derive_key(self.seed)

    @property
    def key_id(self) -> bytes:
        """Eight bytes that name the key: the start of the SHA-256 of its public key (DER)."""
        spki = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(spki).digest()[:8]

    def jwk(self) -> dict[str, Any]:
        """Return the public key as an entry of the trust list (a JWK)."""
        numbers = self.key.public_key().public_numbers()
        x, y = (
            base64.urlsafe_b64encode(number.to_bytes(32)).rstrip(b"=").decode()
            for number in (numbers.x, numbers.y)
        )
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": x,
            "y": y,
            "kid": self.key_id.hex(),
            "iss": ISSUER,
            "alg": "ES256",
            "use": ["bhyt"],
            "state": self.state,
            "env": "demo",
        }

    def sign_card(
        self,
        fields: Mapping[int, object],
        signed: datetime,
        days: int = 200,
        phone: Phone | None = None,
    ) -> str:
        """Return an HC1 card with these entries, signed at `signed` (aware) and valid for `days`.

        docs/decisions/0004 describes the entries. A card that is bound to a phone is admitted only
        in the form in which the phone shows it.
        """
        return hc1_text(self.card(fields, signed, days, phone))

    def card(
        self, fields: Mapping[int, object], signed: datetime, days: int, phone: Phone | None
    ) -> bytes:
        """Return the COSE_Sign1 message of the card that `sign_card` describes."""
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
        """Return signed HC1 text of any payload, which need not be claims."""
        return hc1_text(self._message(payload))

    def signature(self, protected: bytes, payload: bytes) -> bytes:
        """Return the 64 bytes of an ES256 signature over a protected header and a payload."""
        return es256_signature(self.key, protected, payload)

    def _message(self, payload: bytes) -> bytes:
        protected = cbor2.dumps({1: -7, 4: self.key_id})
        return cose_sign1(protected, payload, self.signature(protected, payload))


def days(day: date) -> int:
    """Return a day as signed cards hold it: the number of days since 1970-01-01."""
    return (day - EPOCH).days


DEMO = CardIssuer("Tiếp Đón sandbox issuer, key one: for demonstration only")
WITHDRAWN = CardIssuer("Tiếp Đón sandbox issuer, key two: withdrawn", state="withdrawn")
STRANGER = CardIssuer("Tiếp Đón sandbox, a stranger whom no trust list holds")


def trusted_keys(issued: datetime) -> str:
    """Return the trust list of the demo, made at `issued` (aware), as the JSON of a JWK set."""
    keys = [DEMO.jwk(), WITHDRAWN.jwk()]
    return json.dumps({"issued": issued.isoformat(), "keys": keys}, indent=1)
