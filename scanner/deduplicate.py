"""A card held still under a camera is one scan, however many frames show it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

GONE_S = 2.0  # without the code, after which the same code is a new scan …
GONE_FRAMES = 5  # … and frames that were looked at meanwhile: a stalled camera shows no absence
MOST = 16  # codes that are remembered; a camera rarely sees two


class Deduplicator:
    """What one camera has just seen, by the hash of each code: no payload is kept."""

    def __init__(self) -> None:
        self._frame = 0
        self._seen: dict[bytes, tuple[float, int]] = {}  # when, and in which frame

    def new_in(self, payloads: Iterable[bytes], now: float) -> list[bytes]:
        """Return the codes of one frame, looked at `now` (seconds, monotonic), that are scans."""
        self._frame += 1
        return [payload for payload in dict.fromkeys(payloads) if self._is_new(payload, now)]

    def _is_new(self, payload: bytes, now: float) -> bool:
        code = _hash(payload)
        seen_at, frame = self._seen.pop(code, (None, 0))
        self._seen[code] = (now, self._frame)
        while len(self._seen) > MOST:
            del self._seen[next(iter(self._seen))]
        if seen_at is None:
            return True
        return now - seen_at > GONE_S and self._frame - frame > GONE_FRAMES

    def forget(self, payload: bytes) -> None:
        """Note that a scan came to nothing: the next frame may bring it again."""
        self._seen.pop(_hash(payload), None)


def _hash(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest()
