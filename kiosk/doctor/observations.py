"""What only the running program knows, and leaves for the command `doctor` (CheckMemory keeps it).

No person's data: names of devices from the settings, states, times, and codes of the gateway.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
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
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _moment(text: str) -> datetime:
    """Return an aware moment. Raises ValueError for another text."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without its zone")
    return moment
