"""Look inside a payload for support: its shape, whether its signature holds, what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from verify import envelope as hc1_envelope
from verify.contract import card_json
from verify.envelope import Envelope, read_cbor
from verify.errors import BadCard, BadSignature, KeyWithdrawn, UnknownIssuer
from verify.formats import bhyt, cccd, hc1, numbers
from verify.formats.classify import Format, classify, normalise
from verify.issuers import Issuers
from verify.signature import signing_key


@dataclass(slots=True)
class Inspection:
    """The findings, filled in as the look goes on."""

    format: str | None = None
    signature: str = "absent"  # good, bad, unknown_key, absent
    expired: bool = False
    error: str | None = None
    key_id: str | None = None
    claims: Any = None


def inspect_payload(payload: bytes, issuers: Issuers, now: datetime) -> dict[str, Any]:
    """Return the findings on a payload at `now` (aware), as the contract's JSON."""
    found = Inspection()
    try:
        text = normalise(payload)
        shape = classify(text)
        found.format = shape.value
        if shape is Format.HC1:
            _look_into(hc1_envelope.seal_of(text), issuers, now, found)
        else:
            _look_at(text, shape, now, found)
    except BadCard as exc:
        found.error = f"{exc.reason.value}: {exc}"
    return {
        "format": found.format,
        "signature": found.signature,
        "expired": found.expired,
        "error": found.error,
        "key_id": found.key_id,
        "claims": found.claims,
    }


def _look_at(text: str, shape: Format, now: datetime, found: Inspection) -> None:
    if shape is Format.CCCD:
        card = cccd.read(text)
    elif shape in (Format.BHYT15, Format.BHYT17):
        card = bhyt.read(text, shape)
    else:
        card = numbers.read(text)
    found.claims = card_json(card)
    found.expired = card.valid_until is not None and card.valid_until < now.date()


def _look_into(envelope: Envelope, issuers: Issuers, now: datetime, found: Inspection) -> None:
    found.key_id = envelope.key_id.hex() if envelope.key_id else None
    claims = read_cbor(envelope.payload)
    found.claims = _plain(claims)
    expires = claims.get(hc1.EXPIRES) if isinstance(claims, Mapping) else None
    if isinstance(expires, int | float) and not isinstance(expires, bool):
        found.expired = now.timestamp() > expires
    try:
        signing_key(envelope, issuers, demo=True)  # a look for support believes nothing
        found.signature = "good"
    except UnknownIssuer:
        found.signature = "unknown_key"
    except KeyWithdrawn as exc:
        found.signature, found.error = "good", str(exc)
    except BadSignature as exc:
        found.signature, found.error = "bad", str(exc)


def _plain(item: object) -> Any:
    """Return a CBOR item as JSON can hold it: keys as text, bytes as hexadecimal."""
    if isinstance(item, Mapping):
        return {str(_plain(key)): _plain(value) for key, value in item.items()}
    if isinstance(item, list | tuple):
        return [_plain(part) for part in item]
    if isinstance(item, bytes):
        return item.hex()
    if isinstance(item, datetime):
        return item.astimezone(UTC).isoformat() if item.tzinfo else item.isoformat()
    if item is None or isinstance(item, bool | int | float | str):
        return item
    return item.isoformat() if isinstance(item, date) else type(item).__name__
