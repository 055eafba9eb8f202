"""Claims: what was signed, once it has been read. Whether to believe it is for `signature`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from verify.card import Card

LATEST = 6_900_000_000  # seconds since 1970: the year 2188


class Claims(NamedTuple):
    """A card nobody vouches for yet, its issuer's name and its time (aware)."""

    card: Card
    issuer: str | None
    signed_at: datetime
    expires_at: datetime | None  # None: it never does
    status: tuple[int, int] | None = None  # status list and index, where the card names them
    holder_key: EllipticCurvePublicKey | None = None  # of the phone that the card is bound to


def moment_in(value: object) -> datetime | None:
    """Return a NumericDate (RFC 7519 §2, RFC 8392 §2), whole or not; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):  # True is an int too
        return None
    return datetime.fromtimestamp(value, UTC) if 0 <= value <= LATEST else None
