"""Pictures: decode them to grey, with limits that are checked first, and scale them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from scanner.errors import BadPicture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]  # rows × columns, 8 bits

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_PIXELS = 25_000_000  # twice what phones take; refused before a pixel is decoded
JPEG, START_OF_SCAN = b"\xff\xd8\xff", b"\xff\xda"
MAX_JPEG_SCANS = 64  # a progressive JPEG usually has ten, and each takes a pass over the picture
SIGNATURES = (JPEG, b"\x89PNG\r\n\x1a\n", b"BM")


def opencv() -> Any:
    """Return OpenCV, imported on first use: it takes longer to load than the rest of the program.

    OpenCV reads its own limit on pictures when it is imported, so nothing else imports it.
    """
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
    import cv2

    return cv2


def decode_grey(data: bytes) -> Grey:
    """Return an encoded picture (JPEG, PNG, WebP, BMP) in grey.

    Raises BadPicture if the bytes are not such a picture, or it is over a limit.
    """
    if not data or len(data) > MAX_FILE_BYTES:
        raise BadPicture(f"{len(data)} bytes; expected a picture of at most {MAX_FILE_BYTES}")
    if not (data.startswith(SIGNATURES) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")):
        raise BadPicture(f"{len(data)} bytes; expected a JPEG, PNG, WebP or BMP")
    if data.startswith(JPEG) and data.count(START_OF_SCAN) > MAX_JPEG_SCANS:
        raise BadPicture(f"a JPEG of more than {MAX_JPEG_SCANS} scans; no camera makes one")
    cv2 = opencv()
    import numpy as np

    try:
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        grey = None  # a picture over its limit
    if grey is None:
        raise BadPicture(f"{len(data)} bytes; expected a picture of at most {MAX_PIXELS} pixels")
    return grey  # type: ignore[no-any-return]  # cv2 is Any here


def bounds(position: Any) -> tuple[int, int, int, int]:
    """Return the left, top, right and bottom (pixels) of the position where a code was seen."""
    corners = [position.top_left, position.top_right, position.bottom_right, position.bottom_left]
    xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
    return min(xs), min(ys), max(xs), max(ys)


def halved(grey: Grey) -> Grey:
    """Return a picture at exactly half its size, without a last odd row or column.

    Each pixel is the mean of four.  It takes a thirtieth of the time of any other factor.
    """
    cv2 = opencv()
    height, width = (max(1, side // 2) for side in grey.shape[:2])
    even = grey[: 2 * height, : 2 * width]
    return cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[no-any-return]  # cv2 is Any here


def reduced(grey: Grey, max_side: int) -> Grey:
    """Return a picture, halved until its longer side has at most so many pixels."""
    while max(grey.shape[:2], default=0) > max_side:
        grey = halved(grey)
    return grey


def scaled(grey: Grey, factor: float) -> Grey:
    """Return a picture made smaller (by area) or larger (bicubic)."""
    cv2 = opencv()
    size = (max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor)))
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(grey, size, interpolation=interpolation)  # type: ignore[no-any-return]  # cv2 is Any here
