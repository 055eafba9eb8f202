"""The public key of the phone that a card is bound to: a CWT's `cnf` (RFC 8747 §3.2)."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec

from verify.errors import BadCard
from verify.reason import Reason

COSE_KEY = 1  # of a `cnf`
KIND, CURVE, X, Y = 1, -1, -2, -3  # of a COSE_Key (RFC 9053 §7.1)
EC2, P256 = 2, 1
LENGTH = 32  # bytes of a coordinate
EVEN, ODD, BOTH = b"\x02", b"\x03", b"\x04"  # how a point begins (SEC 1 §2.3.3)


def holder_key(confirmation: object) -> ec.EllipticCurvePublicKey:
    """Return the key that a `cnf` claim holds, or raise BadCard."""
    key = confirmation.get(COSE_KEY) if isinstance(confirmation, Mapping) else None
    point = _point(key) if isinstance(key, Mapping) else None
    try:
        if point is not None:
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        pass  # no point of the curve; told below
    raise BadCard(Reason.UNREADABLE, "claim 8: wanted a COSE key on P-256")


def _point(key: Mapping[object, object]) -> bytes | None:
    x, y = key.get(X), key.get(Y)
    if (key.get(KIND), key.get(CURVE)) != (EC2, P256):
        return None
    if not isinstance(x, bytes) or len(x) != LENGTH:
        return None
    if isinstance(y, bool):  # y may be given as its sign alone
        return (ODD if y else EVEN) + x
    return BOTH + x + y if isinstance(y, bytes) and len(y) == LENGTH else None
