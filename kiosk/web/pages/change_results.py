"""The results of a change in the logbook, for which the pages have words."""

from __future__ import annotations

from kiosk.errors import KioskError
from kiosk.logbook import ChangedMeanwhile, NothingToChange, StillSending

DONE, SENDING, STALE, SAME, WRONG, WHY = "done", "sending", "stale", "same", "wrong", "why"
UNDECIDED = "undecided"  # two persons changed a field, and it is not said whose value is right

# Why nothing was changed. A page that knows more causes adds them.
NOT_CHANGED: dict[type[KioskError], str] = {
    StillSending: SENDING,
    ChangedMeanwhile: STALE,
    NothingToChange: SAME,
}
