"""Cut a stream of bytes into payloads: at CR, LF or TAB, and where none comes, at silence.

Pure: the time is handed in.  What is over-long is dropped whole, to the next end, since half
a card is worse than none.
"""

from __future__ import annotations

MAX_LENGTH = 4_096  # bytes
SILENCE_S = 0.15  # a reader that sends no end mark is done when it has been quiet for this long
ENDS = frozenset(b"\r\n\t")


class Framer:
    """What has come of the payload that is arriving now."""

    def __init__(self, max_length: int = MAX_LENGTH, silence_s: float = SILENCE_S) -> None:
        self._max_length = max_length
        self._silence_s = silence_s
        self._buffer = bytearray()
        self._fed_at = 0.0
        self._dropping = False

    def feed(self, data: bytes, now: float) -> list[bytes]:
        """Take bytes that came at `now` (seconds, monotonic); return the payloads they complete."""
        payloads = self.tick(now)
        for byte in data:
            if byte in ENDS:
                payloads += self._finish()
            elif not self._dropping:
                self._buffer.append(byte)
                if len(self._buffer) > self._max_length:
                    self._buffer.clear()
                    self._dropping = True
        self._fed_at = now
        return payloads

    def tick(self, now: float) -> list[bytes]:
        """Return the payload that silence until `now` completes, if there is one."""
        return self._finish() if now - self._fed_at > self._silence_s else []

    def _finish(self) -> list[bytes]:
        payload = bytes(self._buffer)
        self._buffer.clear()
        self._dropping = False
        return [payload] if payload else []
