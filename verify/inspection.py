"""Show support staff what is inside a payload: its format, its signature and its claims.

Nothing is decided or trusted here: keys that are only for demonstration count as good, and the
claims are shown whether or not somebody signed them.
"""

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
from verify.signed.hc1 import parse_envelope as parse_hc1
from verify.signed.issuers import Issuers
from verify.signed.presentation import check_first_presentation
from verify.signed.shc import parse_envelope as parse_shc
from verify.signed.signature import presentation_time, signing_key

# Limits of the claims that are shown; a card needs far less.
MAX_DEPTH = 12  # levels of nesting
MAX_BITS = 64  # of a whole number
MAX_ITEMS = 2_000


@dataclass(slots=True)
class Inspection:
    """The findings, filled in step by step."""

    format: str | None = None
    signature: str = "absent"  # good, bad, unknown_key, absent
    expired: bool = False
    error: str | None = None
    key_id: str | None = None
    claims: Any = None


def inspect_payload(payload: bytes, issuers: Issuers, now: datetime) -> dict[str, Any]:
    """Return the findings on a payload at `now` (aware), as the contract's JSON object.

    What is wrong with the payload is in `error`; no payload makes it raise.
    """
    found = Inspection()
    try:
        text = normalise(payload)
        shape = classify(text)
        found.format = shape.value
        if shape is Format.HC1:
            envelope = parse_hc1(text)
            _inspect_envelope(envelope, (hc1.SIGNED, hc1.EXPIRES), issuers, now, found)
            _inspect_use(envelope, issuers, found)
            _inspect_presentation(envelope, now, found)
        elif shape is Format.SHC:
            envelope = parse_shc(text)
            _inspect_envelope(envelope, ("nbf", "exp"), issuers, now, found)
        else:
            _inspect_plain(text, shape, now, found)
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


def _inspect_plain(text: str, shape: Format, now: datetime, found: Inspection) -> None:
    card = read_plain(text, shape).card
    found.claims = card_json(card)
    found.expired = card.valid_until is not None and card.valid_until < clinic_day(now)


def _inspect_envelope(
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
        signing_key(envelope, issuers, demo=True)
        found.signature = "good"
    except UnknownIssuer:
        found.signature = "unknown_key"
    except KeyWithdrawn as exc:
        found.signature, found.error = "good", str(exc)
    except BadSignature as exc:
        found.signature, found.error = "bad", str(exc)


def _inspect_use(envelope: Envelope, issuers: Issuers, found: Inspection) -> None:
    """Report a key that may not sign this kind of certificate."""
    kind = hc1.kind_of(envelope.claims)  # raises BadCard if there is no certificate
    if found.signature != "good" or found.error is not None:
        return
    if not signing_key(envelope, issuers, demo=True).may_sign(kind):
        found.error = f"the key may not sign this kind of card: {kind}"


def _inspect_presentation(envelope: Envelope, now: datetime, found: Inspection) -> None:
    """Report a card that lives in a phone but was not presented by it, or not just now."""
    if found.signature != "good" or found.error is not None:
        return
    try:
        presented_at = presentation_time(envelope.presentation, hc1.holder_key_of(envelope.claims))
        if presented_at is not None:
            check_first_presentation(b"", presented_at, now, clock_is_sure=True)
    except NotLive as exc:
        found.error = f"{exc.reason.value}: {exc}"
    except BadSignature as exc:
        found.signature, found.error = "bad", str(exc)


def _is_outside(claims: object, times: tuple[object, object], now: datetime) -> bool:
    """Return whether `now` is before the time of signing or after the expiry.

    `times` are the labels of these two claims.
    """
    if not isinstance(claims, Mapping):
        return False
    signed, expires = (_seconds(claims.get(label)) for label in times)
    moment = now.timestamp()
    return (signed is not None and moment < signed) or (expires is not None and moment > expires)


def _seconds(value: object) -> float | int | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _plain(item: object, depth: int = 0, left: Iterator[int] | None = None) -> Any:
    """Return a CBOR item as JSON can hold it: keys as text, bytes as hexadecimal.

    A value that JSON cannot hold, or that is beyond the limits, is shown as the name of its type.
    """
    left = iter(range(MAX_ITEMS)) if left is None else left
    room = depth < MAX_DEPTH and next(left, None) is not None
    if room and isinstance(item, Mapping):
        return {
            str(_plain(key, depth + 1, left)): _plain(value, depth + 1, left)
            for key, value in item.items()
        }
    if room and isinstance(item, list | tuple):
        return [_plain(part, depth + 1, left) for part in item]
    if isinstance(item, bytes):
        return item.hex()
    if isinstance(item, date):  # a datetime is a date too
        return item.isoformat()
    if isinstance(item, float) and not math.isfinite(item):
        return type(item).__name__
    if isinstance(item, int) and item.bit_length() > MAX_BITS:
        return type(item).__name__
    return item if item is None or isinstance(item, int | float | str) else type(item).__name__
