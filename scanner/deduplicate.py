"""A card held still under a camera is one scan, however many frames show it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

# The same code is a new scan only if it was out of view for both of these.  A stalled camera shows
# no frames, so the time alone would not mean that the card was taken away.
MIN_ABSENCE_S = 2.0
MIN_ABSENCE_FRAMES = 5
MAX_REMEMBERED_CODES = 16  # a camera rarely sees two


class Deduplicator:
    """The codes that one camera has just seen, by their hashes: no payload is kept."""

    def __init__(self) -> None:
        self._frame = 0
        self._seen: dict[bytes, tuple[float, int]] = {}  # when, and in which frame

    def select_new(self, payloads: Iterable[bytes], now: float) -> list[bytes]:
        """Return the codes of one frame, read at `now` (seconds, monotonic), that are new scans."""
        self._frame += 1
        return [payload for payload in dict.fromkeys(payloads) if self._is_new(payload, now)]

    def _is_new(self, payload: bytes, now: float) -> bool:
        code = _hash(payload)
        seen_at, frame = self._seen.pop(code, (None, 0))
        self._seen[code] = (now, self._frame)
        while len(self._seen) > MAX_REMEMBERED_CODES:
            del self._seen[next(iter(self._seen))]
        if seen_at is None:
            return True
        return now - seen_at > MIN_ABSENCE_S and self._frame - frame > MIN_ABSENCE_FRAMES

    def forget(self, payload: bytes) -> None:
        """Let the next frame give this code as a scan again, because the last one was lost."""
        self._seen.pop(_hash(payload), None)


def _hash(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest()
