"""Visits: one person comes to this facility once.

A visit and its message to the insurer are written in one transaction.  It is on disk before the
page says that the visit was recorded.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime

import sqlite_utils

from kiosk.logbook.clock_readings import stamp_visit
from kiosk.logbook.database import Database
from kiosk.logbook.day_rows import last_row_before
from kiosk.logbook.errors import (
    AlreadyHere,
    KeyClosed,
    KeyUsedBefore,
    ReadingUsedBefore,
)
from kiosk.logbook.number_series import NEXT_OF_ROOM, NumberSource, QueuePlace, issue_ticket
from kiosk.logbook.other_desks import OtherDesks, VisitsElsewhere
from kiosk.logbook.outbox import enqueue
from kiosk.logbook.paper_sheets import use_line
from kiosk.logbook.person_numbers import (
    SELECT_ROWS_WITH,
    add_numbers,
    all_spellings,
    further_numbers,
    known_numbers,
    limited,
)
from kiosk.logbook.same_persons import PersonRecord, joined_record
from kiosk.logbook.slips import close_slips
from kiosk.logbook.times import day_begins, day_ends, from_utc_text, to_utc_text
from kiosk.logbook.visit import Compose, NewVisit, Visit, visit_record
from kiosk.logbook.visit_events import VisitEventKind, note_events
from kiosk.logbook.visit_index import index_visit
from kiosk.logbook.visit_rows import SELECT_VISITS, read_rows, readable, visit_with_id
from kiosk.logbook.visitors import Visitors
from kiosk.runtime.steady_clock import SteadyClock
from verify import clinic_day

USED_BEFORE = "the reading belongs to another visit; scan the card again"
MAX_OF_A_DAY = 20  # visits of one person
MAX_FOLLOW_UP = 500  # visits of a kind on the page of cases to follow up

INSURANCE_NUMBER = re.compile(r"\d{10}\Z", re.ASCII)


class Visits:
    """The table `visit`, and the first message of each visit.

    All times that come in and go out are aware.  Methods that read raise LogbookUnavailable if
    the logbook cannot be read, methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(
        self,
        database: Database,
        compose: Compose,
        steady: SteadyClock | None = None,
        others: OtherDesks | None = None,
        numbers: NumberSource | None = None,
    ) -> None:
        """`steady` stamps each visit, so that a wrong clock can be measured later.

        `others` knows what other desks have recorded, `numbers` gives the numbers of the rooms
        that they share; None without other desks.
        """
        self._database = database
        self._compose = compose
        self._steady = steady
        self._numbers = numbers
        self._visitors = Visitors(database)
        self.elsewhere = VisitsElsewhere(database, others)

    def confirm(
        self,
        visit: NewVisit,
        key: str,
        place: QueuePlace = NEXT_OF_ROOM,
        within: Callable[[sqlite_utils.Database], object] | None = None,
    ) -> tuple[Visit, bool]:
        """Record a visit, its message and its ticket; return the visit, and whether it is new.

        `place` says which number the patient gets in the room of the visit.  `within` is called in
        the transaction of a new visit, such as to use an approval up; if it raises, none is made.

        For a known idempotency key, or a reading that has a visit, returns the recorded visit.

        Raises:
        - KeyUsedBefore if the key belongs to another reading;
        - ReadingUsedBefore if the card of the reading was presented for an earlier visit;
        - KeyClosed if `close_key` has promised that nothing is recorded under the key;
        - AlreadyHere if the person has a visit on this day, here or at another desk, and `visit`
          names no reason for a second one;
        - NumberTaken if `place` has a number that was given before.
        """
        with self._database.transaction() as db:
            already = self.by_reading_or_key(visit.attempt, key)
            if already is not None:
                return already, False
            if db.execute("select 1 from closed_key where key = ?", [key]).fetchone():
                raise KeyClosed("nothing is recorded under this key any more; send a new key")
            self._check_second_visit(visit)
            if within is not None:
                within(db)
            confirmed = self._select("v.row = ?", self._insert(db, visit, key, place))[0]
        self._visitors.note_change()
        return confirmed, True

    def _check_second_visit(self, visit: NewVisit) -> None:
        """Raise AlreadyHere if this is a person's second visit of a day, and no reason is given.

        Within the transaction: two desks may confirm the same person at the same time.  All known
        numbers count: the person may have come by another card, or before the insurer answered.
        """
        if visit.unknown or visit.repeat_reason:
            return
        record = joined_record(self._database, known_numbers(visit))
        for earlier in self._on_day(record, clinic_day(visit.arrived_at)):
            raise AlreadyHere(earlier.id)
        self.elsewhere.require_none(record, visit.arrived_at)

    def close_key(self, key: str, now: datetime, reading: int = 0) -> Visit | None:
        """Return the visit that was recorded under an idempotency key, or else on a reading.

        Without a visit under the key it is closed: whatever is still on its way under this key
        will not be recorded.  So a page whose answer was lost can say what is true.
        """
        with self._database.transaction() as db:
            found = self._select("v.idempotency_key = ?", key)
            if found:
                return found[0]
            db.execute(
                "insert or ignore into closed_key (key, at) values (?, ?)", [key, to_utc_text(now)]
            )
            return self.by_reading(reading)

    def _insert(
        self, db: sqlite_utils.Database, visit: NewVisit, key: str, place: QueuePlace
    ) -> int:
        day = clinic_day(visit.arrived_at).isoformat()
        visit_id = f"{visit.facility}-{day.replace('-', '')}-{secrets.token_hex(8)}"
        message = self._compose(visit_id, visit)
        count = db.execute(
            "select coalesce(max(ticket), 0) + 1 from visit where day = ?", [day]
        ).fetchone()[0]
        row = db.execute(
            "insert into visit (id, attempt, verdict_of, idempotency_key, arrived_at, day, ticket,"
            " outcome, reason, number, person, record)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                visit_id,
                visit.attempt,
                visit.verdict_of,
                key,
                to_utc_text(visit.arrived_at),
                day,
                count,
                visit.outcome,
                visit.reason,
                visit.card.number,
                visit.person,
                visit_record(visit),
            ],
        ).lastrowid
        close_slips(db, visit.attempt, known_numbers(visit), visit.arrived_at, visit.author)
        room, at = visit.service.room, visit.arrived_at
        issue_ticket(db, room, at, visit_id, visit.attempt, place, self._numbers)
        if visit.paper is not None:  # the time is that of a watch, not of our clock
            use_line(db, visit.paper, visit_id, visit.arrived_at, visit.author)
        elif self._steady is not None:
            stamp_visit(db, visit_id, visit.arrived_at, self._steady)
        add_numbers(db, int(row or 0), further_numbers(visit))
        now = visit.paper.entered_at if visit.paper else visit.arrived_at
        note_events(db, visit_id, visit, 1, [VisitEventKind.RECORDED], now)
        if message is not None:
            enqueue(
                db,
                visit_id,
                1,
                visit.person,
                message.body,
                message.why_parked,
                now,
                visit.author,
            )
        index_visit(db, visit_id)
        return int(row or 0)

    def list_from(
        self, after_row: int = 0, since: datetime | None = None, limit: int = 50
    ) -> list[Visit]:
        """Return at most `limit` visits in the order of their rows.

        Only those whose row is above `after_row` and that arrived at `since` or later, or were
        entered from paper then: another program that asks by time misses none of them.
        """
        if since is not None and not after_row:
            after_row = last_row_before(self._database, clinic_day(since))
        return self._select(
            "v.row > ? and (v.arrived_at >= ? or v.id in (select p.visit from paper_line p"
            " where p.at >= ? and p.visit is not null)) order by v.row limit ?",
            after_row,
            to_utc_text(since) if since else "",
            to_utc_text(since) if since else "",
            limit,
        )

    def newest(self, limit: int = 50) -> list[Visit]:
        """Return the newest visits, at most `limit`, newest first, as far as they can be read."""
        rows = self._database.newest_rows(
            f"{SELECT_VISITS} where true order by v.row desc limit ?", [limit]
        )
        return readable(self._database, rows)

    def by_reading_or_key(self, reading: int, key: str) -> Visit | None:
        """Return the visit of a reading or of an idempotency key. None if neither has one.

        Raises KeyUsedBefore if the key belongs to another reading, and ReadingUsedBefore if the
        card of the reading was presented for a visit that was recorded before.
        """
        found = self._select("v.attempt = ? or v.idempotency_key = ?", reading, key)
        if any(visit.attempt != reading for visit in found):
            raise KeyUsedBefore("the key belongs to another reading; send a new key")
        if found:
            return found[0]
        of_reading = self.by_reading(reading)
        if of_reading is None or of_reading.attempt == reading:  # recorded since the first look
            return of_reading
        raise ReadingUsedBefore(USED_BEFORE)

    def require_unused(self, reading: int, visit_id: str = "") -> None:
        """Raise ReadingUsedBefore if a reading belongs to a visit other than `visit_id`."""
        of_reading = self.by_reading(reading)
        if of_reading is not None and of_reading.id != visit_id:
            raise ReadingUsedBefore(USED_BEFORE)

    def by_rows(self, rows: Sequence[int]) -> list[Visit]:
        """Return the visits with these row ids, in the order of their rows.

        Damaged ones are left out and named (`Database.unreadable_rows`).
        """
        return [each for each in read_rows(self._database, rows) if isinstance(each, Visit)]

    def by_id(self, visit_id: str) -> Visit | None:
        """Return the visit with this id. None if no visit has it.

        Raises VisitUnreadable if it is damaged.
        """
        return visit_with_id(self._database, visit_id)

    def by_reading(self, reading: int) -> Visit | None:
        """Return the visit that was confirmed on a reading, or for which its card came later.

        None if the reading has no visit.
        """
        found = self._select(
            "v.attempt = ?1 or v.later_reading = ?1 order by v.attempt <> ?1", reading
        )
        return found[0] if found else None

    def is_secret(self, reading: int) -> bool:
        """Return whether a visit was confirmed on a reading that is a state secret.

        The insurer is asked nothing more about such a reading.
        """
        visit = self.by_reading(reading)
        return visit is not None and visit.secret

    def here_today(self, person: str, now: datetime, others: Collection[str] = ()) -> Visit | None:
        """Return a person's last visit on the clinic's day of `now`. None without a visit.

        `others` are further numbers of the person, who may have come under one of them.  Cancelled
        visits do not count.  A visit that another process has recorded in the last second may be
        missing.
        """
        day = clinic_day(now)
        record = joined_record(self._database, {person, *others} - {""})
        may_be = any(self._visitors.may_include(number, day) for number in limited(record.numbers))
        if not may_be and not record.visits:
            return None
        return next(iter(self._on_day(record, day)), None)

    def _on_day(self, record: PersonRecord, day: date) -> list[Visit]:
        """Return the visits of a person on a day that were not cancelled."""
        where = "v.arrived_at >= :begin and v.arrived_at < :end and v.cancelled_at is null"
        of_day: dict[str, object] = {"begin": day_begins(day), "end": day_ends(day)}
        found = self._with_numbers(limited(record.numbers), where, of_day, MAX_OF_A_DAY)
        if record.visits:  # a visit without a card may have no number
            marks = ", ".join("?" * len(record.visits))
            joined = self._select(f"v.id in ({marks}) and v.cancelled_at is null", *record.visits)
            found += [each for each in joined if clinic_day(each.arrived_at) == day]
        return found

    def with_number(self, number: str, limit: int = 50) -> list[Visit]:
        """Return the visits of the person with a number of any kind, at most `limit`, newest first.

        `number` is upper case, without blanks.  Cancelled visits are among them.
        """
        return self._with_numbers(limited([number]), "true", {}, limit)

    def _with_numbers(
        self, numbers: list[str], where: str, values: dict[str, object], limit: int
    ) -> list[Visit]:
        """Return the visits with one of the numbers, newest first.

        A number that a visit had only by mistake, until that was undone, stays in the table of
        further numbers; the visit itself no longer has it.
        """
        rows = self._database.rows(
            f"{SELECT_VISITS} where v.row in ({SELECT_ROWS_WITH}) and {where}"
            " order by v.row desc limit :limit",
            {"numbers": json.dumps(numbers), "limit": limit} | values,
        )
        visits = readable(self._database, rows)
        known = {visit.row: all_spellings(known_numbers(visit)) for visit in visits}
        return [visit for visit in visits if not known[visit.row].isdisjoint(numbers)]

    def earlier_use(self, visit: Visit) -> Visit | None:
        """Return the last visit before this one that used the same appointment slip; None if none.

        Cancelled visits do not count.
        """
        slip = visit.arrival.appointment
        if slip is None:
            return None
        found = self._select(
            "v.appointment_number = ? and json_extract(v.record, '$.appointment.facility') = ?"
            " and v.row < ? and v.cancelled_at is null order by v.row desc limit 1",
            slip.number,
            slip.facility,
            visit.row,
        )
        return found[0] if found else None

    def count_others_with(self, citizen_number: str, person: str) -> int:
        """Return how many other people have visited with this citizen number.

        Only the insurance number distinguishes people.  A visit from before the number was
        known, which may be the same person's, does not count; nor does a cancelled one.
        """
        if not INSURANCE_NUMBER.match(person):
            return 0
        rows = self._database.rows(
            "select count(distinct person) from visit where citizen_number = ?"
            " and person != ? and length(person) = 10 and cancelled_at is null",
            [citizen_number, person],
        )
        return int(rows[0][0])

    def with_unknown_patient(self, limit: int = MAX_FOLLOW_UP) -> list[Visit]:
        """Return the visits of unknown patients that were not cancelled, oldest first."""
        return self._with_code("unknown_code", limit)

    def with_temporary_code(self, limit: int = MAX_FOLLOW_UP) -> list[Visit]:
        """Return the visits with a temporary card number, not cancelled, oldest first."""
        return self._with_code("temporary_code", limit)

    def _with_code(self, column: str, limit: int) -> list[Visit]:
        """Return the visits whose `column` is not null, from its index: nearly all others are."""
        rows = f"select row from visit indexed by visit_{column} where {column} is not null"
        where = f"v.row in ({rows}) and v.cancelled_at is null order by v.row limit ?"
        return self._select(where, limit)

    def note_correction(self) -> None:
        """Read again who was here today: a recorded visit has another person or day now."""
        self._visitors.forget()

    def count_on(self, day: date) -> int:
        """Return how many visits arrived on a day of the clinic; cancelled ones do not count."""
        rows = self._database.rows(
            "select count(*) from visit"
            " where arrived_at >= ? and arrived_at < ? and cancelled_at is null",
            [day_begins(day), day_ends(day)],
        )
        return int(rows[0][0])

    def newest_at(self) -> datetime | None:
        """Return when the last visit was. None in an empty logbook."""
        row = self._database.rows("select max(arrived_at) from visit")[0]
        return from_utc_text(row[0]) if row[0] else None

    def oldest_at(self) -> datetime | None:
        """Return when the first visit was. None in an empty logbook."""
        row = self._database.rows("select min(arrived_at) from visit")[0]
        return from_utc_text(row[0]) if row[0] else None

    def _select(self, where: str, *values: object) -> list[Visit]:
        rows = self._database.rows(f"{SELECT_VISITS} where {where}", values)
        return readable(self._database, rows)
