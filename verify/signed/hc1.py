"""Take a signed HC1 card apart without trusting anything in it.

HC1 is base45 (RFC 9285) of zlib (RFC 1950) of a COSE_Sign1 (RFC 9052) around a CWT (RFC 8392), as
in the WHO's hcert specification.

1. Sizes are limited before any work is done.
2. CBOR is read strictly: no repeated keys, no indefinite lengths.
3. Bytes left over anywhere are an error.
4. The algorithm is taken from the protected header only, never from an unsigned one.
5. A card that lives in a phone is a card inside a second COSE_Sign1, made by the phone.
"""

from __future__ import annotations

import functools
import io
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import cbor2

from verify.errors import BadCard
from verify.reason import Reason
from verify.signed import base45
from verify.signed.envelope import Algorithm, Envelope, Presentation

HC1_PREFIX = "HC1:"
MAX_HC1_CHARACTERS = 4_000  # with the prefix
MAX_COSE_BYTES = 8_192  # after inflating
ZLIB_HEADER_BYTES, ADLER32_BYTES = 2, 4  # before and after what deflate has compressed
CWT_TAG, SIGN1_TAG = 61, 18
SIGNATURE1 = b"\x84\x6aSignature1"  # the start of a Sig_structure: an array of four, its first item
EMPTY_BYTES = b"\x40"  # CBOR of a byte string of length 0
ALGORITHM, KEY_ID, ISSUER = 1, 4, 1  # labels of two COSE headers and of one CWT claim
ALGORITHMS = {-7: Algorithm.ES256, -8: Algorithm.EDDSA, -37: Algorithm.PS256}


def parse_envelope(text: str) -> Envelope:
    """Return the envelope in a text that begins with `HC1_PREFIX`. Raises BadCard if malformed."""
    if len(text) > MAX_HC1_CHARACTERS:
        raise BadCard(Reason.TOO_LONG, f"{len(text)} characters; at most {MAX_HC1_CHARACTERS}")
    outer = _sign1(read_cbor(_inflate(text.removeprefix(HC1_PREFIX))))
    content = read_cbor(outer.payload)
    match content:
        case [bytes() as card, int() as signed_at]:  # (5)
            inner = _sign1(read_cbor(card))
            header = _protected_header(outer.protected)
            signed = header.before_payload + _bytes(outer.payload)
            presentation = Presentation(signed, outer.signature, header.algorithm, signed_at)
            return _envelope(inner, read_cbor(inner.payload), presentation)
    return _envelope(outer, content, None)


def _envelope(message: _Sign1, claims: object, presentation: Presentation | None) -> Envelope:
    header = _protected_header(message.protected)
    key_id = message.unprotected.get(KEY_ID) if header.key_id is None else header.key_id
    issuer = claims.get(ISSUER) if isinstance(claims, dict) else None
    return Envelope(
        header.before_payload + _bytes(message.payload),
        message.payload,
        claims,
        message.signature,
        header.algorithm,
        key_id if isinstance(key_id, bytes) else None,
        issuer if isinstance(issuer, str) else None,
        presentation,
    )


def _bytes(data: bytes) -> bytes:
    """Return data, of at most MAX_COSE_BYTES, as a CBOR byte string (RFC 8949 §3)."""
    size = len(data)
    if size < 24:
        return bytes((0x40 | size,)) + data
    return (bytes((0x58, size)) if size < 256 else b"\x59" + size.to_bytes(2)) + data


class _Header(NamedTuple):
    """What the protected header says, and what the Sig_structure has before the payload."""

    algorithm: Algorithm | None  # None: not accepted
    key_id: object  # None: not given
    before_payload: bytes  # RFC 9052 §4.4


@functools.lru_cache(maxsize=256)  # the header is the same on all cards that a key signed
def _protected_header(protected: bytes) -> _Header:
    header = read_cbor(protected) if protected else {}
    if not isinstance(header, dict):
        raise BadCard(Reason.UNREADABLE, "protected header is not a map")
    algorithm = header.get(ALGORITHM)
    return _Header(
        ALGORITHMS.get(algorithm) if type(algorithm) is int else None,
        header.get(KEY_ID),
        SIGNATURE1 + _bytes(protected) + EMPTY_BYTES,
    )


def read_cbor(data: bytes) -> Any:
    """Return the CBOR item (RFC 8949) that data encodes.

    Raises BadCard if data is not strict CBOR, or holds more than one item.
    """
    stream = io.BytesIO(data)
    try:
        item = cbor2.load(stream, max_depth=8, allow_duplicate_keys=False, allow_indefinite=False)
    except (cbor2.CBORError, EOFError, ValueError, TypeError, OverflowError) as exc:
        raise BadCard(Reason.UNREADABLE, f"{len(data)} bytes are not CBOR") from exc
    if stream.tell() != len(data):
        raise BadCard(Reason.UNREADABLE, f"CBOR of {len(data)} bytes ends at {stream.tell()}")
    return item


def _inflate(text: str) -> bytes:
    if len(text) % 3 == 1:  # base45 encodes two bytes as three letters, a last byte as two
        raise BadCard(Reason.TRUNCATED, f"{len(text)} characters; no base45 text has that length")
    try:
        stream = base45.decode(text)
        inflate = zlib.decompressobj()
        cose = inflate.decompress(stream, MAX_COSE_BYTES)
    except (ValueError, zlib.error) as exc:
        raise BadCard(Reason.UNREADABLE, f"{len(text)} characters are not base45 of zlib") from exc
    if not inflate.eof:
        reason = Reason.TOO_LONG if inflate.unconsumed_tail else Reason.TRUNCATED
        raise BadCard(reason, f"zlib stream does not end within {MAX_COSE_BYTES} bytes")
    if inflate.unused_data or _has_unused_bits(stream, cose):
        raise BadCard(Reason.UNREADABLE, f"more than a zlib stream in {len(stream)} bytes")
    return cose


def _has_unused_bits(stream: bytes, cose: bytes) -> bool:
    """Return whether bits without a meaning are set after the end of the compressed data.

    Inflating ignores the bits that fill up the last byte, so a card could be altered there
    unnoticed.  Encoders leave these bits clear: clearing the highest set bit of that byte must
    therefore change the result.  (The checksum is left out here: any change breaks it.)
    """
    deflated, last = stream[ZLIB_HEADER_BYTES : -ADLER32_BYTES - 1], stream[-ADLER32_BYTES - 1]
    if last == 0:
        return False
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        altered = deflated + bytes((last ^ (1 << last.bit_length() >> 1),))
        return inflate.decompress(altered, len(cose) + 1) == cose and inflate.eof
    except zlib.error:
        return False


class _Sign1(NamedTuple):
    """The four parts of a COSE_Sign1 (RFC 9052 §4.2)."""

    protected: bytes
    unprotected: Mapping[object, object]
    payload: bytes
    signature: bytes


def _sign1(message: object) -> _Sign1:
    if isinstance(message, cbor2.CBORTag) and message.tag == CWT_TAG:
        message = message.value
    if isinstance(message, cbor2.CBORTag):
        if message.tag != SIGN1_TAG:
            raise BadCard(Reason.UNREADABLE, f"CBOR tag {message.tag}; expected {SIGN1_TAG}")
        message = message.value
    match message:  # a tuple with a frozendict inside a tag, a list with a dict outside one
        case [
            bytes() as protected,
            (dict() | cbor2.frozendict()) as unprotected,
            bytes() as payload,
            bytes() as signature,
        ]:
            return _Sign1(protected, unprotected, payload, signature)
    raise BadCard(Reason.UNREADABLE, "not a COSE_Sign1 of four parts")
