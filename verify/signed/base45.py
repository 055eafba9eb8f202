"""Base45 (RFC 9285): three letters are two bytes, two letters at the end are one."""

from __future__ import annotations

LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
NO_LETTER = 255
VALUES = bytes(LETTERS.find(code) & NO_LETTER for code in range(256))


def decode(text: str) -> bytes:
    """Return the bytes that text writes; ValueError where it is not base45.

    All groups are added up at once: three letters are three bytes of one long number, and three
    bytes are room for their sum.
    """
    values = text.encode("ascii").translate(VALUES)
    if NO_LETTER in values:
        raise ValueError("a letter that base45 does not have")
    groups, rest = divmod(len(values), 3)
    if rest == 1:
        raise ValueError(f"{len(values)} letters; base45 is never so long")
    letters = int.from_bytes(values[: 3 * groups])
    third = int.from_bytes(b"\0\0\xff" * groups)  # keeps the third letter of each group
    sums = (letters >> 16 & third) + 45 * (letters >> 8 & third) + 2025 * (letters & third)
    data = bytearray(sums.to_bytes(3 * groups))
    if data[0::3].strip(b"\0"):
        raise ValueError("three letters that say more than two bytes can hold")
    del data[0::3]
    if rest:
        data.append(values[-2] + 45 * values[-1])  # ValueError above 255
    return bytes(data)
