"""The camera of one browser: encoded frames come in, and the code that is a scan goes out.

Each camera has its own turn of stages and its own memory of the codes that it has just seen:

1.  A frame that zxing does not read gets one further stage.  The stages take turns within the
    frames of one camera; if several cameras shared the turns, some of them would never reach the
    later stages.
2.  A code that stays in view is one scan, however many frames show it.
3.  With two cards in view neither is a scan: nothing says which patient's turn it is.

No frame and no payload is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from scanner.decoding import FrameReader, limit_decoding
from scanner.deduplicate import Deduplicator
from scanner.picture import decode_grey
from scanner.selection import IsCard, select_scans

ONE_AT_A_TIME = "one"  # the advice if several cards are in view


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one picture shows.

    `found` counts its codes, `advice` names what would help to read it, and `payload` is the
    bytes of the code that is a scan; None if there is no scan in the picture.
    """

    found: int
    advice: str | None = None
    payload: bytes | None = field(default=None, repr=False)


def sighting_of(payloads: Iterable[bytes], advice: str | None, is_card: IsCard) -> Sighting:
    """Choose the scan among the codes of one picture: the only card, or else the first code."""
    found = list(payloads)
    candidates = select_scans(found, is_card)
    if len(candidates) > 1:
        return Sighting(len(found), ONE_AT_A_TIME)
    return Sighting(len(found), advice, candidates[0] if candidates else None)


class BrowserCamera:
    """Reads the frames that the camera of one browser sends. Any thread may call."""

    def __init__(self, is_card: IsCard = bool) -> None:
        """Start with the first stage and an empty memory; `is_card` recognises a card's code."""
        self._is_card = is_card
        self._reader = FrameReader()
        self._lock = threading.Lock()  # of the deduplicator
        self._deduplicator = Deduplicator()

    def look_at(self, frame: bytes, now: float) -> Sighting:
        """Read one encoded frame (JPEG, PNG, WebP, BMP) at `now` (seconds, monotonic).

        Raises BadPicture if the bytes are not a picture that can be read, and Busy if too many
        pictures are being decoded already; the turn of the stages then stays where it is.
        """
        with limit_decoding(frame):
            result = self._reader.look_at(decode_grey(frame))
        payloads = (code.payload for code in result.found)
        sighting = sighting_of(payloads, result.advice, self._is_card)
        with self._lock:
            candidates = [sighting.payload] if sighting.payload else []
            is_new = bool(self._deduplicator.select_new(candidates, now))
        return sighting if is_new else replace(sighting, payload=None)

    def forget(self, payload: bytes) -> None:
        """Let the next frame give this code as a scan again, because the last one was lost."""
        with self._lock:
            self._deduplicator.forget(payload)
