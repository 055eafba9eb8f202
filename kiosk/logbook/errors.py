"""What the logbook raises.

KioskError
├── LogbookUnreadable      its file is damaged, or belongs to another use
├── LogbookUnavailable     it could not be read just now: what it holds is not known
├── NotRecorded            it could not be written just now: nothing was changed
├── NoSuchAttempt          a visit was asked for on a reading that is not in the logbook
├── NoSuchVisit            a visit was asked for that is not in the logbook
├── StillSending           a visit is on its way to the insurer: change it in a minute
├── ChangedMeanwhile       somebody else changed the visit since it was looked at
├── NothingToChange        a visit was cancelled, or is already as it is wanted
└── KeyUsedBefore          an idempotency key came again with another reading
"""

from __future__ import annotations

from kiosk.errors import KioskError


class LogbookUnreadable(KioskError):
    """The logbook cannot be opened; the message names the file and what to do."""


class LogbookUnavailable(KioskError):
    """The logbook cannot be read: its disk or file is broken, or another program locks it."""


class NotRecorded(KioskError):
    """The logbook is busy, or its disk is full or broken; nothing was changed."""


class NoSuchAttempt(KioskError):
    """No reading has this id."""


class NoSuchVisit(KioskError):
    """No visit has this id."""


class StillSending(KioskError):
    """The visit is on its way to the insurer."""


class ChangedMeanwhile(KioskError):
    """The visit is no longer the version that was looked at."""


class NothingToChange(KioskError):
    """The visit cannot be changed so, or need not."""


class KeyUsedBefore(KioskError):
    """The same key for another visit."""
