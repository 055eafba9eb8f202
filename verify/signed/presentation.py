"""Cards that live in a phone: when each was last shown here.

Such a card is signed anew by its phone every half minute, so a picture of it is soon worth
nothing; what is left of that time is closed by remembering what was shown here.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import NamedTuple

from verify.errors import NotLive
from verify.reason import Reason

WINDOW = timedelta(seconds=90)  # by which the phone's clock and ours may differ, either way
SAME_SHOWING = timedelta(seconds=5)  # between two readings of a phone held before a reader
LONGEST_SHOWING = timedelta(seconds=30)
MOST = 10_000  # cards; far more than a desk meets within the window


class _Shown(NamedTuple):
    """The newest time that a card's phone signed, and when that was read here."""

    signed_at: datetime
    first_read: datetime
    last_read: datetime

    def is_still_held(self, signed_at: datetime, now: datetime) -> bool:
        """Tell whether it is the same phone, held before a reader a little longer."""
        return (
            signed_at == self.signed_at
            and abs(now - self.last_read) <= SAME_SHOWING
            and abs(now - self.first_read) <= LONGEST_SHOWING
        )


class Showings:
    """The newest time signed by each card's phone, in memory. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[bytes, _Shown] = {}

    def note(
        self, identity: bytes, signed_at: datetime, now: datetime, clock_is_sure: bool
    ) -> None:
        """Note that a card was shown; NotLive where what was read is a picture of it.

        A clock that is in doubt cannot tell how old it is, but what was shown before stays told.
        """
        if clock_is_sure and abs(now - signed_at) > WINDOW:
            ago = round((now - signed_at).total_seconds())
            raise NotLive(Reason.NOT_LIVE, f"signed by its phone {ago} s ago; at most {WINDOW}")
        with self._lock:
            last = self._last.pop(identity, None)
            if last is not None and clock_is_sure and last.signed_at - now > WINDOW:
                last = None  # noted while our clock stood wrong
            is_new = last is None or signed_at > last.signed_at
            still_held = last is not None and last.is_still_held(signed_at, now)
            if last is None or is_new:
                last = _Shown(signed_at, now, now)
            elif still_held:
                last = last._replace(last_read=now)
            self._last[identity] = last
            while len(self._last) > MOST:
                del self._last[next(iter(self._last))]
        if not is_new and not still_held:
            raise NotLive(Reason.SHOWN_BEFORE, "what its phone signed was shown here before")
