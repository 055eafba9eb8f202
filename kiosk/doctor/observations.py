"""What only the running program knows, and leaves for the command `doctor` (CheckMemory keeps it).

No person's data: names of devices from the settings, states, times, and codes of the gateway.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

MAX_AGE = timedelta(minutes=15)  # of what a running program saw, to be used as of now


@dataclass(frozen=True, slots=True)
class ReaderSeen:
    """Whether the program hears a reader, and why not."""

    up: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """The gateway refuses our account: its code, and since when (aware)."""

    code: str
    since: datetime


@dataclass(frozen=True, slots=True)
class AlertsSeen:
    """How the last alert of each way went: since when it fails (aware), and why."""

    since: datetime
    why: str


class HubCondition(StrEnum):
    """How the hub that several desks share answers this desk."""

    STARTING = "starting"  # not asked yet
    CONNECTED = "connected"
    UNREACHABLE = "unreachable"
    LOGIN_REFUSED = "login_refused"
    BEHIND = "behind"  # an old primary, or a server that was replaced
    UNFIT = "unfit"  # another facility's, not set up, or too new for this program
    NEEDS_OPERATOR = "needs_operator"  # full, or a month is missing
    REFUSED = "refused"  # it refuses what this program asks
    DESK = "desk"  # this desk's own logbook or disk cannot be read or written


@dataclass(frozen=True, slots=True)
class HubSeen:
    """How this desk stands with its hub. Moments are aware."""

    condition: HubCondition
    answered_at: datetime | None = None  # when it last answered; None: never, or not known
    why: str = ""  # what happened, without any value of a row
    waiting: int | None = None  # changes that the hub does not have; None: not known
    behind_since: datetime | None = None  # the hub lacks something; None: nothing, or not known
    others_at: datetime | None = None  # when other desks' visits were last fetched; None: never
    set_aside: int = 0  # changes that the hub refuses
    skew: timedelta | None = None  # the hub's clock minus ours; None: not known
    holds_outbox: bool = False  # after a restore, until the hub has said what was sent
    has_twin: bool = False  # another program works as this desk
    given_twice: int = 0  # queue numbers of today that another desk gave too

    def as_json(self) -> dict[str, Any]:
        """Return it for the file."""
        return {
            "condition": str(self.condition),
            "answered_at": self.answered_at and self.answered_at.isoformat(),
            "why": self.why,
            "waiting": self.waiting,
            "behind_since": self.behind_since and self.behind_since.isoformat(),
            "others_at": self.others_at and self.others_at.isoformat(),
            "set_aside": self.set_aside,
            "skew_s": None if self.skew is None else self.skew.total_seconds(),
            "holds_outbox": self.holds_outbox,
            "has_twin": self.has_twin,
            "given_twice": self.given_twice,
        }


def _hub_from(record: Any) -> HubSeen | None:
    if record is None:
        return None
    return HubSeen(
        HubCondition(record["condition"]),
        record["answered_at"] and _moment(record["answered_at"]),
        str(record["why"]),
        None if record["waiting"] is None else int(record["waiting"]),
        record["behind_since"] and _moment(record["behind_since"]),
        record["others_at"] and _moment(record["others_at"]),
        int(record["set_aside"]),
        None if record["skew_s"] is None else timedelta(seconds=float(record["skew_s"])),
        bool(record["holds_outbox"]),
        bool(record["has_twin"]),
        int(record["given_twice"]),
    )


@dataclass(frozen=True, slots=True)
class Observations:
    """What the running program saw at `at` (aware)."""

    at: datetime
    url: str = ""  # where it serves its pages; empty: not known
    manager: str = ""  # what starts it again: "systemd", "windows"; empty: not known
    readers: Mapping[str, ReaderSeen] = field(default_factory=dict)
    printers: Mapping[str, str] = field(default_factory=dict)  # what is wrong; empty: nothing
    sign_in: SignInRefused | None = None  # None: not refused when the program tried last
    signed_in_at: datetime | None = None  # when the gateway last took our account (aware)
    page_faults: int | None = None  # in the logbook's pages; None: not looked for
    unreadable_rows: int = 0  # of the logbook, since the program started
    alerts: Mapping[str, AlertsSeen] = field(default_factory=dict)  # ways that fail, by name
    hub: HubSeen | None = None  # None: no hub is set

    def is_fresh(self, now: datetime) -> bool:
        """Return whether it may be taken for how things are now."""
        return -MAX_AGE <= now - self.at <= MAX_AGE

    def as_json(self) -> dict[str, Any]:
        """Return it for the file."""
        record = asdict(self)
        record["at"] = self.at.isoformat()
        record["signed_in_at"] = self.signed_in_at and self.signed_in_at.isoformat()
        if self.sign_in is not None:
            record["sign_in"]["since"] = self.sign_in.since.isoformat()
        for name, seen in self.alerts.items():
            record["alerts"][name]["since"] = seen.since.isoformat()
        record["hub"] = self.hub and self.hub.as_json()
        return record


def observations_from(record: Any) -> Observations | None:
    """Return what a file holds; None if that is nothing, or damaged."""
    try:
        refused = record["sign_in"]
        return Observations(
            at=_moment(record["at"]),
            url=str(record["url"]),
            manager=str(record["manager"]),
            readers={
                str(n): ReaderSeen(bool(r["up"]), str(r["why"]))
                for n, r in record["readers"].items()
            },
            printers={str(n): str(t) for n, t in record["printers"].items()},
            sign_in=refused and SignInRefused(str(refused["code"]), _moment(refused["since"])),
            signed_in_at=record["signed_in_at"] and _moment(record["signed_in_at"]),
            page_faults=None if record["page_faults"] is None else int(record["page_faults"]),
            unreadable_rows=int(record["unreadable_rows"]),
            alerts={
                str(n): AlertsSeen(_moment(a["since"]), str(a["why"]))
                for n, a in record["alerts"].items()
            },
            hub=_hub_from(record.get("hub")),  # a program before there was a hub left none
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _moment(text: str) -> datetime:
    """Return an aware moment. Raises ValueError for another text."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without its zone")
    return moment
