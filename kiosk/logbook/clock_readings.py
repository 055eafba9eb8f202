"""What other clocks showed, and how wrong this machine's clock was when a visit was recorded.

1. A reading is what a clock that is believed (the gateway's, the feed's) showed, beside ours and
   beside the steady clock of this boot (`kiosk.runtime.steady_clock`).
2. A visit is stamped with the steady clock.  One reading in the same boot, earlier or later, tells
   exactly how far our clock was ahead when the visit was recorded, however often it was set since.
3. Without such a reading (the machine was switched off before any clock answered), it is estimated:
   a. a visit from before the last reading that came before it was recorded by a clock behind;
   b. the first reading after it found our clock wrong, or wrong when the machine was started: it
      was probably wrong in the same way before;
   c. visits of one boot that no single clock can have recorded: one of them is wrong.
4. The floor (a moment that has certainly passed) is the newest moment on which our clock and
   another agreed.  Visits raise no floor: they are as wrong as the clock was.
5. Rows are added and not removed.  Clearing the floor is a row of its own, with its author.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlite_utils

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text, to_utc_text
from kiosk.runtime.steady_clock import SteadyClock
from verify import MAX_CLOCK_DRIFT

ESTIMATED = "estimate"  # the source of a difference that was not measured
READING_INTERVAL = timedelta(minutes=10)  # between two readings that say the same
SAME_S = 30.0  # two readings that differ by less say the same
LIMIT_S = MAX_CLOCK_DRIFT.total_seconds()

SELECT_UNMEASURED = """
select visit, steady_s, recorded_at from visit_clock
where ahead_s is null and settled_at is null and boot = ?
"""
SELECT_UNSETTLED = """
select v.row, v.arrived_at, c.boot, c.steady_s, c.recorded_at, c.ahead_s, c.settled_at
from visit v left join visit_clock c on c.visit = v.id where v.id = ?
"""
# By how many seconds our clock was set between the visits of a boot.  There may be very many, and
# where no clock answers they are looked at before each sending.
SELECT_SPREAD = """
select max(began_s) - min(began_s) from (
    select 86400.0 * julianday(recorded_at) - steady_s as began_s from visit_clock where boot = ?)
"""
UPSERT_AHEAD = """
insert into visit_clock (visit, boot, steady_s, recorded_at, ahead_s, source)
values (?, '', 0, ?, ?, ?)
on conflict (visit) do update set ahead_s = excluded.ahead_s, source = excluded.source
"""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What a clock that is believed showed, beside ours."""

    at: datetime  # what our clock showed; aware
    trusted_at: datetime  # what the other clock showed; aware
    source: str  # gateway or feed
    ahead: timedelta  # how far ours was ahead; below zero: behind
    boot: str
    steady_s: float


@dataclass(frozen=True, slots=True)
class ClockFloor:
    """A moment (aware) that has certainly passed, and the clock that confirmed it."""

    moment: datetime
    source: str


