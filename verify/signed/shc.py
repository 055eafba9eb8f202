"""Take a SMART Health Card apart without believing any of it.

HL7 SMART Health Cards, version 1: a JWS (RFC 7515) signed with ES256, its payload raw DEFLATE
(RFC 1951) of JSON, written in the code as pairs of digits.  Cards cut into several codes are
deprecated there, and refused.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

from verify.errors import BadCard
from verify.reason import Reason
from verify.signed.envelope import Algorithm, Envelope
from verify.signed.issuers import key_id_of

PREFIX = "shc:/"
MAX_INFLATED = 100_000  # bytes of JSON
MAX_PAIR = 77  # "z" is the last letter that a JWS has

_CHUNK = re.compile(r"\d+/\d+/", re.ASCII)
_DIGITS = re.compile(r"(?:\d\d)+\Z", re.ASCII)


def parse_envelope(text: str) -> Envelope:
    """Return the sealed card in text, or raise BadCard."""
    digits = text[len(PREFIX) :]
    if _CHUNK.match(digits):
        raise BadCard(Reason.CHUNKED_CARD, "one of several codes of a card")
    if not _DIGITS.match(digits):
        raise BadCard(Reason.TRUNCATED, f"{len(digits)} characters; wanted pairs of digits")
    pairs = [int(digits[place : place + 2]) for place in range(0, len(digits), 2)]
    if max(pairs) > MAX_PAIR:
        raise BadCard(Reason.UNREADABLE, f"a pair of digits above {MAX_PAIR}")
    parts = "".join(chr(pair + 45) for pair in pairs).split(".")
    if len(parts) != 3:
        raise BadCard(Reason.TRUNCATED, f"{len(parts)} parts; a JWS has 3")
    header = read_json(_bytes(parts[0]))
    payload = _inflate(_bytes(parts[1]))
    claims = read_json(payload)
    if header.get("zip") != "DEF":
        raise BadCard(Reason.UNREADABLE, "zip; wanted DEF")
    issuer, key_id = claims.get("iss"), header.get("kid")
    return Envelope(
        signed=f"{parts[0]}.{parts[1]}".encode(),
        payload=payload,
        claims=claims,
        signature=_bytes(parts[2]),
        algorithm=Algorithm.ES256 if header.get("alg") == "ES256" else None,
        key_id=key_id_of(key_id, "card") if isinstance(key_id, str) else None,
        issuer=issuer if isinstance(issuer, str) else None,
    )


def read_json(data: bytes) -> Mapping[str, Any]:
    """Return the one JSON object that data is, or raise BadCard."""
    try:
        item = json.loads(data.decode("utf-8"))
        if b"\\u" in data:  # half a letter may be written so, which nothing can hold
            json.dumps(item, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        item = None
    if not isinstance(item, dict):
        raise BadCard(Reason.UNREADABLE, f"{len(data)} bytes are no JSON object")
    return item


def _bytes(text: str) -> bytes:
    """Return base64url without padding (RFC 7515 §2), in its one spelling only."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadCard(Reason.UNREADABLE, f"{len(text)} characters are not base64url") from None
    if base64.urlsafe_b64encode(data).rstrip(b"=") != text.encode():
        raise BadCard(Reason.UNREADABLE, "bits are left over behind base64url")
    return data


def _inflate(data: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        payload = inflate.decompress(data, MAX_INFLATED)
    except zlib.error as exc:
        raise BadCard(Reason.UNREADABLE, f"{len(data)} bytes are not DEFLATE") from exc
    if not inflate.eof or inflate.unused_data:
        raise BadCard(Reason.UNREADABLE, f"DEFLATE does not end within {MAX_INFLATED} bytes")
    return payload
