"""The advice to the patient if a code is in view and cannot be read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bench.phones import SIZES, pictures
from scanner.guidance import Advice, advice
from scanner.picture import decode_grey, opencv
from tests.scanner.test_decoding import drawn

cv2 = opencv()
CODE = decode_grey(drawn("x" * 200, scale=5))
SIDE = CODE.shape[0]


def frame(code: Any, left: int = 300, top: int = 150) -> tuple[Any, Any]:
    """Return a frame with a code in it, and the position of the code."""
    picture = np.full((720, 1280), 90, np.uint8)
    height, width = code.shape
    picture[top : top + height, left : left + width] = code
    point = SimpleNamespace
    corners = SimpleNamespace(
        top_left=point(x=left, y=top),
        top_right=point(x=left + width, y=top),
        bottom_right=point(x=left + width, y=top + height),
        bottom_left=point(x=left, y=top + height),
    )
    return picture, corners


def lamp(code: Any) -> Any:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    away = ((rows - SIDE / 2) ** 2 + (columns - SIDE / 2) ** 2) / (0.45 * SIDE) ** 2
    return np.clip(code * 0.7 + 400 * np.exp(-away), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("code", "place", "expected"),
    [
        (CODE, {"left": 0}, Advice.WHOLE),
        (CODE, {"top": 1}, Advice.WHOLE),
        (cv2.resize(CODE, (100, 100)), {}, Advice.CLOSER),
        ((CODE * 0.12).astype(np.uint8), {}, Advice.BRIGHTER),
        (lamp(CODE), {}, Advice.GLARE),
        (cv2.GaussianBlur((CODE * 0.8).astype(np.uint8), (0, 0), 8), {}, Advice.STILL),
        ((CODE * 0.7).astype(np.uint8), {}, Advice.STILL),
    ],
    ids=["left edge", "top edge", "small", "dark", "lamp", "unsharp", "nothing else"],
)
def test_the_advice_fits_what_is_wrong(code: Any, place: dict[str, int], expected: Advice) -> None:
    assert advice(*frame(code, **place)) is expected


def test_a_code_that_is_read_gives_no_advice() -> None:
    from scanner.decoding import look_at

    assert all(look_at(picture).advice is None for _, picture in pictures(SIZES["vga"], "plain", 3))
