"""A pretend issuer of signed cards; its keys are public knowledge and work in demo mode only.

The private keys are derived from fixed words, so that a card of one run is good in the next.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import base45
import cbor2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

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
        secret = int.from_bytes(hashlib.sha256(self.words.encode()).digest())
        return ec.derive_private_key(secret, ec.SECP256R1())

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

    def sign_card(self, fields: Mapping[int, object], signed: datetime, days: int = 200) -> str:
        """Return an HC1 card of these entries (see docs/decisions/0004), good for `days`."""
        claims = {
            1: ISSUER,
            4: int((signed + timedelta(days=days)).timestamp()),
            6: int(signed.timestamp()),
            -260: {-84: dict(fields)},
        }
        return self.sign_payload(cbor2.dumps(claims))

    def sign_payload(self, payload: bytes) -> str:
        """Return any claims signed as they are."""
        protected = cbor2.dumps({1: -7, 4: self.key_id})
        return seal(protected, payload, self.signature(protected, payload))

    def signature(self, protected: bytes, payload: bytes) -> bytes:
        """Return the 64 bytes of an ES256 signature."""
        structure = cbor2.dumps(["Signature1", protected, b"", payload])
        r, s = decode_dss_signature(self.key.sign(structure, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


def seal(protected: bytes, payload: bytes, signature: bytes) -> str:
    """Return the parts of a COSE_Sign1 as HC1 text."""
    cose = cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))
    return f"HC1:{base45.b45encode(zlib.compress(cose, 9)).decode()}"


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
