"""Cards that live in a phone: when each was last shown here.

Such a card is signed anew by its phone every half minute, so a picture of it is soon worth
nothing; what is left of that time is closed by remembering what was shown here.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from verify.errors import NotLive
from verify.reason import Reason

WINDOW = timedelta(seconds=90)  # by which the phone's clock and ours may differ, either way
SAME_SHOWING = timedelta(seconds=5)  # one phone held before a reader is often read twice
MOST = 10_000  # cards; far more than a desk meets within the window


class Showings:
    """The newest time signed by each card's phone, in memory. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[bytes, tuple[datetime, datetime]] = {}  # signed by its phone, read here

    def note(self, identity: bytes, shown_at: datetime, now: datetime, clock_is_sure: bool) -> None:
        """Note that a card was shown; NotLive where what was read is a picture of it.

        A clock that is in doubt cannot tell how old it is, but what was shown before stays told.
        """
        if clock_is_sure and abs(now - shown_at) > WINDOW:
            ago = round((now - shown_at).total_seconds())
            raise NotLive(Reason.NOT_LIVE, f"signed by its phone {ago} s ago; at most {WINDOW}")
        with self._lock:
            last_shown_at, read_at = self._last.get(identity, (None, now))
            if last_shown_at is None or shown_at > last_shown_at:
                self._last.pop(identity, None)
                self._last[identity] = (shown_at, now)
                while len(self._last) > MOST:
                    del self._last[next(iter(self._last))]
                return
            again = shown_at == last_shown_at and abs(now - read_at) <= SAME_SHOWING
        if not again:
            raise NotLive(Reason.SHOWN_BEFORE, "what its phone signed was shown here before")
