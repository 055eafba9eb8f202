"""What is known of this machine's clock while the records of one visit were written.

1. A spell is a time in which our clock was wrong by the same amount: the clock readings that agree,
   and the visit itself if its difference is known.  Spells follow each other in true order.
2. The records of a visit were written in the order in which they are stored, so each belongs to the
   spell of the one before it or to a later one: to the first that showed about its time.
3. Nothing is corrected if the visit's difference is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.logbook.clock_readings import ESTIMATED, READING_INTERVAL, SAME_S
from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text
from verify import MAX_CLOCK_DRIFT

MAX_JITTER = timedelta(minutes=1)  # between two measurements of the same difference
PERSON = "person"  # the source of a difference that nothing but the time of a person tells

# The first and the last reading of each spell, and those on both sides of the visit.
SELECT_SPELLS = """
select at, ahead_s, is_later from (
    select at, ahead_s, is_later, lag(ahead_s) over w as ahead_before,
        lead(ahead_s) over w as ahead_after, lag(is_later) over w as later_before,
        lead(is_later) over w as later_after
    from (select id, at, ahead_s, newest_visit >= :row as is_later from clock_reading)
    window w as (order by id))
where ahead_before is null or ahead_after is null
    or abs(ahead_s - ahead_before) > :same or abs(ahead_s - ahead_after) > :same
    or is_later <> later_before or is_later <> later_after
"""


@dataclass(frozen=True, slots=True)
class ClockSpell:
    """A time in which our clock was wrong by the same amount."""

    first: datetime  # what our clock showed; aware
    last: datetime
    ahead: timedelta  # zero if it was right; below zero: behind

    def right(self, shown: datetime) -> datetime:
        """Return the right time (aware) when our clock showed `shown` in this spell."""
        try:
            return shown - self.ahead
        except OverflowError:  # the other clock was absurd
            return shown

    def distance(self, shown: datetime) -> timedelta:
        """Return how far `shown` lies outside of what our clock showed in this spell."""
        return max(self.first - shown, shown - self.last, timedelta(0))


@dataclass(frozen=True, slots=True)
class VisitClock:
    """What our clock showed when a visit was recorded, and how wrong it was."""

    recorded_at: datetime  # aware
    ahead: timedelta | None  # below zero: behind; None: not known
    source: str | None  # gateway, feed, estimate or person; None: not known
    settled_at: datetime | None  # when a person settled the time; aware
    spells: Sequence[ClockSpell] = ()
    own: int = 0  # the index of the visit's spell

    @property
    def was_wrong(self) -> bool:
        """Whether our clock is known to have been wrong when the visit was recorded."""
        return self.ahead is not None and abs(self.ahead) > MAX_CLOCK_DRIFT

    @property
    def is_estimated(self) -> bool:
        """Whether the difference was not measured."""
        return self.source == ESTIMATED

    @property
    def right_at(self) -> datetime:
        """The right time of the recording (aware), as far as it is known."""
        return self.in_order([self.recorded_at])[0]

    def in_order(
        self, shown: Iterable[datetime], earliest: datetime | None = None
    ) -> list[datetime]:
        """Return the right times (aware) of records that our clock stamped with `shown`.

        They are in the order in which they were written, none before `earliest`.
        """
        moments: list[datetime] = []
        spell = self.own
        for moment in shown:
            found = self._spell_of(moment, spell, earliest)
            if found is None:
                moments.append(moment)
                continue
            spell = found
            earliest = self.spells[spell].right(moment)
            moments.append(earliest)
        return moments

    def _spell_of(self, shown: datetime, first: int, earliest: datetime | None) -> int | None:
        """Return the index of the spell in which our clock showed `shown`, from `first` on.

        None if no spell fits the order: the clock was set, and no other was read since.
        """
        found = [
            index
            for index in range(first, len(self.spells))
            if earliest is None or self.spells[index].right(shown) >= earliest - MAX_JITTER
        ]
        if not found:
            return None
        near = (i for i in found if self.spells[i].distance(shown) <= READING_INTERVAL)
        return next(near, min(found, key=lambda i: self.spells[i].distance(shown)))


def read_visit_clock(database: Database, visit: str, row: int, arrived_at: datetime) -> VisitClock:
    """Return what is known of our clock when a visit was recorded.

    `row` is the visit's row and `arrived_at` its arrival as it is known now.

    Raises LogbookUnavailable if the logbook cannot be read.
    """
    rows = database.rows("select * from visit_clock where visit = ?", [visit])
    if not rows:
        return VisitClock(arrived_at, None, None, None)
    [stored] = rows
    recorded_at = from_utc_text(stored["recorded_at"])
    settled_at = from_utc_text(stored["settled_at"]) if stored["settled_at"] else None
    source = stored["source"]
    if stored["ahead_s"] is not None:
        ahead = timedelta(seconds=stored["ahead_s"])
    elif settled_at is not None and abs(recorded_at - arrived_at) > MAX_CLOCK_DRIFT:
        ahead, source = recorded_at - arrived_at, PERSON
    else:
        return VisitClock(recorded_at, None, source, settled_at)
    readings = database.rows(SELECT_SPELLS, {"row": row, "same": SAME_S})
    points = [
        (from_utc_text(reading["at"]), timedelta(seconds=reading["ahead_s"]), False)
        for reading in readings
    ]
    place = sum(not reading["is_later"] for reading in readings)
    points.insert(place, (recorded_at, ahead, True))
    spells, own = _spells(points)
    return VisitClock(recorded_at, ahead, source, settled_at, spells, own)


def _spells(points: Sequence[tuple[datetime, timedelta, bool]]) -> tuple[list[ClockSpell], int]:
    """Return the spells of readings and of the visit, and the index of the visit's.

    A difference that does not matter counts as zero.  The visit's is that of its whole spell.
    """
    spells: list[ClockSpell] = []
    own = 0
    for at, exact, is_visit in points:
        ahead = exact if abs(exact) > MAX_CLOCK_DRIFT else timedelta(0)
        before = spells[-1] if spells else None
        if before is None or abs(before.ahead - ahead) > timedelta(seconds=SAME_S):
            spells.append(ClockSpell(at, at, ahead))
        else:
            spells[-1] = ClockSpell(
                min(before.first, at),
                max(before.last, at),
                ahead if is_visit else before.ahead,
            )
        if is_visit:
            own = len(spells) - 1
    return spells, own
