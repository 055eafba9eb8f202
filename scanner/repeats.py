"""A card held still under a camera is one scan, however many frames show it."""

from __future__ import annotations

import hashlib

GONE_S = 2.0  # without the code, after which the same code is a new scan
MOST = 16  # codes that are remembered; a camera rarely sees two


class Repeats:
    """What one camera has just seen, by the hash of each code: no payload is kept."""

    def __init__(self, gone_s: float = GONE_S) -> None:
        self._gone_s = gone_s
        self._seen_at: dict[bytes, float] = {}

    def is_new(self, payload: bytes, now: float) -> bool:
        """Tell whether a code seen at `now` (seconds, monotonic) is another scan."""
        code = hashlib.sha256(payload).digest()
        seen_at = self._seen_at.pop(code, None)
        self._seen_at[code] = now
        while len(self._seen_at) > MOST:
            del self._seen_at[next(iter(self._seen_at))]
        return seen_at is None or now - seen_at > self._gone_s
