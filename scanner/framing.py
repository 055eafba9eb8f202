"""Cut a stream of bytes into payloads.

1.  CR, LF or TAB ends a payload; without an end mark, silence does.
2.  Some readers put an Enter in the middle of a long code.  If there is a test for whole payloads,
    an end mark behind anything else only ends it after a short silence, and is dropped if the
    code goes on.
3.  A whole payload that closes itself ends at once, even if the next scan follows without a gap.
4.  An over-long payload is dropped as a whole, up to its end: half a card is worse than none.

Pure: the time comes in as an argument.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

MAX_PAYLOAD_BYTES = 4_096
SILENCE_S = 0.15  # after this long a reader that sends no end mark has finished
SILENCE_AFTER_MARK_S = 0.08  # the same behind an end mark that did not end a whole payload
END_MARKS = frozenset(b"\r\n\t")
CLOSING_BYTES = frozenset(b"$#")  # they close a payload themselves, if it is whole

IsWhole = Callable[[bytes], bool]


class Framer:
    """The bytes of the payload that is arriving now."""

    def __init__(
        self,
        silence_s: float = SILENCE_S,
        is_whole: IsWhole | None = None,
        end_marks: frozenset[int] = END_MARKS,
        max_bytes: int = MAX_PAYLOAD_BYTES,
    ) -> None:
        """Start with nothing; without `is_whole`, each end mark ends a payload."""
        self._silence_s = silence_s
        self._is_whole = is_whole
        self._end_marks = end_marks
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._fed_at = 0.0
        self._dropping = False
        self._ended = False  # by an end mark behind something that is not whole
        self._mark_positions: list[int] = []  # of such end marks

    @property
    def is_idle(self) -> bool:
        """Whether no payload has begun to arrive."""
        return not (self._buffer or self._dropping)

    def feed(self, data: bytes, now: float) -> list[bytes]:
        """Take bytes that came at `now` (seconds, monotonic); return the payloads they complete."""
        payloads: list[bytes] = []
        for byte in data:
            if byte in self._end_marks:
                payloads += self._end()
            elif not self._dropping:
                payloads += self._append(byte)
        self._fed_at = now
        return payloads

    def tick(self, now: float) -> list[bytes]:
        """Return the payloads that silence until `now` (seconds, monotonic) completes, if any."""
        silence_s = self._silence_s
        if self._ended:
            silence_s = min(SILENCE_AFTER_MARK_S, silence_s)
        return self._finish() if now - self._fed_at > silence_s else []

    def _append(self, byte: int) -> list[bytes]:
        self._ended = False
        self._buffer.append(byte)
        if len(self._buffer) > self._max_bytes:
            self._buffer.clear()
            self._dropping = True
        return self._finish() if byte in CLOSING_BYTES and self._holds_whole() else []

    def _end(self) -> list[bytes]:
        if self._is_whole is None or self._dropping or self._holds_whole():
            return self._finish()
        self._ended = bool(self._buffer)
        self._mark_positions.append(len(self._buffer))
        return []

    def _holds_whole(self) -> bool:
        return self._is_whole is not None and self._is_whole(bytes(self._buffer))

    def _finish(self) -> list[bytes]:
        payload = bytes(self._buffer)
        positions = [0, *self._mark_positions, len(payload)]
        pieces = [payload[start:end] for start, end in itertools.pairwise(positions) if start < end]
        self._buffer.clear()
        self._mark_positions.clear()
        self._dropping = self._ended = False
        is_whole = self._is_whole
        # If a piece is whole by itself and all of them together are not, the end marks between
        # them did separate scans.
        can_be_several = is_whole is not None and len(pieces) > 1 and not is_whole(payload)
        if is_whole is not None and can_be_several and any(map(is_whole, pieces)):
            return pieces
        return [payload] if payload else []
