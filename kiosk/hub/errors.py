"""What the hub raises.  No message holds a value of a row: only what happened, and the SQLSTATE.

KioskError
└── HubError
    ├── HubUnreachable     no answer: down, hung, unknown, a standby; connect again later
    │   ├── HubUntrusted     it does not prove that it is the hub (TLS)
    │   └── HubLoginRefused  the account or its password is refused: a person has to act
    ├── HubBusy            another transaction was in the way; the whole transaction again
    ├── HubRefused         the hub refuses a row or a statement: it will again
    ├── HubNeedsOperator   full, or without a partition: nothing goes on before somebody acts there
    ├── HubBehind          an old primary, or one that was replaced: nothing must go there
    └── HubUnfit           not our hub: another facility's, not set up, or too new for us
"""

from __future__ import annotations

from kiosk.errors import KioskError


class HubError(KioskError):
    """The root of what goes wrong with the hub. `sqlstate` is empty if the hub said none."""

    def __init__(self, message: str, sqlstate: str = "") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class HubUnreachable(HubError):
    """The hub did not answer, or stopped in the middle: what was under way may have been done."""


class HubLoginRefused(HubUnreachable):
    """The hub refuses the account or its password: the desk was retired, or the file is wrong."""


class HubUntrusted(HubUnreachable):
    """The server does not prove that it is the hub: no TLS, or the wrong certificate."""


class HubBusy(HubError):
    """Another transaction was in the way (serialization, deadlock, lock): all of it again."""


class HubRefused(HubError):
    """The hub refuses what it was sent, and will refuse it again."""


class HubNeedsOperator(HubError):
    """The hub cannot take anything before somebody acts there: full, or a partition is missing."""


class HubBehind(HubError):
    """The server is an old primary, or a cluster that was replaced: it must not be written to."""


class HubUnfit(HubError):
    """The server is not a hub for this desk: another facility's, not set up, or too new."""
