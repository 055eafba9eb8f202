"""Pictures: encoded ones unpacked to grey, with a cap before any work; frames made to fit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from scanner.errors import BadPicture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]  # rows × columns, 8 bits

MAX_FILE_BYTES = 16 * 1024 * 1024  # bytes
MAX_PIXELS = 25_000_000  # twice what phones take; refused before a pixel is unpacked
JPEG, START_OF_SCAN = b"\xff\xd8\xff", b"\xff\xda"
MAX_SCANS = 64  # of a progressive JPEG, which usually has ten; each costs a whole pass
KINDS = (JPEG, b"\x89PNG\r\n\x1a\n", b"BM")


def opencv() -> Any:
    """Import OpenCV, on first use: it takes longer to load than the rest of the program.

    Its own limit on pictures is read when it is imported, so it is imported here only.
    """
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
    import cv2

    return cv2


def decode_grey(data: bytes) -> Grey:
    """Return an encoded picture (JPEG, PNG, WebP, BMP) in grey, or raise BadPicture."""
    if not data or len(data) > MAX_FILE_BYTES:
        raise BadPicture(f"{len(data)} bytes; wanted a picture of at most {MAX_FILE_BYTES}")
    if not (data.startswith(KINDS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")):
        raise BadPicture(f"{len(data)} bytes that are no JPEG, PNG, WebP or BMP")
    if data.startswith(JPEG) and data.count(START_OF_SCAN) > MAX_SCANS:
        raise BadPicture("a JPEG in more steps than any camera makes")
    cv2 = opencv()
    import numpy as np

    try:
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        grey = None  # OpenCV says so of pictures over its limit
    if grey is None:
        raise BadPicture(f"{len(data)} bytes that are no picture of up to {MAX_PIXELS} pixels")
    return grey  # type: ignore[no-any-return]  # cv2 is Any here


def bounds(position: Any) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of where a decoder saw a code, in pixels."""
    corners = [position.top_left, position.top_right, position.bottom_right, position.bottom_left]
    xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
    return min(xs), min(ys), max(xs), max(ys)


def fitted(grey: Grey, longest: int) -> Grey:
    """Return a picture whose longest side is at most so many pixels."""
    side = max(grey.shape[:2], default=0)
    return grey if side <= longest else scaled(grey, longest / side)


def scaled(grey: Grey, by: float) -> Grey:
    """Return a picture made smaller (area) or larger (cubic)."""
    cv2 = opencv()
    size = (max(1, round(grey.shape[1] * by)), max(1, round(grey.shape[0] * by)))
    how = cv2.INTER_AREA if by < 1 else cv2.INTER_CUBIC
    return cv2.resize(grey, size, interpolation=how)  # type: ignore[no-any-return]  # cv2 is Any here
