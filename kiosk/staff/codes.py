"""Random codes: those that programs send, and those that people copy by hand."""

from __future__ import annotations

import base64
import hashlib
import secrets

CODE_BITS = 80  # of a code that people type: 16 signs


def random_code(bits: int = CODE_BITS) -> str:
    """Return a random code in base32, in groups of four signs. `bits` is a multiple of 20."""
    octets = (bits + 7) // 8
    text = base64.b32encode(secrets.token_bytes(octets)).decode("ascii").rstrip("=")[: bits // 5]
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def plain_code(typed: str) -> str:
    """Return a typed code as it is compared: capitals, without dashes and blanks.

    0, 1 and 8, which base32 does not have, are read as the letters that they resemble.
    """
    kept = "".join(sign for sign in typed.upper() if sign.isascii() and sign.isalnum())
    return kept.translate(str.maketrans("018", "OIB"))


def code_sha256(code: str) -> bytes:
    """Return the SHA-256 under which a code of 80 and more random bits is stored."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()
