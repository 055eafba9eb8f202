"""How many pictures from outside are decoded at once, and how much memory they may take together.

1. Two pictures at once, so that scans do not wait for processors.
2. All together have as many pixels as `MAX_TOTAL_PIXELS`: the largest picture alone, and beside it
   a frame of a camera.  A transparent picture takes four times the memory of another.
3. The size is read from the header, before a pixel is decoded; a picture whose header cannot be
   read counts as the largest, and OpenCV has its own limit (`scanner.picture`).

Sources: JPEG, ITU T.81 B.2.2; PNG (third edition), 11.2.1; WebP container specification and RFC
6386 section 9.1; BMP, BITMAPINFOHEADER.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from scanner.errors import Busy
from scanner.picture import JPEG, MAX_PIXELS
from scanner.transparency import PNG, is_transparent, pixels_of

MAX_AT_ONCE = 2
FRAME_PIXELS = 5_000_000
MAX_TOTAL_PIXELS = MAX_PIXELS + FRAME_PIXELS
TRANSPARENT_FACTOR = 4  # colours and transparency are decoded beside the grey
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers of a JPEG


class MemoryBudget:
    """The memory for decoding pictures.  Any thread may call."""

    def __init__(self) -> None:
        """Begin with nothing in use."""
        self._changed = threading.Condition()
        self._count = self._pixels = 0

    @contextlib.contextmanager
    def reserve(self, pixels: int, max_wait_s: float) -> Iterator[None]:
        """Hold the memory for a picture.  Raises Busy if it does not get free in time."""
        pixels = min(pixels, MAX_PIXELS)
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_room(pixels), max_wait_s):
                raise Busy("other pictures are being decoded; try again in a moment")
            self._count, self._pixels = self._count + 1, self._pixels + pixels
        try:
            yield
        finally:
            with self._changed:
                self._count, self._pixels = self._count - 1, self._pixels - pixels
                self._changed.notify_all()

    def _has_room(self, pixels: int) -> bool:
        return self._count < MAX_AT_ONCE and self._pixels + pixels <= MAX_TOTAL_PIXELS


def pixels_to_decode(data: bytes) -> int:
    """Return how many pixels of memory an encoded picture will take; the most if it is unclear."""
    width, height = _size(data)
    pixels = width * height * (TRANSPARENT_FACTOR if is_transparent(data) else 1)
    return pixels or MAX_PIXELS


def _size(data: bytes) -> tuple[int, int]:
    """Return the width and height in a picture's header; 0, 0 if it has none that is known."""
    if data.startswith(PNG):
        return pixels_of(data), 1
    if data.startswith(JPEG):
        return _jpeg_size(data)
    if data.startswith(b"BM"):
        height = int.from_bytes(data[22:26], "little", signed=True)  # negative: from the top
        return _little(data, 18, 4), abs(height)
    kind = data[12:16]
    if kind == b"VP8X":
        return _little(data, 24, 3) + 1, _little(data, 27, 3) + 1
    if kind == b"VP8 ":
        return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF
    if kind == b"VP8L":
        bits = _little(data, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return 0, 0


def _jpeg_size(data: bytes) -> tuple[int, int]:
    place = 2
    while data[place : place + 1] == b"\xff":
        marker = data[place + 1 : place + 2]
        if marker == b"\xff":  # a byte that fills
            place += 1
            continue
        if marker and marker[0] in START_OF_FRAME:
            height, width = (int.from_bytes(data[at : at + 2]) for at in (place + 5, place + 7))
            return width, height
        place += 2 + int.from_bytes(data[place + 2 : place + 4])
    return 0, 0


def _little(data: bytes, place: int, count: int) -> int:
    return int.from_bytes(data[place : place + count], "little")