class ClockReadings:
    """The tables `clock_reading`, `clock_start`, `visit_clock` and `clock_floor_cleared`.

    All times are aware.  Methods that read raise LogbookUnavailable if the logbook cannot be read,
    methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database, steady: SteadyClock | None = None) -> None:
        """`steady` is None if the time between two moments is not known; then all is estimated."""
        self._database = database
        self._steady = steady

    def note_start(self, now: datetime) -> None:
        """Write down what our clock showed when the program was first started in this boot."""
        boot, steady_s = self._stamp()
        if not boot or self._start_of(boot) is not None:
            return
        with self._database.transaction() as db:
            db.execute(
                "insert or ignore into clock_start (boot, at, steady_s, newest_visit)"
                " values (?, ?, ?, (select coalesce(max(row), 0) from visit))",
                [boot, to_utc_text(now), steady_s],
            )

    def record(self, now: datetime, trusted_at: datetime, source: str) -> None:
        """Record what a clock that is believed shows now, and measure the visits of this boot.

        A reading that says the same as the newest one is recorded every READING_INTERVAL.
        """
        boot, steady_s = self._stamp()
        unmeasured = self._database.rows(SELECT_UNMEASURED, [boot]) if boot else []
        is_news = self._is_news(now, now - trusted_at, boot)
        if not unmeasured and not is_news:
            return
        with self._database.transaction() as db:
            if is_news:
                self._add_reading_of_start(
                    db, boot, trusted_at - timedelta(seconds=steady_s), source
                )
                [newest_visit] = db.execute("select coalesce(max(row), 0) from visit").fetchone()
                _add_reading(db, now, boot, steady_s, trusted_at, source, newest_visit)
            for row in unmeasured:
                was = trusted_at - timedelta(seconds=steady_s - row["steady_s"])
                ahead = from_utc_text(row["recorded_at"]) - was
                db.execute(
                    "update visit_clock set ahead_s = ?, source = ? where visit = ?",
                    [ahead.total_seconds(), source, row["visit"]],
                )

    def newest(self) -> ClockReading | None:
        """Return the newest reading. None if no clock was ever read."""
        rows = self._database.rows("select * from clock_reading order by id desc limit 1")
        return _reading(rows[0]) if rows else None

    def ahead_now(self, now: datetime) -> timedelta | None:
        """Return how far our clock is ahead now by a reading of this boot. None: not known."""
        newest = self.newest()
        boot, steady_s = self._stamp()
        if newest is None or not boot or newest.boot != boot:
            return None
        return now - (newest.trusted_at + timedelta(seconds=steady_s - newest.steady_s))

    def floor(self) -> ClockFloor | None:
        """Return the newest moment on which our clock and another agreed. None: they never did."""
        rows = self._database.rows(
            "select min(at, trusted_at) as moment, source from clock_reading"
            " where abs(ahead_s) <= ? and id >"
            " (select coalesce(max(last_reading), 0) from clock_floor_cleared)"
            " order by moment desc limit 1",
            [LIMIT_S],
        )
        return ClockFloor(from_utc_text(rows[0]["moment"]), rows[0]["source"]) if rows else None

    def clear_floor(self, now: datetime, author: str) -> ClockFloor | None:
        """Let the readings so far raise no floor; return the floor that was cleared, if any.

        Who did it is kept.
        """
        before = self.floor()
        with self._database.transaction() as db:
            db.execute(
                "insert into clock_floor_cleared (at, author, moment, last_reading)"
                " values (?, ?, ?, (select coalesce(max(id), 0) from clock_reading))",
                [to_utc_text(now), author, before and to_utc_text(before.moment)],
            )
        return before

    def wrong_visits(self, visits: Sequence[str]) -> dict[str, str]:
        """Return those of `visits` (ids) that a wrong clock recorded, each with what is known.

        A visit whose time a person has settled is not among them.  By rules 2 and 3 of the module;
        an estimate is kept.
        """
        found = {}
        for visit in visits:
            [row] = self._database.rows(SELECT_UNSETTLED, [visit])
            if row["settled_at"] is not None:
                continue
            if row["ahead_s"] is None:
                why = self._estimate(visit, row)
            else:
                why = _why(row["ahead_s"]) if abs(row["ahead_s"]) > LIMIT_S else ""
            if why:
                found[visit] = why
        return found

    def _estimate(self, visit: str, row: Any) -> str:
        """Return why an unmeasured visit was recorded by a wrong clock, by rules 2 and 3."""
        if row["boot"] and (ahead_s := self._measured(visit, row)) is not None:
            return _why(ahead_s) if abs(ahead_s) > LIMIT_S else ""
        [next_reading] = self._database.rows(
            "select ahead_s from clock_reading where newest_visit >= ? order by id limit 1",
            [row["row"]],
        ) or [None]
        if next_reading is not None and abs(next_reading["ahead_s"]) > LIMIT_S:
            ahead_s = next_reading["ahead_s"]
            with self._database.transaction() as db:
                db.execute(UPSERT_AHEAD, [visit, row["arrived_at"], ahead_s, ESTIMATED])
            return _why(ahead_s)
        [[earliest]] = self._database.rows(
            "select max(trusted_at) from clock_reading where newest_visit < ?", [row["row"]]
        )
        if (
            earliest
            and from_utc_text(row["arrived_at"]) < from_utc_text(earliest) - MAX_CLOCK_DRIFT
        ):
            return "NGAY_VAO lies before a moment that had passed: the clock was behind"
        if row["boot"] and self._was_set_during(row["boot"]):
            return "the clock was set while visits were recorded: NGAY_VAO may be wrong"
        return ""

    def _measured(self, visit: str, row: Any) -> float | None:
        """Measure a visit by a reading of its boot, and keep the result. None without a reading."""
        readings = self._database.rows(
            "select * from clock_reading where boot = ? order by id desc limit 1", [row["boot"]]
        )
        if not readings:
            return None
        reading = _reading(readings[0])
        was = reading.trusted_at - timedelta(seconds=reading.steady_s - row["steady_s"])
        ahead_s = (from_utc_text(row["recorded_at"]) - was).total_seconds()
        with self._database.transaction() as db:
            db.execute(
                "update visit_clock set ahead_s = ?, source = ? where visit = ?",
                [ahead_s, reading.source, visit],
            )
        return ahead_s

    def _was_set_during(self, boot: str) -> bool:
        """Return whether our clock was set between two visits of a boot in which none was read."""
        [[spread_s]] = self._database.rows(SELECT_SPREAD, [boot])
        return float(spread_s) > LIMIT_S

    def _add_reading_of_start(
        self, db: sqlite_utils.Database, boot: str, began: datetime, source: str
    ) -> None:
        """Add what the first reading of a boot says of our clock when the program was started.

        `began` is the right time (aware) at which the steady clock began.  Nothing is added if our
        clock was right then.
        """
        start = self._start_of(boot)
        known = db.execute("select 1 from clock_reading where boot = ? limit 1", [boot]).fetchone()
        if start is None or known is not None:
            return
        at, was = from_utc_text(start["at"]), began + timedelta(seconds=start["steady_s"])
        if abs(at - was) > MAX_CLOCK_DRIFT:
            _add_reading(db, at, boot, start["steady_s"], was, source, start["newest_visit"])

    def _start_of(self, boot: str) -> Any:
        rows = self._database.rows("select * from clock_start where boot = ?", [boot])
        return rows[0] if rows else None

    def _is_news(self, now: datetime, ahead: timedelta, boot: str) -> bool:
        newest = self.newest()
        return (
            newest is None
            or newest.boot != boot
            or abs((ahead - newest.ahead).total_seconds()) > SAME_S
            or abs(now - newest.at) >= READING_INTERVAL
        )

    def _stamp(self) -> tuple[str, float]:
        return ("", 0.0) if self._steady is None else (self._steady.boot, self._steady())


def _add_reading(
    db: sqlite_utils.Database,
    at: datetime,
    boot: str,
    steady_s: float,
    trusted_at: datetime,
    source: str,
    newest_visit: int,
) -> None:
    db.execute(
        "insert into clock_reading (at, boot, steady_s, trusted_at, ahead_s, source, newest_visit)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        [
            to_utc_text(at),
            boot,
            steady_s,
            to_utc_text(trusted_at),
            (at - trusted_at).total_seconds(),
            source,
            newest_visit,
        ],
    )


def stamp_visit(
    db: sqlite_utils.Database, visit: str, recorded_at: datetime, steady: SteadyClock
) -> None:
    """Write down what the steady clock shows, within the transaction that records a visit."""
    db.execute(
        "insert into visit_clock (visit, boot, steady_s, recorded_at) values (?, ?, ?, ?)",
        [visit, steady.boot, steady(), to_utc_text(recorded_at)],
    )


def settle_time(
    db: sqlite_utils.Database, visit: str, recorded_at: datetime, now: datetime
) -> None:
    """Write down that a person settled a visit's time, within the transaction that corrects it.

    `recorded_at` is kept for a visit that was not stamped.
    """
    db.execute(
        "insert into visit_clock (visit, boot, steady_s, recorded_at, settled_at)"
        " values (?, '', 0, ?, ?)"
        " on conflict (visit) do update set settled_at = excluded.settled_at",
        [visit, to_utc_text(recorded_at), to_utc_text(now)],
    )


def _why(ahead_s: float) -> str:
    way = "ahead" if ahead_s > 0 else "behind"
    return f"NGAY_VAO is wrong: this machine's clock was {abs(ahead_s):.0f} s {way}"


def _reading(row: Any) -> ClockReading:
    return ClockReading(
        at=from_utc_text(row["at"]),
        trusted_at=from_utc_text(row["trusted_at"]),
        source=row["source"],
        ahead=timedelta(seconds=row["ahead_s"]),
        boot=row["boot"],
        steady_s=row["steady_s"],
    )
