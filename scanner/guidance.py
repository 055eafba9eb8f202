"""Why a code that is in view cannot be read, measured from the frame: the advice to the patient."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from scanner.picture import bounds, opencv

if TYPE_CHECKING:
    from scanner.picture import Grey

MIN_CODE_SIDE = 150  # pixels: a card's code of 69 modules needs 160
EDGE_MARGIN = 4  # pixels from the edge of the frame, within which a code counts as cut off
LIT_GREY = 55  # a lit code has more than a twentieth of its pixels above this
MIN_LIT_SHARE = 0.05
SATURATED_GREY = 250
MAX_SATURATED_SHARE = 0.12  # of a code: with more, a lamp is reflected
MIN_SHARPNESS = 60.0  # the variance of the Laplacian of a code in focus


class Advice(StrEnum):
    """What would help, the most certain first."""

    PARTS = "parts"  # the card is divided into several codes, and one of them is missing
    WHOLE = "whole"  # a part of the code is outside the picture
    CLOSER = "closer"
    BRIGHTER = "brighter"  # turn up the light of the screen
    GLARE = "glare"  # tilt it: a lamp is reflected
    STILL = "still"  # it moves, or is out of focus


def advice(grey: Grey, position: Any) -> Advice:
    """Return what would help to read the code that a decoder sees at a position."""
    cv2 = opencv()
    left, top, right, bottom = bounds(position)
    height, width = grey.shape[:2]
    is_cut_left_or_top = min(left, top) < EDGE_MARGIN
    if is_cut_left_or_top or right > width - EDGE_MARGIN or bottom > height - EDGE_MARGIN:
        return Advice.WHOLE
    if min(right - left, bottom - top) < MIN_CODE_SIDE:
        return Advice.CLOSER
    part = grey[top:bottom, left:right]
    shares = cv2.calcHist([part], [0], None, [256], [0, 256]).ravel() / part.size
    if float(shares[LIT_GREY:].sum()) < MIN_LIT_SHARE:
        return Advice.BRIGHTER
    is_sharp = float(cv2.Laplacian(part, cv2.CV_64F).var()) >= MIN_SHARPNESS
    if float(shares[SATURATED_GREY:].sum()) > MAX_SATURATED_SHARE and is_sharp:
        return Advice.GLARE
    return Advice.STILL
