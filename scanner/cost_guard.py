"""Whether a picture is made to keep a decoder busy: a crowd of marks that only codes have.

A QR code has three finder patterns, whose rows run dark, light, dark, light, dark as 1:1:3:1:1
(ISO/IEC 18004).  A decoder tries them in threes, so that a picture tiled with them costs seconds;
no desk shows more than a few.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.picture import Grey

SAMPLE = 64  # rows, and columns, that are looked at: drawn by lot, so that none is safe
MOST = 16  # of such runs a row, on the average: three codes side by side make six at most …
SHARE = 0.05  # … and of all runs: noise has many, but most of its runs are others
MODULES = (1, 1, 3, 1, 1)
STEP, BUSY = 16, 0.06  # of grey between two pixels; share of such pairs
AROUND = 24  # pixels to each side whose mean tells dark from light


def is_too_costly(grey: Grey) -> bool:
    """Tell whether a picture has more finder patterns than any desk shows, across and down."""
    rows, columns = _drawn(grey.shape[0]), _drawn(grey.shape[1])
    if not _are_busy(grey[rows[::8]]):
        return False  # nearly always, and at once
    return _have_many(grey[rows]) and _have_many(grey[:, columns].T)


def _drawn(count: int) -> list[int]:
    return sorted(random.sample(range(count), min(SAMPLE, count)))


def _are_busy(lines: Grey) -> bool:
    """Tell whether a picture changes so often along its lines as small marks everywhere do."""
    import numpy as np

    steps = np.abs(np.diff(lines.astype(np.int16), axis=1))
    return bool((steps > STEP).mean() > BUSY)


def _have_many(lines: Grey) -> bool:
    import numpy as np

    if lines.shape[1] <= 2 * AROUND:
        return False
    sums = np.cumsum(lines, axis=1, dtype=np.int32)
    means = (sums[:, 2 * AROUND :] - sums[:, : -2 * AROUND]) // (2 * AROUND)
    dark = lines[:, AROUND:-AROUND] < means
    runs = np.diff(np.flatnonzero(dark[:, 1:] != dark[:, :-1]))
    if len(runs) < MOST * len(lines):
        return False
    fives = np.lib.stride_tricks.sliding_window_view(runs, len(MODULES))
    total = fives.sum(axis=1, keepdims=True)
    off = np.abs(sum(MODULES) * fives - total * np.array(MODULES))
    found = (off * 2 <= total).all(axis=1).sum()
    return bool(found > max(MOST * len(lines), SHARE * len(fives)))
