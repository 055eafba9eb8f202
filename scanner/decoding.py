"""Find QR codes in a picture.

The bytes of a code are taken as they are and left to `verify` to read as UTF-8: a decoder
that guesses an encoding garbles Vietnamese names.  Every picture is capped in size first.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scanner.errors import BadPicture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]

MAX_FILE = 16 * 1024 * 1024  # bytes
MAX_PIXELS = 25_000_000  # twice what phones take; refused before a pixel is unpacked
KINDS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM")
MAX_SIDE = 1_920  # pixels shown to the decoder
MIN_SIDE = 21  # the smallest QR code has 21 modules a side

_few_at_once = threading.BoundedSemaphore(2)  # pictures take memory; scans must not wait for them


@dataclass(frozen=True, slots=True)
class Decoded:
    """One code: its bytes, what kind it is and which stage found it."""

    payload: bytes = field(repr=False)
    symbology: str
    stage: str


def decode_picture(data: bytes) -> list[Decoded]:
    """Return the codes in an encoded picture (JPEG, PNG, WebP …), or raise BadPicture."""
    if not data or len(data) > MAX_FILE:
        raise BadPicture(f"{len(data)} bytes; wanted a picture of at most {MAX_FILE}")
    if not (data.startswith(KINDS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")):
        raise BadPicture(f"{len(data)} bytes that are no JPEG, PNG, WebP or BMP")
    with _few_at_once:
        return _decode_picture(data)


def _decode_picture(data: bytes) -> list[Decoded]:
    cv2 = opencv()
    import numpy as np

    try:
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        grey = None  # OpenCV says so of pictures over its limit
    if grey is None:
        raise BadPicture(f"{len(data)} bytes that are no picture of up to {MAX_PIXELS} pixels")
    return decode_frame(grey)


def decode_frame(grey: Grey) -> list[Decoded]:
    """Return the codes in a grey picture of 8 bits."""
    import zxingcpp

    frame = _fitted(grey)
    if min(frame.shape[:2], default=0) < MIN_SIDE:
        return []
    found = zxingcpp.read_barcodes(
        frame,
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
        text_mode=zxingcpp.TextMode.Plain,
    )
    return [Decoded(bytes(code.bytes), "qr", "zxing") for code in found]


def _fitted(grey: Grey) -> Grey:
    longest = max(grey.shape[:2], default=0)
    if longest <= MAX_SIDE:
        return grey
    cv2 = opencv()
    scale = MAX_SIDE / longest
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)  # type: ignore[no-any-return]  # cv2 is Any here


def opencv() -> Any:
    """Import OpenCV, on first use: it takes longer to load than the rest of the program.

    Its own limit on pictures is read when it is imported, so it is imported here only.
    """
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
    import cv2

    return cv2
