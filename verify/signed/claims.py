"""Claims: the content of a signed card, read and with its types checked.

Reading claims does not make them trusted: `signature.open_envelope` decides that.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from verify.card import Card
from verify.reason import Note

MAX_NUMERIC_DATE = 6_900_000_000  # seconds since 1970: the year 2188


class Claims(NamedTuple):
    """A card that nobody vouches for yet, with its issuer and its times (aware)."""

    card: Card
    issuer: str | None
    signed_at: datetime
    expires_at: datetime | None  # None: never
    status: tuple[int, int] | None = None  # status list and index, if the card names them
    holder_key: EllipticCurvePublicKey | None = None  # of the phone it is bound to, if any
    notes: tuple[Note, ...] = ()  # on how the card was read


def read_numeric_date(value: object) -> datetime | None:
    """Return the moment (aware) of a NumericDate in seconds (RFC 7519 §2, RFC 8392 §2).

    None if the value is not a number, or not between 1970 and `MAX_NUMERIC_DATE`.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):  # True is an int too
        return None
    return datetime.fromtimestamp(value, UTC) if 0 <= value <= MAX_NUMERIC_DATE else None
