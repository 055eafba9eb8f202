"""When the program ran, so that a day without visits is not taken for a day without patients.

A run is one row.  Its `seen_at` grows each minute while the program runs, so that after a power cut
the row says when the program was last seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from kiosk.logbook.database import Database
from kiosk.logbook.errors import LogbookDamaged
from kiosk.logbook.times import from_utc_text, to_utc_text
from verify import CLINIC_ZONE

LONG_GAP = timedelta(minutes=15)  # between two signs of life; a shorter one is not worth a question


class DayCoverage(StrEnum):
    """Whether the program ran on a day."""

    RAN = "ran"
    DID_NOT_RUN = "did_not_run"
    NOT_KNOWN = "not_known"  # before the first run that was written down, or that is damaged


@dataclass(frozen=True, slots=True)
class ProgramGap:
    """A time between two runs; both ends are aware."""

    begin: datetime
    end: datetime
    was_stopped: bool  # the earlier run ended by itself, and was not cut off


class ProgramRuns:
    """The table `program_run`. One process writes it: the one that serves the desk.

    All times are aware.  Methods that read raise LogbookUnavailable if the logbook cannot be
    read, methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, now: datetime) -> tuple[int, ProgramGap | None]:
        """Record that a run begins; return its id, and the long gap before it if there is one.

        A gap that would end before it begins, because a clock was put back, does not count.
        """
        with self._database.transaction() as db:
            before = db.execute("select * from program_run order by id desc limit 1").fetchone()
            text = to_utc_text(now)
            run = db.execute(
                "insert into program_run (started_at, seen_at) values (?, ?)", [text, text]
            ).lastrowid
        gap = None
        if before is not None:
            begin = from_utc_text(before["stopped_at"] or before["seen_at"])
            if now - begin >= LONG_GAP:
                gap = ProgramGap(begin, now, before["stopped_at"] is not None)
        return int(run or 0), gap

    def seen(self, run: int, now: datetime) -> bool:
        """Record that a run goes on.

        Returns False, and writes nothing, if it was not seen for LONG_GAP: the machine slept or
        its clock was changed, and another run should begin.  So it should if this one began later
        than now, by a clock that was ahead: no day would be covered by it.
        """
        with self._database.transaction() as db:
            return bool(
                db.execute(
                    "update program_run set seen_at = :now"
                    " where id = :run and seen_at > :earliest and started_at <= :now",
                    {
                        "now": to_utc_text(now),
                        "run": run,
                        "earliest": to_utc_text(now - LONG_GAP),
                    },
                ).rowcount
            )

    def stop(self, run: int, now: datetime) -> None:
        """Record that a run ended by itself."""
        with self._database.transaction() as db:
            db.execute(
                "update program_run set seen_at = ?1, stopped_at = ?1 where id = ?2",
                [to_utc_text(now), run],
            )

    def coverage(self, days: list[date]) -> dict[date, DayCoverage]:
        """Return for each of some days of the clinic whether the program ran on it.

        Of all of them that is not known if what is written of the runs is damaged.
        """
        try:
            return self._coverage(days)
        except LogbookDamaged:
            return dict.fromkeys(days, DayCoverage.NOT_KNOWN)

    def _coverage(self, days: list[date]) -> dict[date, DayCoverage]:
        first = self._database.rows("select min(started_at) from program_run")[0][0]
        return {day: self._coverage_of(day, first) for day in days}

    def _coverage_of(self, day: date, first: Any) -> DayCoverage:
        begin = datetime.combine(day, time(), CLINIC_ZONE)
        end = begin + timedelta(days=1)
        if first is None or end <= from_utc_text(first):
            return DayCoverage.NOT_KNOWN
        ran = self._database.rows(
            "select 1 from program_run where started_at < ? and seen_at >= ? limit 1",
            [to_utc_text(end), to_utc_text(begin)],
        )
        return DayCoverage.RAN if ran else DayCoverage.DID_NOT_RUN
