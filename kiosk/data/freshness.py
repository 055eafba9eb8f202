"""How old each set of data is, as pages and `doctor` show it.

1. A set is as old as its content.  An attempt to get a newer one makes nothing newer.
2. From the `soft` limit on a set is shown as old; after the `hard` limit it is not used any more.
3. "Never" is a state of its own.
4. Of all sets that the site relies on, the worst decides what is shown of all.

The limits come from the section `[freshness]` of the settings.  `limits` in
`kiosk/data/knowledge.py` turns them into a `verify.Freshness`.  `verify/decision.py` applies that
to each verdict; `kiosk/data/datasets.py` gives the same limits to the sets described here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from verify import FUTURE_TOLERANCE

MAX_CLOCK_DRIFT = timedelta(minutes=2)  # a greater difference between two clocks is reported
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class State(StrEnum):
    """The state of a set, the worst first."""

    NEVER = "never"
    DAMAGED = "damaged"  # it cannot be read, or not all of it
    TOO_OLD = "too_old"  # not used any more
    AHEAD = "ahead"  # made in our future: one of two clocks is wrong
    OLD = "old"  # used, and shown as old
    FRESH = "fresh"


@dataclass(frozen=True, slots=True)
class DataSet:
    """One set of data, its age and its limits.

    `issued` (aware) is when its content was made; None: there never was any.  `soft` and `hard`
    are how old it may be (see the module's rules); `hard` is None if it is used at any age.
    `required` says whether this site relies on it.  `origin` is where it came from: feed, here
    (built on this machine), file, gateway or program.
    """

    name: str  # word (the gateway's answers), registry, keys, revocations, tables, feed
    issued: datetime | None
    soft: timedelta
    hard: timedelta | None
    required: bool
    origin: str
    version: int | None = None
    came_at: datetime | None = None  # when it arrived on this machine (aware)
    missing: tuple[str, ...] = ()  # the parts that are damaged

    def state(self, now: datetime) -> State:
        """Return the state of the set at `now` (aware)."""
        if self.issued is None:
            return State.NEVER
        if self.missing:
            return State.DAMAGED
        age = now - self.issued
        if age < -FUTURE_TOLERANCE:
            return State.AHEAD
        if self.hard is not None and age > self.hard:
            return State.TOO_OLD
        return State.OLD if age > self.soft else State.FRESH


def worst_set(sets: Sequence[DataSet], now: datetime) -> DataSet | None:
    """Return the required set that is in the worst state at `now` (aware).

    Of several in that state it is the oldest.  None if this site requires none of the sets.
    """
    order = list(State)
    return min(
        (data_set for data_set in sets if data_set.required),
        key=lambda data_set: (order.index(data_set.state(now)), data_set.issued or BEFORE_ALL),
        default=None,
    )
