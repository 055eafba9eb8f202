"""Base45 (RFC 9285): three letters are two bytes, two letters at the end are one."""

from __future__ import annotations

LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
NO_LETTER = 255
VALUES = bytes(LETTERS.find(code) & NO_LETTER for code in range(256))
LANE = 4  # bytes: room for the greatest sum of three letters


def decode(text: str) -> bytes:
    """Return the bytes that text writes; ValueError where it is not base45.

    All groups are added up at once, side by side in the lanes of a long number.
    """
    values = text.encode("ascii").translate(VALUES)
    if NO_LETTER in values:
        raise ValueError("a letter that base45 does not have")
    groups, rest = divmod(len(values), 3)
    if rest == 1:
        raise ValueError(f"{len(values)} letters; base45 is never so long")
    ones, mids, tops = (_in_lanes(values[place : 3 * groups : 3]) for place in range(3))
    sums = (ones + 45 * mids + 2025 * tops).to_bytes(LANE * groups, "little")
    if sums[2::LANE].strip(b"\0"):
        raise ValueError("three letters that say more than two bytes can hold")
    data = bytearray(2 * groups)
    data[0::2], data[1::2] = sums[1::LANE], sums[0::LANE]
    if rest:
        data.append(values[-2] + 45 * values[-1])  # ValueError above 255
    return bytes(data)


def _in_lanes(values: bytes) -> int:
    lanes = bytearray(LANE * len(values))
    lanes[::LANE] = values
    return int.from_bytes(lanes, "little")
