"""Prepare a grey picture before a decoder tries it again.

Measured on 890 public pictures: what helps is to enlarge the picture and to even out the light,
since the decoder needs modules of more than two pixels.  Blurs against moiré hardly help.  In the
dark it helps most to average neighbouring pixels before the light is evened out, in floating
point: the few steps of grey that are left there are lost in the noise otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scanner.picture import bounds, halved, opencv, scaled

if TYPE_CHECKING:
    from scanner.picture import Grey

MAX_ENLARGED_SIDE = 1_300  # pixels: enlarging a larger picture takes time and finds nothing new
SLIGHT_ENLARGEMENT, DOUBLE_ENLARGEMENT = 1.25, 2.0
BACKGROUND_GREY = 160  # that the background gets when the light is evened out
BRIGHT_BACKGROUND_GREY = 235
MIN_BACKGROUND = 0.3  # grey: nothing in a darker place is worth making brighter
CUT_OUT_SIDE = 450  # pixels, to which a code that is cut out is scaled: larger reads no more
MAX_CUT_OUT_ENLARGEMENT = 4.0
CUT_OUT_MARGIN = 0.25  # of the side of the code, kept around it


def flat(grey: Grey, background: int = BACKGROUND_GREY) -> Grey:
    """Even out the light: divide by a local mean over an eighth of the picture's width."""
    cv2 = opencv()
    height, width = grey.shape[:2]
    small = scaled(grey, 0.25)
    side = max(3, small.shape[1] // 8)
    wide = cv2.resize(cv2.blur(small, (side, side)), (width, height))
    return cv2.divide(grey, wide, scale=background)  # type: ignore[no-any-return]  # cv2 is Any here


def flat_calm(grey: Grey) -> Grey:
    """Average four pixels against noise, even out the light, and restore the size."""
    import numpy as np

    cv2 = opencv()
    calm = halved(grey.astype(np.float32))
    height, width = calm.shape[:2]
    small = scaled(calm, 0.25)
    side = max(3, small.shape[1] // 8)
    wide = cv2.resize(cv2.blur(small, (side, side)), (width, height))
    even = np.minimum(calm * (BACKGROUND_GREY / np.maximum(wide, MIN_BACKGROUND)), 255)
    return cv2.resize(even.astype(np.uint8), (grey.shape[1], grey.shape[0]))  # type: ignore[no-any-return]  # cv2 is Any here


def contrast_calm(grey: Grey) -> Grey:
    """Average four pixels against noise, spread the contrast locally, and restore the size."""
    return contrast_twice(halved(grey))


def twice(grey: Grey) -> Grey:
    """Double the size, unless the picture is large already."""
    return grey if max(grey.shape[:2]) > MAX_ENLARGED_SIDE else scaled(grey, DOUBLE_ENLARGEMENT)


def flat_larger(grey: Grey) -> Grey:
    """Even out the light, then enlarge a little.

    It takes half the time of `flat_twice`, and reads as many codes.
    """
    even = flat(grey)
    return even if max(grey.shape[:2]) > MAX_ENLARGED_SIDE else scaled(even, SLIGHT_ENLARGEMENT)


def flat_twice(grey: Grey) -> Grey:
    """Even out the light, then double the size."""
    return twice(flat(grey))


def flat_bright(grey: Grey) -> Grey:
    """Even out the light, with a brighter background."""
    return flat(grey, BRIGHT_BACKGROUND_GREY)


def contrast(grey: Grey) -> Grey:
    """Spread the contrast locally (CLAHE)."""
    return opencv().createCLAHE(2.0, (8, 8)).apply(grey)  # type: ignore[no-any-return]  # cv2 is Any here


def contrast_twice(grey: Grey) -> Grey:
    """Spread the contrast locally, then double the size."""
    return twice(contrast(grey))


def thick(grey: Grey) -> Grey:
    """Thicken the dark parts."""
    return opencv().erode(grey, _ones(3))  # type: ignore[no-any-return]  # cv2 is Any here


def thick_twice(grey: Grey) -> Grey:
    """Double the size, then thicken the dark parts."""
    return thick(twice(grey))


def sharp_twice(grey: Grey) -> Grey:
    """Double the size, then sharpen the edges."""
    return sharp(twice(grey))


def sharp(grey: Grey) -> Grey:
    """Sharpen the edges (unsharp mask)."""
    cv2 = opencv()
    blurred = cv2.GaussianBlur(grey, (0, 0), 2.0)
    return cv2.addWeighted(grey, 2.0, blurred, -1.0, 0)  # type: ignore[no-any-return]  # cv2 is Any here


def flat_sharp(grey: Grey) -> Grey:
    """Even out the light, then sharpen the edges."""
    return sharp(flat(grey))


def soft(grey: Grey) -> Grey:
    """Blur a little, for zbar: the grid of a screen's pixels misleads it."""
    return opencv().GaussianBlur(grey, (3, 3), 0)  # type: ignore[no-any-return]  # cv2 is Any here


def cut_out(grey: Grey, position: Any) -> Grey:
    """Return a code that was seen but could not be corrected, with a margin, enlarged."""
    left, top, right, bottom = bounds(position)
    margin = round(CUT_OUT_MARGIN * max(right - left, bottom - top, 1))
    part = grey[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin]
    side = max(part.shape[:2], default=0)
    return part if side == 0 else scaled(part, min(MAX_CUT_OUT_ENLARGEMENT, CUT_OUT_SIDE / side))


def _ones(side: int) -> Any:
    import numpy as np

    return np.ones((side, side), np.uint8)
