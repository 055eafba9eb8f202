"""What a camera has in view: whether there is anything to see, and whether it has changed.

1.  A frame is divided into blocks, each with its mean and its deviation.
2.  A frame whose blocks all deviate alike, and less if pixels are averaged, shows nothing but
    noise: a wall, an empty desk, the dark.  A page of text in the dark deviates alike, too, but
    does not fade.
3.  A frame has changed if a block is brighter, darker, busier or duller than it was.

Both are measured, not guessed: of 1,100 drawn and real frames with a code that any stage reads,
none deviates so little as the limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scanner.picture import halved, opencv

if TYPE_CHECKING:
    from scanner.picture import Grey

BLOCK_SIDE = 16  # pixels of a frame at a quarter of its size: a code of a card has a few blocks
MIN_BLOCKS = 60  # a smaller frame may be filled by one code, whose blocks are all alike
MIN_CONTRAST = 1.5  # of the busiest block's deviation to the median: 1.1 to 1.4 in noise
MIN_DEVIATION = 0.3  # grey, counted as the median if it is less: compression leaves so much
FLAT_DEVIATION = 1.0  # grey, up to which a block is flat
MAX_NOISE = 8.0  # grey: blocks that deviate more are full of something, such as small modules
MAX_FADED_SHARE = 0.65  # of a deviation, when four pixels are averaged: 0.5 of noise
# By how much (grey, and share) the mean or the deviation of a block must change.
MEAN_STEP, MEAN_STEP_SHARE = 1.0, 0.04
DEVIATION_STEP, DEVIATION_STEP_SHARE = 1.0, 0.25


class Scene:
    """The blocks of one frame, for comparison with another of the same size."""

    def __init__(self, grey: Grey) -> None:
        """Measure a frame, given at half its size."""
        import numpy as np

        small: Any = halved(grey).astype(np.float32)
        self._mean, self._deviation = _blocks(small, BLOCK_SIDE)
        _, self._faded = _blocks(halved(small), BLOCK_SIDE // 2)

    @property
    def is_plain(self) -> bool:
        """Return whether the frame shows nothing but noise."""
        import numpy as np

        usual, faded = float(np.median(self._deviation)), float(np.median(self._faded))
        busiest = float(self._deviation.max())
        if self._deviation.size < MIN_BLOCKS or usual > MAX_NOISE:
            return False
        if busiest > MIN_CONTRAST * max(usual, MIN_DEVIATION):
            return False
        return usual < FLAT_DEVIATION or faded < MAX_FADED_SHARE * usual

    def differs_from(self, other: Scene) -> bool:
        """Return whether something has changed since another frame."""
        if self._mean.shape != other._mean.shape:
            return True
        mean_step = MEAN_STEP + MEAN_STEP_SHARE * other._mean
        step = DEVIATION_STEP + DEVIATION_STEP_SHARE * other._deviation
        return bool(
            (abs(self._mean - other._mean) > mean_step).any()
            or (abs(self._deviation - other._deviation) > step).any()
        )


def _blocks(grey: Any, side: int) -> tuple[Any, Any]:
    """Return the mean and the deviation of each block of a picture in floating point."""
    import numpy as np

    cv2 = opencv()
    size = tuple(max(1, pixels // side) for pixels in grey.shape[::-1])
    mean = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    of_squares = cv2.resize(grey * grey, size, interpolation=cv2.INTER_AREA)
    return mean, np.sqrt(np.maximum(of_squares - mean * mean, 0))
