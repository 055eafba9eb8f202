"""The series that numbers are taken from, and giving a number.

- Each room has a series of its own, which begins at 1 every day, or higher on a day on which the
  logbook may have lost numbers (`kiosk.logbook.decisions`).  A number is unique by day, room,
  prefix and number.  Two names with the same `room_key` are the same room.
- Where several desks share the series of the rooms, a `NumberSource` gives the numbers.  It says at
  once what it has: a desk that has no number of a room in hand gives one that it counts by itself,
  under its own prefix.  Nobody waits for a number.
- A number that was taken, and whose transaction then fails, is given to nobody: a gap does no harm,
  because patients are called by a list.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple, Protocol

import sqlite_utils

from kiosk.logbook.decisions import first_number
from kiosk.logbook.errors import NumberTaken
from kiosk.logbook.room_names import room_key
from kiosk.logbook.ticket_states import Prefix, Priority
from kiosk.logbook.times import to_utc_text
from verify import clinic_day


class NumberSource(Protocol):
    """The numbers of series that several desks share.  Any thread may call."""

    @property
    def prefix(self) -> str:
        """What stands before the numbers that this desk counts by itself."""

    def take(self, day: date, room: str) -> int | None:
        """Return a number of a room that was fetched for this desk, once; at once. None: no number.

        `day` is the clinic's, `room` a `room_key`.
        """

    def expect(self, room: str, place: str = "", wait_s: float = 0.0) -> None:
        """Fetch a number in the background: a patient may be sent to the room of this name soon.

        `place` says where the patient stands, such as a reader: what one place expects twice is
        one number.  Waits `wait_s` for it at most, and not at all while the hub is out of reach.
        """

    def also_given_by(self, day: date, room: str, number: int) -> int | None:
        """Return which other desk gave the same number of a room, by its number; None: none known.

        `day` and `room` are as for `take`.
        """


class QueuePlace(NamedTuple):
    """Which number a new visit gets: the next of its series, unless `number` was given on paper."""

    prefix: str = Prefix.ROOM
    number: int | None = None
    priority: Priority | None = None


NEXT_OF_ROOM = QueuePlace()


def issue_ticket(
    db: sqlite_utils.Database,
    room: str,
    at: datetime,
    visit: str | None,
    reading: int | None,
    place: QueuePlace = NEXT_OF_ROOM,
    numbers: NumberSource | None = None,
) -> int:
    """Give a number of `room` within a transaction; return the id of the ticket.

    `at` is aware: its day at the clinic is the day of the number.  `numbers` gives those of series
    that several desks share; None: this desk counts the rooms' series.  Raises NumberTaken if
    `place.number` was given before.
    """
    series = _Series(clinic_day(at), room_key(room), place.prefix)
    number = place.number
    if number is not None:
        if _was_given(db, series, number):
            raise NumberTaken(f"the number {place.prefix} {number} was given before")
    else:
        if numbers is not None and place.prefix == Prefix.ROOM:
            number = _shared_number(db, series, numbers)
            series = series if number else series._replace(prefix=numbers.prefix)
        number = number or _next_number(db, series)
    day, key, prefix = series
    row = db.execute(
        "insert into ticket (visit, reading, day, room, room_key, prefix, number, priority, state,"
        " issued_at) values (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?)",
        [
            *(visit, reading, day.isoformat(), room, key, prefix, number),
            *(place.priority or "", to_utc_text(at)),
        ],
    ).lastrowid
    return int(row or 0)


class _Series(NamedTuple):
    """Numbers that are counted together."""

    day: date
    room_key: str
    prefix: str


def _next_number(db: sqlite_utils.Database, series: _Series) -> int:
    """Return the next number of a series that this desk counts."""
    following = db.execute(
        "select coalesce(max(number), 0) + 1 from ticket"
        " where day = ? and room_key = ? and prefix = ?",
        [series.day.isoformat(), series.room_key, series.prefix],
    ).fetchone()[0]
    return max(int(following), first_number(db, series.day))


def _shared_number(db: sqlite_utils.Database, series: _Series, numbers: NumberSource) -> int | None:
    """Take a number of a shared series. None if this desk has none in hand.

    One that this logbook has given is passed over: before the desks shared the series, or before
    the hub was restored from a backup.
    """
    while (number := numbers.take(series.day, series.room_key)) is not None:
        if not _was_given(db, series, number):
            return number
    return None


def _was_given(db: sqlite_utils.Database, series: _Series, number: int) -> bool:
    given = db.execute(
        "select 1 from ticket where day = ? and room_key = ? and prefix = ? and number = ?",
        [series.day.isoformat(), series.room_key, series.prefix, number],
    )
    return given.fetchone() is not None
