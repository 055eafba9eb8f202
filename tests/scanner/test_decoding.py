"""Codes are drawn as pictures and read back."""

from __future__ import annotations

import io
import random
from typing import Any

import numpy as np
import pytest
import segno

from kiosk.sandbox import PEOPLE, payload_of
from scanner import BadPicture, decode_picture
from scanner.picture import MAX_FILE_BYTES, MAX_PIXELS, opencv
from tests.cast import NOW

cv2 = opencv()

PNG = b"\x89PNG\r\n\x1a\n"
FAMILIES = ["Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương"]
GIVEN = ["Mẫu", "Ánh", "Hường", "Kiều", "Thảo", "Phượng", "Vỹ", "Đạt", "Ơn", "Ưu", "Quỳnh"]


def drawn(payload: str | bytes, scale: int = 4, kind: str = "png", **more: Any) -> bytes:
    file = io.BytesIO()
    segno.make(payload, error="m", micro=False, **more).save(file, kind="png", scale=scale)
    if kind == "png":
        return file.getvalue()
    grey = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    return bytes(cv2.imencode(f".{kind}", grey)[1])


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.key)
@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
def test_every_pretend_phone_is_read(person: Any, kind: str) -> None:
    payload = payload_of(person, NOW)

    assert [code.payload for code in decode_picture(drawn(payload, kind=kind))] == [
        payload.encode()
    ]


def test_vietnamese_names_come_back_letter_for_letter() -> None:
    chance = random.Random(7)
    for _ in range(100):
        name = f"{chance.choice(FAMILIES)} {chance.choice(GIVEN)} {chance.choice(GIVEN)}"
        line = f"0010999{chance.randrange(10**5):05d}||{name}|01021980|Nữ|Xã Thử, Tỉnh Mẫu|15082021"
        # These codes name no encoding: a decoder that guesses one garbles the names.
        found = decode_picture(drawn(line.encode(), encoding=None, mode="byte"))
        assert [code.payload.decode() for code in found] == [line]


def test_a_light_code_on_a_dark_ground_is_read() -> None:
    grey = cv2.imdecode(np.frombuffer(drawn("dark mode"), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert grey is not None

    assert len(decode_picture(bytes(cv2.imencode(".png", 255 - grey)[1]))) == 1


def test_a_code_in_a_big_photo_is_read() -> None:
    photo = np.full((3000, 4000), 200, np.uint8)
    code = cv2.imdecode(np.frombuffer(drawn("big", scale=30), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert code is not None
    photo[500 : 500 + code.shape[0], 700 : 700 + code.shape[1]] = code

    found = decode_picture(bytes(cv2.imencode(".jpg", photo)[1]))

    assert [(code.payload, code.symbology, code.stage) for code in found] == [
        (b"big", "qr", "zxing_half")
    ]


def test_noise_holds_no_code() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (720, 1280), np.uint8)

    assert decode_picture(bytes(cv2.imencode(".png", noise)[1])) == []


def test_a_picture_of_one_pixel_holds_no_code() -> None:
    assert decode_picture(bytes(cv2.imencode(".png", np.zeros((1, 1), np.uint8))[1])) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"GIF89a" + bytes(50),
        b"BM" + bytes(50),
        drawn("x")[:60],
        PNG + bytes(50),
        bytes(MAX_FILE_BYTES + 1),
    ],
)
def test_bytes_that_are_not_a_picture_are_refused(data: bytes) -> None:
    with pytest.raises(BadPicture):
        decode_picture(data)


def test_a_picture_with_too_many_pixels_is_refused() -> None:
    side = int(MAX_PIXELS**0.5) + 100
    bomb = bytes(cv2.imencode(".png", np.zeros((side, side), np.uint8))[1])

    assert len(bomb) < MAX_FILE_BYTES
    with pytest.raises(BadPicture):
        decode_picture(bomb)
