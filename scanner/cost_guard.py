"""Refuse pictures that are made to keep a decoder busy: those full of finder patterns.

A QR code has three finder patterns, whose rows run dark, light, dark, light, dark as 1:1:3:1:1
(ISO/IEC 18004).  A decoder tries them in threes, so that a picture tiled with them costs seconds.
No picture at a desk shows more than a few.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.picture import Grey

SAMPLED_LINES = 64  # rows, and columns: drawn at random, so that no picture can avoid them
MAX_PATTERNS_PER_LINE = 16  # on average: three codes side by side have at most six
MAX_PATTERN_SHARE = 0.05  # of all runs of five: noise has many patterns, but more other runs
PATTERN_MODULES = (1, 1, 3, 1, 1)
MIN_GREY_STEP = 16  # between two neighbouring pixels, to count as a change
MAX_CHANGE_SHARE = 0.06  # of neighbouring pixels: with fewer changes the picture is harmless
MEAN_RADIUS = 24  # pixels to each side, whose mean separates dark from light


def is_too_costly(grey: Grey) -> bool:
    """Return whether a picture has more finder patterns than any desk shows.

    Both rows and columns have to be full of them.
    """
    rows, columns = _sample(grey.shape[0]), _sample(grey.shape[1])
    if not _change_often(grey[rows[::8]]):
        return False  # the answer for nearly all pictures, and the quickest
    return _have_many_patterns(grey[rows]) and _have_many_patterns(grey[:, columns].T)


def _sample(count: int) -> list[int]:
    return sorted(random.sample(range(count), min(SAMPLED_LINES, count)))


def _change_often(lines: Grey) -> bool:
    """Return whether the lines change as often as a picture full of small marks does."""
    import numpy as np

    steps = np.abs(np.diff(lines.astype(np.int16), axis=1))
    return bool((steps > MIN_GREY_STEP).mean() > MAX_CHANGE_SHARE)


def _have_many_patterns(lines: Grey) -> bool:
    import numpy as np

    width = 2 * MEAN_RADIUS
    if lines.shape[1] <= width:
        return False
    sums = np.cumsum(lines, axis=1, dtype=np.int32)
    means = (sums[:, width:] - sums[:, :-width]) // width
    dark = lines[:, MEAN_RADIUS:-MEAN_RADIUS] < means
    runs = np.diff(np.flatnonzero(dark[:, 1:] != dark[:, :-1]))
    if len(runs) < MAX_PATTERNS_PER_LINE * len(lines):
        return False
    fives = np.lib.stride_tricks.sliding_window_view(runs, len(PATTERN_MODULES))
    total = fives.sum(axis=1, keepdims=True)
    deviation = np.abs(sum(PATTERN_MODULES) * fives - total * np.array(PATTERN_MODULES))
    patterns = (deviation * 2 <= total).all(axis=1).sum()
    limit = max(MAX_PATTERNS_PER_LINE * len(lines), MAX_PATTERN_SHARE * len(fives))
    return bool(patterns > limit)
