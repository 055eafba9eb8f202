"""A picture tiled with finder patterns is not decoded, and no real picture counts as one."""

from __future__ import annotations

import random

import numpy as np
import pytest

from bench.phones import FRAME_KINDS, SIZES, pictures
from scanner.cost_guard import is_too_costly
from scanner.decoding import DecodingResult, look_at

FINDER = np.full((8, 8), 255, np.uint8)
FINDER[:7, :7] = 0
FINDER[1:6, 1:6] = 255
FINDER[2:5, 2:5] = 0


@pytest.fixture(autouse=True)
def the_same_lines() -> None:
    """Sample the same lines in each run; one sample in 500 misses a tiling."""
    random.seed(3)


@pytest.mark.parametrize(("pixels", "side"), [(1, 1280), (1, 1920), (2, 1920)])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_tiling_of_finder_patterns_is_not_decoded(pixels: int, side: int, inverted: bool) -> None:
    tile = np.kron(FINDER, np.ones((pixels, pixels), np.uint8))
    count = side // len(tile)
    picture = np.tile(255 - tile if inverted else tile, (count, count))

    assert is_too_costly(picture)
    assert look_at(picture) == DecodingResult()  # to decode it took eleven seconds


def test_bands_and_white_rows_do_not_hide_a_tiling() -> None:
    picture = np.tile(FINDER, (240, 240))
    banded = (picture // 4 + 180).astype(np.uint8)
    banded[:, 600:1200] = 0
    striped = picture.copy()
    striped[::31] = 255

    assert is_too_costly(banded)
    assert is_too_costly(striped)


@pytest.mark.parametrize("widths", [(7, 3), (10, 20), (4, 12)])
def test_stripes_behind_a_card_are_not_too_costly(widths: tuple[int, int]) -> None:
    dark, light = widths
    row = np.tile([60] * dark + [200] * light + [60] * dark + [200] * dark, 100)[:1280]
    stripes = np.tile(row.astype(np.uint8), (720, 1))

    assert not is_too_costly(stripes)
    assert not is_too_costly(np.ascontiguousarray(stripes.T))


@pytest.mark.parametrize("kind", FRAME_KINDS)
def test_pictures_of_phones_are_not_too_costly_however_dim_or_noisy(kind: str) -> None:
    chance = np.random.default_rng(4)
    for _, frame in pictures(SIZES["720p"], kind, 4):
        dark = frame.astype(np.float64) / 12 + chance.normal(12, 6, frame.shape)
        assert not is_too_costly(frame)
        assert not is_too_costly(dark.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("shape", [(21, 21), (480, 640), (1080, 1920), (5000, 21)])
def test_noise_and_empty_pictures_are_not_too_costly(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, shape, np.uint8)

    assert not is_too_costly(noise)
    assert not is_too_costly(np.zeros(shape, np.uint8))
