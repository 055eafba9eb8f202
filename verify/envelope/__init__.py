"""A signed card still sealed: what is needed to choose a key and to check a signature.

One module a wrapping: each takes cards apart without believing any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Algorithm(StrEnum):
    """The signatures that are accepted."""

    ES256 = "ES256"  # ECDSA on P-256 with SHA-256: RFC 9053 §2.1, RFC 7518 §3.4
    EDDSA = "EdDSA"  # Ed25519: RFC 9053 §2.2
    PS256 = "PS256"  # RSA-PSS with SHA-256: RFC 8230 §2


@dataclass(frozen=True, slots=True)
class Showing:
    """The signature of the holder's phone around a card. Nothing in it is believed yet."""

    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    algorithm: Algorithm | None
    at: int  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Envelope:
    """Bytes, and how they say they are signed. Nothing in it is believed yet."""

    signed: bytes = field(repr=False)  # what the signature covers
    payload: bytes = field(repr=False)  # the claims as they were signed
    claims: object = field(repr=False)  # the same as CBOR or JSON gives them, no type checked
    signature: bytes = field(repr=False)
    algorithm: Algorithm | None  # from what is signed, and only from there; None: not accepted
    key_id: bytes | None
    issuer: str | None  # it chooses among keys, and nothing else
    showing: Showing | None = None


__all__ = ["Algorithm", "Envelope", "Showing"]
