"""How old each set of data is: of what is held, never of an attempt to get it.

"Never" is a state of its own.  Of the sets that this site relies on the worst decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from kiosk.data.sync_status import Tries
from kiosk.runtime.progress import Told
from verify import MADE_AHEAD

DRIFT = timedelta(minutes=2)  # between two clocks, from which on it is told
NEVER = datetime.min.replace(tzinfo=UTC)


class State(StrEnum):
    """From the worst on."""

    NEVER = "never"
    DAMAGED = "damaged"  # part of it, or all, cannot be read
    TOO_OLD = "too_old"  # not used any more
    AHEAD = "ahead"  # made in our future: one of two clocks is wrong
    OLD = "old"  # used, and told to be old
    FRESH = "fresh"


@dataclass(frozen=True, slots=True)
class DataSet:
    """One set of data. `issued` (aware) is when what is in it was made; None: never had any.

    `origin` is where it came from: feed, here (built on this machine), file, gateway or program.
    """

    name: str  # word, registry, keys, revocations, tables, feed
    issued: datetime | None
    soft: timedelta
    hard: timedelta | None
    required: bool
    origin: str
    version: int | None = None
    came_at: datetime | None = None
    missing: tuple[str, ...] = ()  # parts that are damaged

    def state(self, now: datetime) -> State:
        """Return how old it is at `now` (aware)."""
        if self.issued is None:
            return State.NEVER
        if self.missing:
            return State.DAMAGED
        age = now - self.issued
        if age < -MADE_AHEAD:
            return State.AHEAD
        if self.hard is not None and age > self.hard:
            return State.TOO_OLD
        return State.OLD if age > self.soft else State.FRESH


def badge(sets: Sequence[DataSet], now: datetime) -> DataSet | None:
    """Return the set that decides what is told of all: the worst that is required, the oldest
    of its kind; None where this site relies on none."""
    required = [one for one in sets if one.required]
    order = list(State)
    return min(
        required,
        key=lambda one: (
            order.index(one.state(now)),
            one.issued or datetime.min.replace(tzinfo=UTC),
        ),
        default=None,
    )


def report(
    sets: Sequence[DataSet],
    tries: Tries,
    work: Told | None,
    drifts: Mapping[str, timedelta | None],
    now: datetime,
) -> dict[str, Any]:
    """Return all of it as pages and commands show it.

    `badge` is the worst set, `synced` the worst but for the gateway's answers, which the desk
    tells anyway; `drifts` is how far others' clocks stand ahead of ours, by whose they are.
    """
    worst, synced = badge(sets, now), badge([one for one in sets if one.name != "word"], now)
    return {
        "badge": worst and as_json(worst, now),
        "synced": synced and as_json(synced, now),
        "sets": [as_json(one, now) for one in sets],
        "tries": {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(tries).items()
        },
        "work": work and work._asdict(),
        "clocks": {
            whose: {"ahead_s": round(drift.total_seconds()), "doubtful": abs(drift) > DRIFT}
            for whose, drift in drifts.items()
            if drift is not None
        },
    }


def as_json(one: DataSet, now: datetime) -> dict[str, Any]:
    """Return a set as pages and commands show it."""
    return {
        "name": one.name,
        "state": one.state(now).value,
        "origin": one.origin,
        "version": one.version,
        "issued": one.issued and one.issued.isoformat(),
        "came_at": one.came_at and one.came_at.isoformat(),
        "required": one.required,
        "soft_hours": one.soft.total_seconds() / 3600,
        "hard_hours": None if one.hard is None else one.hard.total_seconds() / 3600,
        "missing": list(one.missing),
    }
