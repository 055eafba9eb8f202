"""Cards that live in a phone: whether the phone itself was read, or a picture of it.

The phone signs such a card again every half minute.  Two rules follow:

1. A signature whose time differs from our clock by more than `MAX_CLOCK_DIFFERENCE` is a picture.
   The rule does not apply while our clock is in doubt.
2. A signature that was read here before is a picture, unless the same phone is still being held
   in front of the reader: read again within `MAX_READING_GAP`, and not longer than
   `MAX_PRESENTATION` in all.

The caller remembers the earlier presentations; this module keeps nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from verify.errors import NotLive
from verify.reason import Reason

MAX_CLOCK_DIFFERENCE = timedelta(seconds=90)  # between the phone's clock and ours, either way
MAX_READING_GAP = timedelta(seconds=5)  # between two readings of a phone held before a reader
MAX_PRESENTATION = timedelta(seconds=30)


class PresentedCard(NamedTuple):
    """The newest signature of a card's phone, and when it was read here. All times are aware."""

    signed_at: datetime
    first_read: datetime
    last_read: datetime

    def is_still_held(self, signed_at: datetime, now: datetime) -> bool:
        """Return whether the same phone is merely being held in front of the reader longer."""
        return (
            signed_at == self.signed_at
            and abs(now - self.last_read) <= MAX_READING_GAP
            and abs(now - self.first_read) <= MAX_PRESENTATION
        )


def check_presentation(
    before: PresentedCard | None, signed_at: datetime, now: datetime, clock_is_sure: bool
) -> PresentedCard:
    """Return the presentation to remember for a card that is read at `now` (aware).

    `before` is the presentation that was remembered for it, `signed_at` (aware) is when its phone
    signed, and `clock_is_sure` is False while our clock is in doubt.  Raises NotLive if a picture
    was read: then `before` is still to be remembered.
    """
    if clock_is_sure and abs(now - signed_at) > MAX_CLOCK_DIFFERENCE:
        ago = round((now - signed_at).total_seconds())
        raise NotLive(
            Reason.NOT_LIVE, f"signed by its phone {ago} s ago; at most {MAX_CLOCK_DIFFERENCE}"
        )
    if before is not None and clock_is_sure and before.signed_at - now > MAX_CLOCK_DIFFERENCE:
        before = None  # it was remembered while our clock was wrong
    if before is None or signed_at > before.signed_at:
        return PresentedCard(signed_at, now, now)
    if before.is_still_held(signed_at, now):
        return before._replace(last_read=now)
    raise NotLive(Reason.SHOWN_BEFORE, "what its phone signed was shown here before")


def check_first_presentation(
    _card: bytes, signed_at: datetime, now: datetime, clock_is_sure: bool
) -> None:
    """Check a presentation by rule 1 alone. Raises NotLive if a picture was read."""
    check_presentation(None, signed_at, now, clock_is_sure)
