"""Open an envelope: the one door to a card that someone vouches for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from verify.card import Card, Vouch
from verify.envelope import Envelope
from verify.errors import BadSignature, KeyWithdrawn, UnknownIssuer
from verify.formats import hc1
from verify.issuers import IssuerKey, Issuers

ES256 = -7  # RFC 9053, section 2.1
SIGNATURE_LENGTH = 64  # bytes: r and s of P-256


def open_envelope(envelope: Envelope, issuers: Issuers, demo: bool) -> Card:
    """Return the card inside, vouched for.

    UnknownIssuer, BadSignature or KeyWithdrawn where it is not; BadCard where the
    signature holds but what it holds is no BHYT card.
    """
    key = signing_key(envelope, issuers, demo)
    claims = hc1.read_claims(envelope.payload)
    signed_at = datetime.fromtimestamp(claims.issued_at, UTC)
    expires_at = datetime.fromtimestamp(claims.expires_at, UTC)
    if not key.was_valid_at(signed_at):
        raise BadSignature(f"key {key.key_id.hex()} was not valid when the card was signed")
    issuer = claims.issuer or key.issuer or ""
    return replace(claims.card, vouched_by=Vouch(issuer, key.key_id.hex(), signed_at, expires_at))


def signing_key(envelope: Envelope, issuers: Issuers, demo: bool) -> IssuerKey:
    """Return the trusted key that signed, or raise one of the three errors above."""
    key_id = envelope.key_id or b""
    keys = issuers.find(envelope.issuer, key_id, demo)
    if not keys:
        raise UnknownIssuer(f"no key with id {key_id.hex() or '(none)'}")
    if envelope.algorithm != ES256 or len(envelope.signature) != SIGNATURE_LENGTH:
        raise BadSignature(f"{len(envelope.signature)}-byte signature; wanted ES256")
    signers = [key for key in keys if _signed(key, envelope)]
    if not signers:
        raise BadSignature(f"{len(keys)} keys with id {key_id.hex()}; none signed this")
    if any(key.withdrawn for key in signers):
        raise KeyWithdrawn(f"key {key_id.hex()} is withdrawn")
    return signers[0]


def _signed(key: IssuerKey, envelope: Envelope) -> bool:
    structure = cbor2.dumps(["Signature1", envelope.protected, b"", envelope.payload])
    r, s = (int.from_bytes(half) for half in (envelope.signature[:32], envelope.signature[32:]))
    try:
        key.public_key.verify(encode_dss_signature(r, s), structure, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
