"""Look inside a payload for support: its shape, whether its signature holds, what it says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from verify.clock import clinic_day
from verify.contract import card_json
from verify.errors import BadCard, BadSignature, KeyWithdrawn, NotLive, UnknownIssuer
from verify.formats.classify import Format, classify, normalise
from verify.formats.plain import read_plain
from verify.signed import hc1_claims as hc1
from verify.signed.envelope import Envelope
from verify.signed.hc1 import parse_envelope as hc1_seal_of
from verify.signed.issuers import Issuers
from verify.signed.presentation import check_first_presentation
from verify.signed.shc import parse_envelope as shc_seal_of
from verify.signed.signature import shown_at, signing_key

MAX_DEPTH = 12
MAX_BITS = 64
MAX_ITEMS = 2_000


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
            envelope = hc1_seal_of(text)
            _look_into(envelope, (hc1.SIGNED, hc1.EXPIRES), issuers, now, found)
            _look_at_use(envelope, issuers, found)
            _look_at_showing(envelope, now, found)
        elif shape is Format.SHC:
            envelope = shc_seal_of(text)
            _look_into(envelope, ("nbf", "exp"), issuers, now, found)
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
    card, _ = read_plain(text, shape)
    found.claims = card_json(card)
    found.expired = card.valid_until is not None and card.valid_until < clinic_day(now)


def _look_into(
    envelope: Envelope,
    times: tuple[object, object],
    issuers: Issuers,
    now: datetime,
    found: Inspection,
) -> None:
    found.key_id = envelope.key_id.hex() if envelope.key_id else None
    found.claims = _plain(envelope.claims)
    found.expired = _is_outside(envelope.claims, times, now)
    try:
        signing_key(envelope, issuers, demo=True)  # a look for support believes nothing
        found.signature = "good"
    except UnknownIssuer:
        found.signature = "unknown_key"
    except KeyWithdrawn as exc:
        found.signature, found.error = "good", str(exc)
    except BadSignature as exc:
        found.signature, found.error = "bad", str(exc)


def _look_at_use(envelope: Envelope, issuers: Issuers, found: Inspection) -> None:
    """Tell where the key that signed may not sign this kind of certificate."""
    kind = hc1.kind_of(envelope.claims)  # raises where there is no certificate
    if found.signature != "good" or found.error is not None:
        return
    if not signing_key(envelope, issuers, demo=True).may_sign(kind):
        found.error = f"the key may not sign this kind of card: {kind}"


def _look_at_showing(envelope: Envelope, now: datetime, found: Inspection) -> None:
    """Tell where a card that lives in a phone was not shown by it, or not just now."""
    if found.signature != "good" or found.error is not None:
        return
    try:
        at = shown_at(envelope.showing, hc1.holder_key_of(envelope.claims))
        if at is not None:
            check_first_presentation(b"", at, now, clock_is_sure=True)
    except NotLive as exc:
        found.error = f"{exc.reason.value}: {exc}"
    except BadSignature as exc:
        found.signature, found.error = "bad", str(exc)


def _is_outside(claims: object, times: tuple[object, object], now: datetime) -> bool:
    """Tell whether a moment is before the time of signing or after the expiry."""
    if not isinstance(claims, Mapping):
        return False
    signed, expires = (_seconds(claims.get(label)) for label in times)
    moment = now.timestamp()
    return (signed is not None and moment < signed) or (expires is not None and moment > expires)


def _seconds(value: object) -> float | int | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _plain(item: object, depth: int = 0, left: Iterator[int] | None = None) -> Any:
    """Return a CBOR item as JSON can hold it: keys as text, bytes as hexadecimal.

    What JSON cannot hold, or is nested beyond what a card needs, is shown by its type.
    """
    left = iter(range(MAX_ITEMS)) if left is None else left
    room = depth < MAX_DEPTH and next(left, None) is not None
    if room and isinstance(item, Mapping):
        return {
            str(_plain(k, depth + 1, left)): _plain(v, depth + 1, left) for k, v in item.items()
        }
    if room and isinstance(item, list | tuple):
        return [_plain(part, depth + 1, left) for part in item]
    if isinstance(item, bytes):
        return item.hex()
    if isinstance(item, date):  # a datetime is one too
        return item.isoformat()
    if isinstance(item, float) and not math.isfinite(item):
        return type(item).__name__
    if isinstance(item, int) and item.bit_length() > MAX_BITS:
        return type(item).__name__
    return item if item is None or isinstance(item, int | float | str) else type(item).__name__
