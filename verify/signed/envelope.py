"""A signed card still sealed: what is needed to choose a key and to check a signature.

One module a wrapping: each takes cards apart without believing any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Algorithm(StrEnum):
    """The signatures that are accepted."""

    ES256 = "ES256"  # ECDSA on P-256 with SHA-256: RFC 9053 §2.1, RFC 7518 §3.4
    EDDSA = "EdDSA"  # Ed25519: RFC 9053 §2.2
    PS256 = "PS256"  # RSA-PSS with SHA-256: RFC 8230 §2


@dataclass(frozen=True, slots=True)
class Presentation:
    """The signature of the holder's phone around a card. Nothing in it is believed yet."""

    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    algorithm: Algorithm | None
    at: int  # seconds since 1970


class Envelope(NamedTuple):
    """Bytes, and how they say they are signed. Nothing in it is believed yet."""

    signed: bytes  # what the signature covers
    payload: bytes  # the claims as they were signed
    claims: object  # the same as CBOR or JSON gives them, no type checked
    signature: bytes
    algorithm: Algorithm | None  # from what is signed, and only from there; None: not accepted
    key_id: bytes | None
    issuer: str | None  # it chooses among keys, and nothing else
    showing: Presentation | None = None

    def __repr__(self) -> str:
        """Leave out what it says of a person."""
        return f"Envelope({self.algorithm}, key_id={self.key_id!r}, issuer={self.issuer!r})"


__all__ = ["Algorithm", "Envelope", "Presentation"]
