"""Read from the header of an encoded picture whether parts of it may be transparent.

Sources: PNG (third edition), 11.2.1 and 11.3.1.1; WebP container specification, "Extended file
format"; WebP lossless bitstream specification, "RIFF header".
"""

from __future__ import annotations

PNG = b"\x89PNG\r\n\x1a\n"
# Places in a PNG, whose first chunk is always IHDR.
WIDTH, HEIGHT, DEPTH, COLOURS = slice(16, 20), slice(20, 24), 24, 25
GREY, GREY_ALPHA, COLOUR_ALPHA = 0, 4, 6  # kinds of colours
KEY_CHUNK, DATA_CHUNK = b"tRNS", b"IDAT"  # a key comes before the data
WEBP_KIND, WEBP_EXTENDED, WEBP_LOSSLESS = slice(12, 16), b"VP8X", b"VP8L"
WEBP_EXTENDED_FLAGS, WEBP_LOSSLESS_FLAGS = 20, 24
WEBP_ALPHA = 0x10  # in either byte of flags


def is_transparent(data: bytes) -> bool:
    """Return whether an encoded picture says that parts of it may be transparent."""
    if data.startswith(PNG):
        return len(data) > COLOURS and (
            data[COLOURS] in (GREY_ALPHA, COLOUR_ALPHA) or _key_place(data) >= 0
        )
    flags = {WEBP_EXTENDED: WEBP_EXTENDED_FLAGS, WEBP_LOSSLESS: WEBP_LOSSLESS_FLAGS}
    place = flags.get(data[WEBP_KIND])
    return place is not None and len(data) > place and bool(data[place] & WEBP_ALPHA)


def is_deep(data: bytes) -> bool:
    """Return whether a picture has 16 bits for each channel: only a PNG can."""
    return data.startswith(PNG) and data[DEPTH : DEPTH + 1] == b"\x10"


def pixels_of(data: bytes) -> int:
    """Return how many pixels a PNG has."""
    return int.from_bytes(data[WIDTH]) * int.from_bytes(data[HEIGHT])


def grey_key(data: bytes) -> int | None:
    """Return the grey, as it is decoded, that stands for what is transparent.

    None for a picture that has no such key, or is not a grey PNG.
    """
    if not data.startswith(PNG) or data[COLOURS] != GREY:
        return None
    place, depth = _key_place(data), data[DEPTH]
    if place < 0:
        return None
    key = int.from_bytes(data[place + 4 : place + 6])
    # Fewer than eight bits are decoded to eight.
    return key if depth >= 8 else key * 255 // (2**depth - 1)


def _key_place(data: bytes) -> int:
    """Return where the chunk with a key begins; -1 without one."""
    return data.find(KEY_CHUNK, 0, max(0, data.find(DATA_CHUNK)))
