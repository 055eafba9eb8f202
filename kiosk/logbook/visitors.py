"""Who has visited on a day, in memory: most scans are of people who have not been here today.

Every scan asks whether its patient was here today, and the answer is nearly always no.  This
answers no without reading the logbook; a yes is looked up there.

- What this process records is known at once (`note_change`).
- What another process records is known after `MAX_AGE_S`.
- A visit that was cancelled stays in the set: only the logbook knows which visits count.
- If a recorded visit becomes another person's, or its time is corrected, all is read again
  (`forget`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from kiosk.logbook.database import Database
from kiosk.logbook.times import day_begins, day_ends

MAX_AGE_S = 1.0

# The further numbers of a day's visits: of all of them by the day, the newest, which are few, by
# row.  SQLite keeps the order of a cross join.
SELECT_NUMBERS = """
select n.row, n.number from visit v cross join person_number n on n.visit = v.row
where v.arrived_at >= :begin and v.arrived_at < :end and n.row > :after
"""
SELECT_NEW_NUMBERS = """
select n.row, n.number from person_number n cross join visit v on v.row = n.visit
where v.arrived_at >= :begin and v.arrived_at < :end and n.row > :after
"""

# Read before the visits: what is committed in between is read again, and nothing is left out.  On a
# day without visits, too, the next reading begins behind all that there is.
SELECT_LAST = """
select coalesce((select max(row) from visit), 0) as visit,
    coalesce((select max(row) from person_number), 0) as number
"""


class _Known(NamedTuple):
    """The visitors of a day, as they were read at some moment."""

    day: date | None
    people: set[str]  # only grows, and is shared by all readings of the day
    last_row: int  # of all visits before the reading
    last_number: int  # of all further numbers before the reading
    change: object  # the last one in this process that was known
    read_at: float  # in seconds


class Visitors:
    """The people who have visited on one day, the last one that was asked about.

    Any thread may call.
    """

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`monotonic` returns a time in seconds."""
        self._database = database
        self._monotonic = monotonic
        self._change = object()  # another one after each change
        self._reading = threading.Lock()
        self._known = _Known(None, set(), 0, 0, None, 0.0)

    def note_change(self) -> None:
        """Read again at the next question: a visit has been committed."""
        self._change = object()

    def forget(self) -> None:
        """Forget everybody: a recorded visit has another person or day now."""
        with self._reading:
            self._known = _Known(None, set(), 0, 0, None, 0.0)

    def may_include(self, person: str, day: date) -> bool:
        """Return False if a person has not visited on a day; True if the logbook has to be asked.

        `person` is any number of the person that is in the logbook, `day` a date at the clinic.
        Raises LogbookUnavailable if it cannot be read.
        """
        known = self._known
        if not self._is_fresh(known, day):
            if not self._reading.acquire(blocking=False):
                return True  # another thread reads; the logbook itself answers as fast
            try:
                known = self._known = self._read(self._known, day)
            finally:
                self._reading.release()
        return person in known.people

    def _is_fresh(self, known: _Known, day: date) -> bool:
        age_s = self._monotonic() - known.read_at
        return known.day == day and known.change is self._change and 0 <= age_s < MAX_AGE_S

    def _read(self, known: _Known, day: date) -> _Known:
        """Return the visitors of a day, with those since the last reading of the same day."""
        change, read_at = self._change, self._monotonic()  # before reading: what comes is newer
        if known.day == day:
            after, after_number, people = known.last_row, known.last_number, known.people
            new = "not indexed where row > :after and"  # by row: few are new
            select_numbers = SELECT_NEW_NUMBERS
        else:
            after, after_number, people = 0, 0, set[str]()
            new, select_numbers = "where", SELECT_NUMBERS
        last = self._database.rows(SELECT_LAST)[0]
        of_day = {"begin": day_begins(day), "end": day_ends(day)}
        rows = self._database.rows(
            "select row, person,"  # of a damaged record SQLite computes no column
            " case when json_valid(record) then citizen_number end as citizen_number"
            f" from visit {new} arrived_at >= :begin and arrived_at < :end",
            of_day | {"after": after},
        )
        numbers = self._database.rows(select_numbers, of_day | {"after": after_number})
        people.update(row["number"] for row in numbers)
        people.update(number for row in rows for number in (row["person"], row["citizen_number"]))
        return _Known(day, people, last["visit"], last["number"], change, read_at)
