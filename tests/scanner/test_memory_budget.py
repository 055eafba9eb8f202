"""Pictures that are decoded at once share a bounded memory."""

from __future__ import annotations

import pytest

from scanner import Busy
from scanner.memory_budget import MemoryBudget, pixels_to_decode
from scanner.picture import MAX_PIXELS, opencv

KINDS = [".jpg", ".png", ".bmp", ".webp"]


def encoded(kind: str, channels: int = 3, **parameters: int) -> bytes:
    import numpy as np

    picture = np.zeros((70, 130, channels), np.uint8)
    picture[10:40] = 200
    flags = [
        value for pair in parameters.items() for value in (getattr(opencv(), pair[0]), pair[1])
    ]
    return bytes(opencv().imencode(kind, picture, flags)[1])


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_of_a_picture_is_read_from_its_header(kind: str) -> None:
    assert pixels_to_decode(encoded(kind)) == 70 * 130


def test_the_size_is_read_from_every_kind_of_jpeg_and_webp() -> None:
    assert pixels_to_decode(encoded(".jpg", IMWRITE_JPEG_PROGRESSIVE=1)) == 70 * 130
    assert pixels_to_decode(encoded(".webp", IMWRITE_WEBP_QUALITY=50)) == 70 * 130


@pytest.mark.parametrize("kind", [".png", ".webp"])
def test_a_transparent_picture_counts_four_times(kind: str) -> None:
    assert pixels_to_decode(encoded(kind, channels=4)) == 4 * 70 * 130


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_that_is_cut_off_counts_as_the_largest_picture_or_ends(kind: str) -> None:
    whole = encoded(kind)
    for length in range(40):
        assert pixels_to_decode(whole[:length]) > 0
    assert pixels_to_decode(b"") == MAX_PIXELS
    assert pixels_to_decode(b"\xff\xd8\xff\xe0" + bytes(1000)) == MAX_PIXELS


def test_large_pictures_take_turns_and_a_frame_fits_beside_one() -> None:
    memory = MemoryBudget()
    with memory.reserve(16_000_000, 0):
        with pytest.raises(Busy), memory.reserve(16_000_000, 0):
            pass
        with memory.reserve(2_000_000, 0), pytest.raises(Busy), memory.reserve(1, 0):
            pass
    with memory.reserve(10**12, 0), memory.reserve(5_000_000, 0):
        pass  # what claims to be larger is refused by its size later
    with memory.reserve(16_000_000, 0):
        pass
