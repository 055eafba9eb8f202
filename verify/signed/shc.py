"""Take a SMART Health Card apart without trusting anything in it.

The format is HL7 SMART Health Cards, version 1: a JWS (RFC 7515) signed with ES256, its payload
raw DEFLATE (RFC 1951) of JSON, written in the code as pairs of digits.

1. Sizes are limited before any work is done.
2. Base64url has one spelling only, and bytes left over anywhere are an error.
3. A card that is split into several codes is refused; the specification deprecates them.
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

SHC_PREFIX = "shc:/"
MAX_JSON_BYTES = 100_000  # of the inflated payload
MAX_PAIR = 77  # stands for "z", the last letter of a JWS

_CHUNK = re.compile(r"\d+/\d+/", re.ASCII)
_DIGITS = re.compile(r"(?:\d\d)+\Z", re.ASCII)


def parse_envelope(text: str) -> Envelope:
    """Return the envelope in a text that begins with `SHC_PREFIX`. Raises BadCard if malformed."""
    digits = text[len(SHC_PREFIX) :]
    if _CHUNK.match(digits):
        raise BadCard(Reason.CHUNKED_CARD, "one of several codes of a card")
    if not _DIGITS.match(digits):
        raise BadCard(Reason.TRUNCATED, f"{len(digits)} characters; expected pairs of digits")
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
        raise BadCard(Reason.UNREADABLE, "zip is not DEF")
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
    """Return the JSON object that data encodes. Raises BadCard if it is anything else."""
    try:
        item = json.loads(data.decode("utf-8"))
        if b"\\u" in data:  # half a surrogate pair could be written so, and could not be stored
            json.dumps(item, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        item = None
    if not isinstance(item, dict):
        raise BadCard(Reason.UNREADABLE, f"{len(data)} bytes are not a JSON object")
    return item


def _bytes(text: str) -> bytes:
    """Decode base64url without padding (RFC 7515 §2), in its canonical spelling only."""
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
        payload = inflate.decompress(data, MAX_JSON_BYTES)
    except zlib.error as exc:
        raise BadCard(Reason.UNREADABLE, f"{len(data)} bytes are not DEFLATE") from exc
    if not inflate.eof or inflate.unused_data:
        raise BadCard(Reason.UNREADABLE, f"DEFLATE does not end within {MAX_JSON_BYTES} bytes")
    return payload
