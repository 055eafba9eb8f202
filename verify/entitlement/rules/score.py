"""A band of a facility's points in the technical ranking (NĐ 188/2025 Đ19)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BELOW = re.compile(r"<(\d{1,3})\Z", re.ASCII)
_ABOVE = re.compile(r">(\d{1,3})\Z", re.ASCII)
_BETWEEN = re.compile(r"(\d{1,3})\.\.(\d{1,3})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class ScoreBand:
    """Points below, above, or between two bounds that belong to it."""

    text: str
    least: float = 0
    most: float = 1_000
    excluded: float | None = None  # the bound of `<` and `>` does not belong to its band

    @classmethod
    def read(cls, text: str) -> ScoreBand:
        """Read `*`, `<50`, `50..70` or `>70`."""
        if text == "*":
            return cls(text)
        if match := _BELOW.match(text):
            return cls(text, most=int(match[1]), excluded=int(match[1]))
        if match := _ABOVE.match(text):
            return cls(text, least=int(match[1]), excluded=int(match[1]))
        if match := _BETWEEN.match(text):
            least, most = int(match[1]), int(match[2])
            if least <= most:
                return cls(text, least=least, most=most)
        raise ValueError("*, <50, 50..70 or >70")

    def __contains__(self, points: float) -> bool:
        return self.least <= points <= self.most and points != self.excluded
