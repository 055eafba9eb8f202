"""Codes in transparent pictures are read, whatever colour the file gives to what is not there."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
import segno

from scanner import BadPicture, decode_picture
from scanner.picture import BLACK, MAX_DEEP_PIXELS, WHITE, decode_grey, opencv
from scanner.transparency import is_transparent

cv2 = opencv()
TEXT = "DN4019999900301|Mẫu|" * 4
CODE = segno.make(TEXT, error="m", micro=False)
DARK = np.array([list(row) for row in CODE.matrix_iter(border=4)], bool)
DARK = DARK.repeat(5, axis=0).repeat(5, axis=1)
NOTHING = (0, 0, 0, 0)
COLOURS = {  # blue, green, red and alpha: of the modules, and of the ground
    "black on transparent black": ((0, 0, 0, 255), NOTHING),
    "black on transparent white": ((0, 0, 0, 255), (255, 255, 255, 0)),
    "white on transparent black": ((255, 255, 255, 255), NOTHING),
    "white on transparent white": ((255, 255, 255, 255), (255, 255, 255, 0)),
    "blue on transparent": ((120, 40, 10, 255), NOTHING),
    "half transparent": ((0, 0, 0, 150), NOTHING),
    "holes in white": (NOTHING, (255, 255, 255, 255)),
    "holes in black": (NOTHING, (0, 0, 0, 255)),
    "opaque": ((0, 0, 0, 255), (255, 255, 255, 255)),
}


def painted(colours: str) -> Any:
    modules, ground = COLOURS[colours]
    return np.where(DARK[..., None], modules, ground).astype(np.uint8)


def png(rows: Any, colour_type: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of 8 bits with rows as they are stored, and chunks before the data."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    height, width = rows.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    lines = b"".join(b"\0" + row.astype(np.uint8).tobytes() for row in rows)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize("colours", COLOURS)
@pytest.mark.parametrize("kind", ["png", "webp", "16 bits"])
def test_a_transparent_picture_is_read(colours: str, kind: str) -> None:
    picture = painted(colours)
    if kind == "16 bits":
        picture = picture.astype(np.uint16) * 257
    lossless = [cv2.IMWRITE_WEBP_QUALITY, 101] if kind == "webp" else []
    data = bytes(cv2.imencode(".webp" if kind == "webp" else ".png", picture, lossless)[1])

    assert [code.payload.decode() for code in decode_picture(data)] == [TEXT]


@pytest.mark.parametrize(
    "data",
    [
        png(np.dstack([np.zeros_like(DARK), DARK * 255]), 4),
        png(DARK, 3, (b"PLTE", bytes(6)), (b"tRNS", b"\x00\xff")),
        png(np.where(DARK, 0, 7), 0, (b"tRNS", b"\x00\x07")),
        png(np.where(DARK, 255, 250), 0, (b"tRNS", b"\x00\xfa")),
        png(
            np.where(DARK[..., None], [0, 0, 0], [9, 8, 7]),
            2, (b"tRNS", b"\x00\x09\x00\x08\x00\x07"),
        ),
    ],
    ids=["grey and alpha", "palette", "grey that means nothing", "white modules", "key colour"],
)  # fmt: skip
def test_every_way_of_a_png_to_be_transparent_is_understood(data: bytes) -> None:
    assert is_transparent(data)
    assert [code.payload.decode() for code in decode_picture(data)] == [TEXT]


@pytest.mark.parametrize(
    "colours", [{"light": None}, {"light": None, "dark": "white"}, {"light": None, "dark": "#ffe"}]
)
def test_codes_without_a_ground_as_a_generator_writes_them_are_read(colours: Any) -> None:
    file = io.BytesIO()
    CODE.save(file, kind="png", scale=4, **colours)

    assert [code.payload.decode() for code in decode_picture(file.getvalue())] == [TEXT]


def test_the_background_shows_only_through_what_is_transparent() -> None:
    picture = np.array([[NOTHING, (40, 40, 40, 255), (200, 200, 200, 128)]], np.uint8)
    data = bytes(cv2.imencode(".png", picture)[1])

    assert decode_grey(data, WHITE).tolist() == [[255, 40, 227]]
    assert decode_grey(data, BLACK).tolist() == [[0, 40, 100]]


def test_an_opaque_picture_is_decoded_as_before() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
    for kind in (".png", ".jpg", ".webp", ".bmp"):
        data = cv2.imencode(kind, noise)[1]
        assert not is_transparent(bytes(data))
        assert (decode_grey(bytes(data)) == cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)).all()


def test_a_deep_transparent_picture_is_refused_before_it_takes_too_much_memory() -> None:
    side = int(MAX_DEEP_PIXELS**0.5) + 100
    data = bytes(cv2.imencode(".png", np.zeros((side, side, 4), np.uint16))[1])

    with pytest.raises(BadPicture, match="16 bits"):
        decode_picture(data)


@pytest.mark.parametrize("cut", range(0, 120, 7))
def test_a_transparent_picture_that_is_cut_is_refused(cut: int) -> None:
    for kind in (".png", ".webp"):
        data = bytes(cv2.imencode(kind, painted("black on transparent black"))[1])
        with pytest.raises(BadPicture):
            decode_picture(data[:cut])
