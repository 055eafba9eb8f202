"""What this package raises.

KioskError
├── SettingsError          a setting is wrong; the message is one line for the person who set it
├── InsurerError
│   ├── InsurerUnreachable no answer, or none that can be read: try again later
│   ├── NotSignedIn        the gateway does not know us, or no longer: our account needs a look
│   └── NothingToSend      a visit lacks what the insurer requires; names the fields
├── LogbookUnreadable      the logbook's file is damaged, or belongs to another use
├── NotRecorded            the logbook could not be written or read just now: nothing was changed
├── NoSuchAttempt          a visit was asked for on a reading that is not in the logbook
├── AlreadyRunning         another process does the nightly job on this data directory
├── NoSuchVisit            a visit was asked for that is not in the logbook
├── StillSending           a visit is on its way to the insurer: change it in a minute
├── ChangedMeanwhile       somebody else changed the visit since it was looked at
├── NothingToChange        a visit was cancelled, or is already as it is wanted
├── NothingToConfirm       the reading holds no card, so there is no one to write down
├── ReasonWanted           the verdict was `desk`: the clerk must say why the patient goes in
├── FeedError              a registry could not be made or taken up: the one before stays in use
│   └── BadRecords         a line of its records cannot be meant; names the line and the column
└── KeyUsedBefore          an idempotency key came again with another reading
"""

from __future__ import annotations

from collections.abc import Sequence


class KioskError(Exception):
    """Anything this package finds wrong."""


class SettingsError(KioskError):
    """A setting is wrong."""


class InsurerError(KioskError):
    """The insurer could not be asked or told."""


class InsurerUnreachable(InsurerError):
    """No answer that can be read."""


class NotSignedIn(InsurerError):
    """The gateway refuses our account."""


class NothingToSend(InsurerError):
    """A visit lacks fields that the insurer requires."""

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__("missing or unusable: " + ", ".join(fields))
        self.fields = tuple(fields)


class LogbookUnreadable(KioskError):
    """The logbook cannot be opened; the message names the file and what to do."""


class NotRecorded(KioskError):
    """The logbook is busy, or its disk is full or broken; nothing was changed."""


class NoSuchAttempt(KioskError):
    """No reading has this id."""


class AlreadyRunning(KioskError):
    """A nightly job is running already."""


class NoSuchVisit(KioskError):
    """No visit has this id."""


class StillSending(KioskError):
    """The visit is on its way to the insurer."""


class ChangedMeanwhile(KioskError):
    """The visit is no longer the version that was looked at."""


class NothingToChange(KioskError):
    """The visit cannot be changed so, or need not."""


class NothingToConfirm(KioskError):
    """The reading holds no card."""


class ReasonWanted(KioskError):
    """A person must say why."""


class KeyUsedBefore(KioskError):
    """The same key for another visit."""


class FeedError(KioskError):
    """A registry could not be made or taken up."""


class BadRecords(FeedError):
    """A line of card records cannot be meant."""
