"""How pretend cards are signed and written: COSE_Sign1 with ES256, as HC1 text."""

from __future__ import annotations

import hashlib
import zlib

import base45
import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def derive_key(words: str) -> ec.EllipticCurvePrivateKey:
    """Return the private key that these words make: the same in each run, and no secret."""
    secret = int.from_bytes(hashlib.sha256(words.encode()).digest())
    return ec.derive_private_key(secret, ec.SECP256R1())


def es256_signature(key: ec.EllipticCurvePrivateKey, protected: bytes, payload: bytes) -> bytes:
    """Return the 64 bytes of an ES256 signature."""
    structure = cbor2.dumps(["Signature1", protected, b"", payload])
    r, s = decode_dss_signature(key.sign(structure, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def cose_sign1(protected: bytes, payload: bytes, signature: bytes) -> bytes:
    """Return a COSE_Sign1 of these parts."""
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))


def hc1_text(message: bytes) -> str:
    """Return a COSE message as HC1 text."""
    return f"HC1:{base45.b45encode(zlib.compress(message, 9)).decode()}"


def hc1_from_parts(protected: bytes, payload: bytes, signature: bytes) -> str:
    """Return the parts of a COSE_Sign1 as HC1 text."""
    return hc1_text(cose_sign1(protected, payload, signature))
