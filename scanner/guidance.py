"""Why a code that is in view cannot be read, measured from the frame: what to tell the patient."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from scanner.picture import bounds, opencv

if TYPE_CHECKING:
    from scanner.picture import Grey

SMALL = 150  # pixels a side: a card's code of 69 modules needs 160
EDGE = 4  # pixels from the frame's edge
DARK = 55  # grey that the lightest twentieth of a lit code is above
WHITE = 250
BLIND = 0.12  # of a code that is saturated: a lamp's reflection
SHARP = 60.0  # variance of the Laplacian, against the contrast, of a code in focus


class Advice(StrEnum):
    """What would help, the surest first."""

    WHOLE = "whole"  # a part of it is outside the picture
    CLOSER = "closer"
    BRIGHTER = "brighter"  # turn the screen's light up
    GLARE = "glare"  # tilt it: a lamp is reflected
    STILL = "still"  # it moves, or is out of focus


def advice(grey: Grey, position: Any) -> Advice:
    """Return what would help to read the code that is seen at a position."""
    cv2 = opencv()
    left, top, right, bottom = bounds(position)
    height, width = grey.shape[:2]
    if min(left, top) < EDGE or right > width - EDGE or bottom > height - EDGE:
        return Advice.WHOLE
    if min(right - left, bottom - top) < SMALL:
        return Advice.CLOSER
    part = grey[top:bottom, left:right]
    counts = cv2.calcHist([part], [0], None, [256], [0, 256]).ravel() / part.size
    if float(counts[DARK:].sum()) < 0.05:
        return Advice.BRIGHTER
    blurred = float(cv2.Laplacian(part, cv2.CV_64F).var()) < SHARP
    if float(counts[WHITE:].sum()) > BLIND and not blurred:
        return Advice.GLARE
    return Advice.STILL
