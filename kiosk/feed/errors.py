"""What an update from a feed raises; `kind` is the name of an error on pages and in records.

KioskError
└── DataError
    ├── FeedUnreachable    the source does not answer, or the transfer broke off: try again later
    ├── FeedTooSlow        the transfer took too long: what has arrived is kept and continued
    ├── FeedNotThere       the source has no file of that name: the publisher must correct it
    ├── FeedExpired        the metadata has expired: an old copy, or our clock is wrong
    ├── FeedRolledBack     the feed is older than what was adopted: an old copy
    ├── FeedNotSigned      too few of the trusted keys have signed it: not our feed, or damaged
    └── FeedNotWhole       a file is not the one that was signed: damaged on the way or there
"""

from __future__ import annotations

from kiosk.errors import DataError


class FeedUnreachable(DataError):
    """The source does not answer, or the transfer broke off."""

    kind = "unreachable"


class FeedTooSlow(DataError):
    """The transfer took longer than it may."""

    kind = "slow"


class FeedNotThere(DataError):
    """The source has no file of that name."""

    kind = "not_there"


class FeedExpired(DataError):
    """The metadata has expired."""

    kind = "expired"


class FeedRolledBack(DataError):
    """The feed is older than what was adopted."""

    kind = "rolled_back"


class FeedNotSigned(DataError):
    """Too few of the trusted keys have signed it."""

    kind = "not_signed"


class FeedNotWhole(DataError):
    """A file is not the one that was signed."""

    kind = "not_whole"
