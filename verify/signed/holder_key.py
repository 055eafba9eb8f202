"""The public key of the phone that a card is bound to: a CWT's `cnf` (RFC 8747 §3.2)."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec

from verify.errors import BadCard
from verify.reason import Reason

COSE_KEY = 1  # label in a `cnf`
KIND, CURVE, X, Y = 1, -1, -2, -3  # labels in a COSE_Key (RFC 9053 §7.1)
EC2, P256 = 2, 1
COORDINATE_BYTES = 32
EVEN, ODD, BOTH = b"\x02", b"\x03", b"\x04"  # first byte of an encoded point (SEC 1 §2.3.3)


def holder_key(confirmation: object) -> ec.EllipticCurvePublicKey:
    """Return the key in a `cnf` claim. Raises BadCard if there is no key on P-256."""
    key = confirmation.get(COSE_KEY) if isinstance(confirmation, Mapping) else None
    point = _point(key) if isinstance(key, Mapping) else None
    try:
        if point is not None:
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        pass  # not a point of the curve; reported below
    raise BadCard(Reason.UNREADABLE, "claim 8: expected a COSE key on P-256")


def _point(key: Mapping[object, object]) -> bytes | None:
    """Return an encoded point. None if the key is malformed or on another curve."""
    x, y = key.get(X), key.get(Y)
    if (key.get(KIND), key.get(CURVE)) != (EC2, P256):
        return None
    if not isinstance(x, bytes) or len(x) != COORDINATE_BYTES:
        return None
    if isinstance(y, bool):  # y may be given by its sign alone
        return (ODD if y else EVEN) + x
    return BOTH + x + y if isinstance(y, bytes) and len(y) == COORDINATE_BYTES else None
