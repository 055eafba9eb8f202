"""Base45 (RFC 9285): three letters stand for two bytes, two letters at the end for one byte."""

from __future__ import annotations

LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
NOT_A_LETTER = 255
VALUES = bytes(LETTERS.find(code) & NOT_A_LETTER for code in range(256))


def decode(text: str) -> bytes:
    """Return the bytes that a text encodes. Raises ValueError if it is not base45.

    All groups are computed at once, which is much faster than one by one: the text is one long
    number, in which three letters are three bytes, and three bytes have room for their sum.
    """
    values = text.encode("ascii").translate(VALUES)
    if NOT_A_LETTER in values:
        raise ValueError("a letter that base45 does not have")
    groups, rest = divmod(len(values), 3)
    if rest == 1:
        raise ValueError(f"{len(values)} letters; no base45 text has that length")
    letters = int.from_bytes(values[: 3 * groups])
    third = int.from_bytes(b"\0\0\xff" * groups)  # keeps the third letter of each group
    sums = (letters >> 16 & third) + 45 * (letters >> 8 & third) + 2025 * (letters & third)
    data = bytearray(sums.to_bytes(3 * groups))
    if data[0::3].strip(b"\0"):
        raise ValueError("three letters that encode more than two bytes can hold")
    del data[0::3]
    if rest:
        data.append(values[-2] + 45 * values[-1])  # raises ValueError above 255
    return bytes(data)
