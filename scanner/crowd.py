"""Whether a picture is made to keep a decoder busy: a crowd of marks that only codes have.

A QR code has three finder patterns, whose rows run dark, light, dark, light, dark as 1:1:3:1:1
(ISO/IEC 18004).  A decoder tries them in threes, so that a picture tiled with them costs seconds;
no desk shows more than a few.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.picture import Grey

EVERY = 31  # rows: a prime, so that no tiling hides between them
MOST = 24  # of such runs a row, on the average: three codes side by side make six at most …
SHARE = 0.05  # … and of all runs: noise has many, but most of its runs are others
MODULES = (1, 1, 3, 1, 1)


def is_crowded(grey: Grey) -> bool:
    """Tell whether a picture has more finder patterns than any desk shows."""
    import numpy as np

    rows = grey[::EVERY]
    dark = rows < rows.mean(axis=1, keepdims=True)
    runs = np.diff(np.flatnonzero(dark[:, 1:] != dark[:, :-1]))
    if len(runs) < MOST * len(rows):
        return False
    fives = np.lib.stride_tricks.sliding_window_view(runs, len(MODULES))
    total = fives.sum(axis=1, keepdims=True)
    off = np.abs(sum(MODULES) * fives - total * np.array(MODULES))
    found = (off * 2 <= total).all(axis=1).sum()
    return bool(found > max(MOST * len(rows), SHARE * len(fives)))
