"""Pictures: decode them to grey, with limits that are checked first, and scale them.

A transparent picture is laid over white, as a page shows it: many programs write black as the
colour of what is not there.  Over black it can be decoded again, for a light code.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from scanner.errors import BadPicture
from scanner.transparency import PNG, grey_key, is_deep, is_transparent, pixels_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]  # rows × columns, 8 bits

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_PIXELS = 25_000_000  # twice what phones take; refused before a pixel is decoded
MAX_DEEP_PIXELS = MAX_PIXELS // 2  # of a transparent picture with 16 bits: each takes eight bytes
JPEG, START_OF_SCAN = b"\xff\xd8\xff", b"\xff\xda"
MAX_JPEG_SCANS = 64  # a progressive JPEG usually has ten, and each takes a pass over the picture
SIGNATURES = (JPEG, PNG, b"BM")
WHITE, BLACK = 255, 0


def opencv() -> Any:
    """Return OpenCV, imported on first use: it takes longer to load than the rest of the program.

    OpenCV reads its own limit on pictures when it is imported, so nothing else imports it.
    """
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
    import cv2

    return cv2


def decode_grey(data: bytes, background: int = WHITE) -> Grey:
    """Return an encoded picture (JPEG, PNG, WebP, BMP) in grey, over a background if transparent.

    Raises BadPicture if the bytes are not such a picture, or it is over a limit.
    """
    if not data or len(data) > MAX_FILE_BYTES:
        raise BadPicture(f"{len(data)} bytes; expected a picture of at most {MAX_FILE_BYTES}")
    if not (data.startswith(SIGNATURES) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")):
        raise BadPicture(f"{len(data)} bytes; expected a JPEG, PNG, WebP or BMP")
    if data.startswith(JPEG) and data.count(START_OF_SCAN) > MAX_JPEG_SCANS:
        raise BadPicture(f"a JPEG of more than {MAX_JPEG_SCANS} scans; no camera makes one")
    if not is_transparent(data):
        return _decoded(data, opencv().IMREAD_GRAYSCALE)  # type: ignore[no-any-return]  # cv2 is Any here
    if is_deep(data) and pixels_of(data) > MAX_DEEP_PIXELS:
        raise BadPicture(f"transparent, with 16 bits; expected at most {MAX_DEEP_PIXELS} pixels")
    return _laid_over(_decoded(data, opencv().IMREAD_UNCHANGED), grey_key(data), background)


def _decoded(data: bytes, flags: int) -> Any:
    """Return a picture as OpenCV decodes it. Raises BadPicture if it cannot be decoded."""
    cv2 = opencv()
    import numpy as np

    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        picture = None  # a picture over its limit
    if picture is None:
        raise BadPicture(f"{len(data)} bytes; expected a picture of at most {MAX_PIXELS} pixels")
    return picture


def _laid_over(picture: Any, key: int | None, background: int) -> Grey:
    """Return a decoded picture in grey, laid over a background.

    `key` is the grey that stands for what is transparent, if the picture has one.
    """
    cv2 = opencv()
    import numpy as np

    transparent = picture == key if picture.ndim == 2 and key is not None else None
    if picture.dtype != np.uint8:
        picture = (picture >> 8).astype(np.uint8)
    if picture.ndim == 2:
        if transparent is not None:
            picture[transparent] = background
        return picture  # type: ignore[no-any-return]  # cv2 is Any here
    if picture.shape[2] != 4:
        return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)  # type: ignore[no-any-return]  # cv2 is Any here
    grey, alpha = cv2.cvtColor(picture, cv2.COLOR_BGRA2GRAY), cv2.extractChannel(picture, 3)
    if background == BLACK:
        return cv2.multiply(grey, alpha, scale=1 / 255)  # type: ignore[no-any-return]  # cv2 is Any here
    cv2.bitwise_not(grey, dst=grey)
    cv2.multiply(grey, alpha, dst=grey, scale=1 / 255)
    return cv2.bitwise_not(grey, dst=grey)  # type: ignore[no-any-return]  # cv2 is Any here


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
