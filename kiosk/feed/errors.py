"""What following a feed raises; `kind` is its name on pages and in records.

KioskError
└── DataError
    ├── FeedUnreachable    its server or stick does not answer, or broke off: try again later
    ├── FeedTooSlow        it came too slowly; what has come is kept and continued
    ├── FeedNotThere       it has no file of that name
    ├── FeedExpired        its metadata has expired: a frozen feed, or our clock is wrong
    ├── FeedRolledBack     it is older than what was adopted
    ├── FeedNotSigned      too few of the trusted keys have signed it
    └── FeedNotWhole       a file is not the one that was signed
"""

from __future__ import annotations

from kiosk.errors import DataError


class FeedUnreachable(DataError):
    """No answer, or it broke off."""

    kind = "unreachable"


class FeedTooSlow(DataError):
    """It would have taken too long."""

    kind = "slow"


class FeedNotThere(DataError):
    """The feed has no such file."""

    kind = "not_there"


class FeedExpired(DataError):
    """Its signatures are over."""

    kind = "expired"


class FeedRolledBack(DataError):
    """Older than what was adopted."""

    kind = "rolled_back"


class FeedNotSigned(DataError):
    """Too few trusted signatures."""

    kind = "not_signed"


class FeedNotWhole(DataError):
    """A file is not the one that was signed."""

    kind = "not_whole"
