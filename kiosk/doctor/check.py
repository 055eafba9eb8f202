"""One check of the doctor: what was looked at, how it is, since when, and what to do.

1.  What cannot be known is `unknown`, never `good`.
2.  Whatever is not good says in one sentence or two what to do.
3.  No check changes anything, opens a reader's port, signs in anywhere, or prints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from kiosk.doctor.words import Words, english


class CheckState(StrEnum):
    """How a checked thing is. Part of the JSON of `doctor`."""

    GOOD = "good"
    ATTENTION = "attention"  # it works, and a person should do something
    BAD = "bad"  # something does not work, or soon will not
    UNKNOWN = "unknown"  # it cannot be known from here


class CheckGroup(StrEnum):
    """Where the page shows a check."""

    DEVICES = "devices"
    PROGRAM = "program"
    LOGBOOK = "logbook"
    SETTINGS = "settings"
    INSURER = "insurer"
    DATA = "data"
    HUB = "hub"
    DUTIES = "duties"


GOOD, ATTENTION = CheckState.GOOD, CheckState.ATTENTION
BAD, UNKNOWN = CheckState.BAD, CheckState.UNKNOWN
ORDER = (BAD, ATTENTION, UNKNOWN, GOOD)  # the worst first
NEEDS_A_PERSON = frozenset({BAD, ATTENTION})
NOT_DONE = "check"  # the code of a check that could not be made

GROUPS: dict[CheckGroup, tuple[str, ...]] = {
    CheckGroup.DEVICES: ("reader", "printer"),
    CheckGroup.PROGRAM: (
        "program",
        "disk",
        "disk_encryption",
        "clock",
        "other_clock",
        "feed_clock",
        "zbar",
        NOT_DONE,
    ),
    CheckGroup.LOGBOOK: (
        "logbook",
        "pages_of_logbook",
        "backup",
        "backup_folder",
        "encryption",
        "proof",
    ),
    CheckGroup.SETTINGS: (
        "facility",
        "pages",
        "certificate",
        "proxy",
        "log",
        "rooms",
        "visits",
        "secret_file",
        "alerts",
    ),
    CheckGroup.INSURER: (
        "gateway",
        "sign_in",
        "signature",
        "outbox",
        "deadlines",
        "outages",
        "wrong_times",
    ),
    CheckGroup.DATA: (
        "synced_data",
        "data_set",
        "data_set_whole",
        "tables_of_feed",
        "feed",
        "holidays",
        "webhook",
    ),
    CheckGroup.HUB: (
        "hub",
        "hub_waiting",
        "hub_set_aside",
        "hub_numbers",
        "hub_clock",
        "hub_twin",
        "hub_outbox",
    ),
    CheckGroup.DUTIES: ("unknown_patients", "kept_data", "requests", "breaches", "review"),
}
GROUP_OF = {code: group for group, codes in GROUPS.items() for code in codes}


@dataclass(frozen=True, slots=True)
class Check:
    """A check. `code` says what kind it is, and `subject` which one of several of a kind.

    `do` is None only if it is good. `since` (aware) is when the state began; None: not known.
    """

    code: str
    what: Words
    state: CheckState
    seen: Words
    do: Words | None = None
    subject: str = ""
    since: datetime | None = None

    @property
    def key(self) -> str:
        """What tells this check from all others, also after a restart."""
        return f"{self.code}/{self.subject}" if self.subject else self.code

    @property
    def group(self) -> CheckGroup:
        """Where the page shows it."""
        return GROUP_OF[self.code]

    def as_json(self) -> dict[str, Any]:
        """Return it as the command prints it, in English."""
        return {
            "good": self.state is GOOD,
            "what": english(self.what),
            "seen": english(self.seen),
            "do": english(self.do),
            "state": str(self.state),
            "since": self.since and self.since.isoformat(timespec="seconds"),
            "code": self.code,
        }


def good_unless(
    code: str,
    what: Words,
    seen: Words,
    do: Words | None,
    otherwise: CheckState = BAD,
    subject: str = "",
) -> Check:
    """Return a check that is good if there is nothing to do."""
    return Check(code, what, GOOD if do is None else otherwise, seen, do, subject)


def worst_first(checks: Iterable[Check]) -> list[Check]:
    """Return checks with the worst first; those that are equally bad stay in their order."""
    return sorted(checks, key=lambda check: ORDER.index(check.state))


def needing_a_person(checks: Iterable[Check]) -> list[Check]:
    """Return the checks for which a person has to do something, or which could not be made."""
    return [check for check in checks if check.state in NEEDS_A_PERSON or check.code == NOT_DONE]
