"""Take a signed HC1 card apart without believing any of it.

HC1 is base45 (RFC 9285) of zlib (RFC 1950) of a COSE_Sign1 (RFC 9052) around a CWT
(RFC 8392), as in the WHO's hcert specification.  Caps come before work, CBOR is read
strictly, and bytes left over anywhere are an error.
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

PREFIX = "HC1:"
MAX_LENGTH = 4_000  # characters, with the prefix
MAX_INFLATED = 8_192  # bytes of COSE
ADLER = 4  # bytes of checksum at the end of a zlib stream
CWT_TAG, SIGN1_TAG = 61, 18
SIGNATURE1 = b"\x84\x6aSignature1"  # how a Sig_structure begins: one of four, its first
NOTHING = b"\x40"  # bytes of length 0
ALGORITHM, KEY_ID, ISSUER = 1, 4, 1  # labels: two of COSE headers, one of CWT claims
ALGORITHMS = {-7: Algorithm.ES256, -8: Algorithm.EDDSA, -37: Algorithm.PS256}


def parse_envelope(text: str) -> Envelope:
    """Return the sealed card in text, or raise BadCard."""
    if len(text) > MAX_LENGTH:
        raise BadCard(Reason.TOO_LONG, f"{len(text)} characters; at most {MAX_LENGTH}")
    outer = _sign1(read_cbor(_inflate(text.removeprefix(PREFIX))))
    content = read_cbor(outer.payload)
    match content:
        case [bytes() as card, int() as at]:  # a phone's signature around a card and the time
            inner = _sign1(read_cbor(card))
            algorithm, _ = _protected_header(outer.protected)
            showing = Presentation(_to_be_signed(outer), outer.signature, algorithm, at)
            return _envelope(inner, read_cbor(inner.payload), showing)
    return _envelope(outer, content, None)


def _envelope(message: _Sign1, claims: object, showing: Presentation | None) -> Envelope:
    algorithm, key_id = _protected_header(message.protected)
    key_id = message.unprotected.get(KEY_ID) if key_id is None else key_id
    issuer = claims.get(ISSUER) if isinstance(claims, dict) else None
    return Envelope(
        signed=_to_be_signed(message),
        payload=message.payload,
        claims=claims,
        signature=message.signature,
        algorithm=algorithm,
        key_id=key_id if isinstance(key_id, bytes) else None,
        issuer=issuer if isinstance(issuer, str) else None,
        showing=showing,
    )


def _to_be_signed(message: _Sign1) -> bytes:
    """Return the Sig_structure (RFC 9052 §4.4)."""
    return SIGNATURE1 + _bytes(message.protected) + NOTHING + _bytes(message.payload)


def _bytes(data: bytes) -> bytes:
    """Return bytes as CBOR writes them (RFC 8949 §3): at most MAX_INFLATED."""
    size = len(data)
    if size < 24:
        return bytes((0x40 | size,)) + data
    return (bytes((0x58, size)) if size < 256 else b"\x59" + size.to_bytes(2)) + data


@functools.lru_cache(maxsize=256)  # the same on all cards that a key has signed
def _protected_header(protected: bytes) -> tuple[Algorithm | None, object]:
    """Return the algorithm, None where it is not accepted, and the key id, None without one."""
    header = read_cbor(protected) if protected else {}
    if not isinstance(header, dict):
        raise BadCard(Reason.UNREADABLE, "protected header is not a map")
    algorithm = header.get(ALGORITHM)
    return ALGORITHMS.get(algorithm) if type(algorithm) is int else None, header.get(KEY_ID)


def read_cbor(data: bytes) -> Any:
    """Return the one CBOR item (RFC 8949) that data is, or raise BadCard."""
    stream = io.BytesIO(data)
    try:
        item = cbor2.CBORDecoder(
            stream, max_depth=8, allow_duplicate_keys=False, allow_indefinite=False
        ).decode()
    except (cbor2.CBORError, EOFError, ValueError, TypeError, OverflowError) as exc:
        raise BadCard(Reason.UNREADABLE, f"{len(data)} bytes are not CBOR") from exc
    if stream.tell() != len(data):
        raise BadCard(Reason.UNREADABLE, f"CBOR of {len(data)} bytes ends at {stream.tell()}")
    return item


def _inflate(text: str) -> bytes:
    if len(text) % 3 == 1:  # base45 writes two bytes as three letters, a last one as two
        raise BadCard(Reason.TRUNCATED, f"{len(text)} characters; base45 is never so long")
    try:
        stream = base45.decode(text)
        inflate = zlib.decompressobj()
        cose = inflate.decompress(stream, MAX_INFLATED)
    except (ValueError, zlib.error) as exc:
        raise BadCard(Reason.UNREADABLE, f"{len(text)} characters are not base45 of zlib") from exc
    if not inflate.eof:
        over = bool(inflate.unconsumed_tail)
        reason = Reason.TOO_LONG if over else Reason.TRUNCATED
        raise BadCard(reason, f"zlib stream does not end within {MAX_INFLATED} bytes")
    if inflate.unused_data or _has_loose_bits(stream, cose):
        raise BadCard(Reason.UNREADABLE, f"more than a zlib stream in {len(stream)} bytes")
    return cose


def _has_loose_bits(stream: bytes, cose: bytes) -> bool:
    """Tell whether bits that mean nothing are set behind the last of the compressed data.

    Inflating skips what fills its last byte, so that a card could be altered there unseen.
    Encoders leave those bits clear; the highest set bit of the byte must therefore matter.
    """
    last = stream[-ADLER - 1]
    altered = bytearray(stream)
    altered[-ADLER - 1] = last ^ (1 << last.bit_length() >> 1)
    try:
        return last != 0 and zlib.decompress(altered) == cose
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
            raise BadCard(Reason.UNREADABLE, f"CBOR tag {message.tag}; wanted {SIGN1_TAG}")
        message = message.value
    match message:  # a tuple inside a tag, a list outside one
        case [bytes() as protected, Mapping() as unprotected, bytes() as payload, bytes() as sig]:
            return _Sign1(protected, unprotected, payload, sig)
    raise BadCard(Reason.UNREADABLE, "not a COSE_Sign1 of four parts")
