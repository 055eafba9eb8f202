"""Cut a stream of bytes into payloads: at CR, LF or TAB, and where none comes, at silence.

Some readers put an Enter in the middle of a long code.  Where a test for whole payloads is handed
in, an end mark behind anything else waits for silence, and is dropped if the code goes on; what
is whole is cut off at once, even where the next scan is glued to it.

Pure: the time is handed in.  What is over-long is dropped whole, to the next end, since half
a card is worse than none.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

MAX_LENGTH = 4_096  # bytes
SILENCE_S = 0.15  # a reader that sends no end mark is done when it has been quiet for this long
DONE_S = 0.08  # or for this long behind an end mark
ENDS = frozenset(b"\r\n\t")
CLOSERS = frozenset(b"$#")  # that end a payload of themselves, where it is whole

IsWhole = Callable[[bytes], bool]


class Framer:
    """What has come of the payload that is arriving now."""

    def __init__(
        self,
        silence_s: float = SILENCE_S,
        is_whole: IsWhole | None = None,
        ends: frozenset[int] = ENDS,
        max_length: int = MAX_LENGTH,
    ) -> None:
        self._silence_s = silence_s
        self._is_whole = is_whole
        self._ends = ends
        self._max_length = max_length
        self._buffer = bytearray()
        self._fed_at = 0.0
        self._dropping = False
        self._ended = False  # by an end mark behind something that is not whole
        self._marks: list[int] = []  # where such end marks stood

    @property
    def is_idle(self) -> bool:
        """Whether nothing has begun to arrive."""
        return not (self._buffer or self._dropping)

    def feed(self, data: bytes, now: float) -> list[bytes]:
        """Take bytes that came at `now` (seconds, monotonic); return the payloads they complete."""
        payloads: list[bytes] = []
        for byte in data:
            if byte in self._ends:
                payloads += self._end()
            elif not self._dropping:
                payloads += self._append(byte)
        self._fed_at = now
        return payloads

    def tick(self, now: float) -> list[bytes]:
        """Return the payload that silence until `now` completes, if there is one."""
        silence_s = min(DONE_S, self._silence_s) if self._ended else self._silence_s
        return self._finish() if now - self._fed_at > silence_s else []

    def _append(self, byte: int) -> list[bytes]:
        self._ended = False
        self._buffer.append(byte)
        if len(self._buffer) > self._max_length:
            self._buffer.clear()
            self._dropping = True
        return self._finish() if byte in CLOSERS and self._holds_whole() else []

    def _end(self) -> list[bytes]:
        if self._is_whole is None or self._dropping or self._holds_whole():
            return self._finish()
        self._ended = bool(self._buffer)
        self._marks.append(len(self._buffer))
        return []

    def _holds_whole(self) -> bool:
        return self._is_whole is not None and self._is_whole(bytes(self._buffer))

    def _finish(self) -> list[bytes]:
        payload = bytes(self._buffer)
        places = [0, *self._marks, len(payload)]
        pieces = [payload[a:b] for a, b in itertools.pairwise(places) if a < b]
        self._buffer.clear()
        self._marks.clear()
        self._dropping = self._ended = False
        # An end mark that was no mistake: what stands on one side of it is whole of itself.
        apart = self._is_whole is not None and len(pieces) > 1 and not self._is_whole(payload)
        if apart and any(self._is_whole(piece) for piece in pieces if self._is_whole):
            return pieces
        return [payload] if payload else []
