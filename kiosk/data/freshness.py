"""How old each set of data is: of what is held, never of an attempt to get it.

"Never" is a state of its own.  Of the sets that this site relies on the worst decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from verify import FUTURE_TOLERANCE

MAX_CLOCK_DRIFT = timedelta(minutes=2)  # between two clocks, from which on it is told
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
        if age < -FUTURE_TOLERANCE:
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
