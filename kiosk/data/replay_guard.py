"""Which cards in phones were presented here lately, so that a picture of one is not accepted."""

from __future__ import annotations

import threading
from datetime import datetime

from verify import NotLive, PresentedCard, check_presentation

MAX_CARDS = 10_000  # far more than a desk sees within the 90 seconds that a signature is good for


class ReplayGuard:
    """The newest presentation of each card, in memory.  Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[bytes, PresentedCard] = {}

    def note(self, card: bytes, signed_at: datetime, now: datetime, clock_is_sure: bool) -> None:
        """Take note that a card was presented.

        `card` identifies it, `signed_at` (aware) is when its phone signed, `now` is aware.  Raises
        NotLive if what was read is a picture of the phone, by the rules of
        `verify.check_presentation`.
        """
        with self._lock:
            before = self._last.pop(card, None)
            try:
                self._last[card] = check_presentation(before, signed_at, now, clock_is_sure)
            except NotLive:
                if before is not None:
                    self._last[card] = before
                raise
            while len(self._last) > MAX_CARDS:
                del self._last[next(iter(self._last))]
