"""Cards that live in a phone: whether what was read is the phone, or a picture of it.

Such a card is signed again by its phone every half minute.  Two rules follow:

1. A signature that is more than 90 seconds away from our clock is a picture.  A clock that is in
   doubt cannot tell, so the rule is left out then.
2. A signature that was read here before is a picture, unless the same phone is still being held
   before the reader.

What was read before is remembered by the caller; nothing is kept here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from verify.errors import NotLive
from verify.reason import Reason

WINDOW = timedelta(seconds=90)  # by which the phone's clock and ours may differ, either way
SAME_PRESENTATION = timedelta(seconds=5)  # between two readings of a phone held before a reader
LONGEST_PRESENTATION = timedelta(seconds=30)


class PresentedCard(NamedTuple):
    """The newest time that a card's phone signed, and when that was read here. All aware."""

    signed_at: datetime
    first_read: datetime
    last_read: datetime

    def is_still_held(self, signed_at: datetime, now: datetime) -> bool:
        """Return whether it is the same phone, held before a reader a little longer."""
        return (
            signed_at == self.signed_at
            and abs(now - self.last_read) <= SAME_PRESENTATION
            and abs(now - self.first_read) <= LONGEST_PRESENTATION
        )


def check_presentation(
    before: PresentedCard | None, signed_at: datetime, now: datetime, clock_is_sure: bool
) -> PresentedCard:
    """Return what is to be remembered of a card that is read at `now` (aware).

    `before` is what was remembered of it, `signed_at` (aware) when its phone signed.  Raises
    NotLive if what was read is a picture of the phone: then `before` stays as it was.
    """
    if clock_is_sure and abs(now - signed_at) > WINDOW:
        ago = round((now - signed_at).total_seconds())
        raise NotLive(Reason.NOT_LIVE, f"signed by its phone {ago} s ago; at most {WINDOW}")
    if before is not None and clock_is_sure and before.signed_at - now > WINDOW:
        before = None  # remembered while our clock was wrong
    if before is None or signed_at > before.signed_at:
        return PresentedCard(signed_at, now, now)
    if before.is_still_held(signed_at, now):
        return before._replace(last_read=now)
    raise NotLive(Reason.SHOWN_BEFORE, "what its phone signed was shown here before")


def check_first_presentation(
    _card: bytes, signed_at: datetime, now: datetime, clock_is_sure: bool
) -> None:
    """Check a presentation without any memory of earlier ones; raises NotLive as `present` does."""
    check_presentation(None, signed_at, now, clock_is_sure)
