"""What this package raises.

KioskError
├── SettingsError          a setting is wrong; the message is one line for the person who set it
├── InsurerError
│   ├── InsurerUnreachable no answer, or none that can be read: try again later
│   ├── NotSignedIn        the gateway does not know us, or no longer: our account needs a look
│   └── NothingToSend      a visit lacks what the insurer requires; names the fields
├── LogbookUnreadable      the logbook's file is damaged, or belongs to another use
├── NotRecorded            the logbook could not be written just now: nothing was changed
├── LogbookUnavailable     the logbook could not be read just now: what it holds is not known
├── NoSuchAttempt          a visit was asked for on a reading that is not in the logbook
├── AlreadyRunning         another process does the nightly job on this data directory
├── NoSuchVisit            a visit was asked for that is not in the logbook
├── StillSending           a visit is on its way to the insurer: change it in a minute
├── ChangedMeanwhile       somebody else changed the visit since it was looked at
├── NothingToChange        a visit was cancelled, or is already as it is wanted
├── NothingToConfirm       the reading holds no card, so there is no one to write down
├── ReasonWanted           the verdict was `desk`: the clerk must say why the patient goes in
├── FeedError              synced data could not be made or taken up: what is in use stays
│   ├── BadRecords         a line of card records cannot be meant; names the line and the column
│   ├── FeedUnreachable    the feed's server or stick does not answer, or broke off: again later
│   ├── FeedTooSlow        it came too slowly; what came is kept, and gone on from
│   ├── FeedNotThere       it has no file of that name
│   ├── FeedExpired        what it holds was to be replaced by now: a frozen feed, or our clock
│   ├── FeedRolledBack     it is older than what was adopted
│   ├── FeedNotSigned      too few of the keys that are trusted have signed it
│   ├── FeedNotWhole       a file is not the one that was signed
│   ├── FeedUnusable       it is rightly signed, and cannot be used all the same
│   └── NoRoom             the disk is full, or would be
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


class LogbookUnavailable(KioskError):
    """The logbook cannot be read: its disk or file is broken, or another program locks it."""


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
    """Synced data could not be made or taken up."""

    kind = "failed"  # how pages and records call it


class BadRecords(FeedError):
    """A line of card records cannot be meant."""


class FeedUnreachable(FeedError):
    """No answer, or it broke off."""

    kind = "unreachable"


class FeedTooSlow(FeedError):
    """It would have taken too long."""

    kind = "slow"


class FeedNotThere(FeedError):
    """The feed has no such file."""

    kind = "not_there"


class FeedExpired(FeedError):
    """Its signatures are over."""

    kind = "expired"


class FeedRolledBack(FeedError):
    """Older than what was adopted."""

    kind = "rolled_back"


class FeedNotSigned(FeedError):
    """Too few trusted signatures."""

    kind = "not_signed"


class FeedNotWhole(FeedError):
    """A file is not the one that was signed."""

    kind = "not_whole"


class FeedUnusable(FeedError):
    """Signed, and of no use."""

    kind = "unusable"


class NoRoom(FeedError):
    """The disk is full, or would be."""

    kind = "no_room"
