"""An Envelope: a signed card whose signature has not been checked.

It holds what is needed to choose a key and to check the signature.  Each wrapping has a module of
its own (`hc1`, `shc`) that takes cards apart without trusting anything in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Algorithm(StrEnum):
    """The signature algorithms that are accepted."""

    ES256 = "ES256"  # ECDSA on P-256 with SHA-256: RFC 9053 §2.1, RFC 7518 §3.4
    EDDSA = "EdDSA"  # Ed25519: RFC 9053 §2.2
    PS256 = "PS256"  # RSA-PSS with SHA-256: RFC 8230 §2


@dataclass(frozen=True, slots=True)
class Presentation:
    """The signature of the holder's phone around a card. Nothing in it is trusted yet."""

    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    algorithm: Algorithm | None
    signed_at: int  # seconds since 1970


class Envelope(NamedTuple):
    """A card as bytes, with the signature that it claims to have. Nothing in it is trusted yet."""

    signed: bytes  # what the signature covers
    payload: bytes  # the claims as they were signed
    claims: object  # the payload decoded from CBOR or JSON, with no type checked
    signature: bytes
    algorithm: Algorithm | None  # taken only from what is signed; None: not accepted
    key_id: bytes | None
    issuer: str | None  # only used to choose among the trusted keys
    presentation: Presentation | None = None

    def __repr__(self) -> str:
        """Leave out everything about a person."""
        return f"Envelope({self.algorithm}, key_id={self.key_id!r}, issuer={self.issuer!r})"


__all__ = ["Algorithm", "Envelope", "Presentation"]
