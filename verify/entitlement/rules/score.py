"""A band of a facility's points in the technical ranking (NĐ 188/2025 Đ19)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BELOW = re.compile(r"<(\d{1,3})\Z", re.ASCII)
_ABOVE = re.compile(r">(\d{1,3})\Z", re.ASCII)
_BETWEEN = re.compile(r"(\d{1,3})\.\.(\d{1,3})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class ScoreBand:
    """The points from `lowest` to `highest`, both included.

    `excluded` is the bound of `<` or `>`, which does not belong to the band.
    """

    text: str
    lowest: float = 0
    highest: float = 1_000
    excluded: float | None = None

    @classmethod
    def read(cls, text: str) -> ScoreBand:
        """Return the band of `*`, `<50`, `50..70` or `>70`. Raises ValueError for other text."""
        if text == "*":
            return cls(text)
        if match := _BELOW.match(text):
            return cls(text, highest=int(match[1]), excluded=int(match[1]))
        if match := _ABOVE.match(text):
            return cls(text, lowest=int(match[1]), excluded=int(match[1]))
        if match := _BETWEEN.match(text):
            lowest, highest = int(match[1]), int(match[2])
            if lowest <= highest:
                return cls(text, lowest=lowest, highest=highest)
        raise ValueError("*, <50, 50..70 or >70")

    def __contains__(self, points: float) -> bool:
        return self.lowest <= points <= self.highest and points != self.excluded
