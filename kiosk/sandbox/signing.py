"""Sign pretend cards and write them as text: COSE_Sign1 with ES256, as HC1."""

from __future__ import annotations

import hashlib
import zlib

import base45
import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def derive_key(seed: str) -> ec.EllipticCurvePrivateKey:
    """Return the private key that is derived from a text. It is the same in each run: no secret."""
    secret = int.from_bytes(hashlib.sha256(seed.encode()).digest())
    return ec.derive_private_key(secret, ec.SECP256R1())


def es256_signature(key: ec.EllipticCurvePrivateKey, protected: bytes, payload: bytes) -> bytes:
    """Return the 64 bytes of an ES256 signature over a protected header and a payload."""
    structure = cbor2.dumps(["Signature1", protected, b"", payload])
    r, s = decode_dss_signature(key.sign(structure, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def cose_sign1(protected: bytes, payload: bytes, signature: bytes) -> bytes:
    """Return the COSE_Sign1 message of these parts (RFC 9052 §4.2)."""
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))


def hc1_text(message: bytes) -> str:
    """Return a COSE message as HC1 text: compressed, in base45, with the prefix."""
    return f"HC1:{base45.b45encode(zlib.compress(message, 9)).decode()}"


def hc1_from_parts(protected: bytes, payload: bytes, signature: bytes) -> str:
    """Return the HC1 text of a COSE_Sign1 message of these parts."""
    return hc1_text(cose_sign1(protected, payload, signature))
