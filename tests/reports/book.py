"""A logbook for reports, with everything that may go wrong in it, and its rows in plain Python.

`PlainBook` reads all rows of the tables and counts nothing in SQL: what it says is compared with
what reports say.  Everybody and everything is invented.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import reports as bench
from kiosk.insurer import Deadlines, Reporting
from kiosk.logbook import Database, DaysEnd, Outages, ProgramRuns, ReportedVisits
from kiosk.reports import DayFigures, ReportPeriod, Reports
from kiosk.runtime.paths import shipped_folder
from verify import read_law

COUNT, PER_DAY = 700, 9  # visits
SEVEN_HOURS = timedelta(hours=7)  # of the clinic, ahead of UTC
LAW = read_law(shipped_folder("config") / "tables")
NOW = bench.NOW
FAILED = (
    *("unreadable", "truncated", "too_long", "bad_encoding", "self_check_failed"),
    *("chunked_card", "damaged_by_input_method", "leading_zero_lost"),
)

# What happens to the visits of the bench, which are all alike in this.
MESS = """
insert into visit_clock (visit, boot, steady_s, recorded_at) select id, 'b', row, arrived_at
    from visit;
update visit set cancelled_at = arrived_at, version = 2 where row % 17 = 0;
insert into visit_version (visit, version, record, replaced_at, why, author)
    select id, 1, record, arrived_at, 'x', 'desk' from visit where row % 17 = 0;
insert into visit_version (visit, version, record, replaced_at, why, author)
    select id, 1, record, strftime('%Y-%m-%dT%H:%M:%S', arrived_at, '+1 days')
        || '.000000+00:00', 'x', 'desk' from visit where row % 23 = 0 and row % 17 <> 0;
update visit set version = 2 where row % 23 = 0 and row % 17 <> 0;
update visit set arrived_at = strftime('%Y-%m-%dT%H:%M:%S', arrived_at, '-15 hours')
    || '.000000+00:00' where row % 29 = 0;
update visit set record = json_set(record, '$.secret', json('true')) where row % 31 = 0;
update visit set record = json_set(record, '$.room', '=1+1', '$.registered_at', null)
    where row % 37 = 0;
update visit set record = json_set(record, '$.card_number', null), number = '9999900001'
    where row % 41 = 0;
update visit set record = json_set(record, '$.author', 'self-service') where row % 43 = 0;
update outbox set state = 'parked', answered_at = null where id % 47 = 0;
update outbox set state = 'closed' where id % 53 = 0;
insert into outbox (visit, version, person, state, body, tries, next_try_at, changed_at)
    select visit, 2, person, 'in_flight', body, 0, next_try_at, changed_at from outbox
    where id % 59 = 0;
insert into sent_file (at, sha256, certificate_serial, document) select at, 'x', case id % 2
    when 0 then 'serial' end, x'79' from attempt where id % 3 = 0;
insert into sent_message (file, message) select id, (select max(o.id) from outbox o
    where o.id <= 3 * f.id) from sent_file f where f.id > 1;
insert into set_aside (reading, at, author, reason) select id, at, 'desk', 'went home'
    from attempt where id > 700 and id % 6 = 0;
insert or ignore into look_back (visit, at, outcome, reason) select id, arrived_at,
    case row % 2 when 0 then 'desk' else 'admitted' end, 'ended' from visit
    where outcome = 'unconfirmed';
insert into help_count (day, kind, key, count) values ('2026-11-03', 'helped', 'T01', 3),
    ('2026-11-04', 'helped', 'T02', 2), ('2026-10-04', 'shown', 'T02', 5);
insert into outage_version (outage, version, at, author, state, source, begins_at, ends_at,
    reported_to, reported_by, note, noticed) values
    (1, 1, '2026-11-02', 'desk', 'confirmed', 'line', '2026-11-02T01:00:00.000000+00:00',
     '2026-11-02T03:00:00.000000+00:00', '', '', '', ''),
    (2, 1, '2026-11-02', 'desk', 'suggested', 'portal', '2026-11-02T02:00:00.000000+00:00',
     '2026-11-02T03:30:00.000000+00:00', '', '', '', ''),
    (3, 1, '2026-11-03', 'desk', 'dismissed', 'portal', '2026-11-03T02:00:00.000000+00:00',
     '2026-11-03T03:30:00.000000+00:00', '', '', '', '');
"""
# Readings that led to nothing, on top of those of the visits.
MORE_READINGS = """
insert into attempt (at, reader, outcome, reason, verdict, number)
select strftime('%Y-%m-%dT%H:%M:%S', at, '-40 seconds') || '.000000+00:00', 'front 1', 'desk',
    case id % 3 when 0 then 'unreadable' when 1 then 'truncated' else 'not_a_bhyt_card' end,
    verdict,
    case id % 4 when 0 then number when 1 then '9999000' || id end
from attempt where id % 5 = 0
"""


@dataclass
class Book:
    """The logbook, and what makes reports of it."""

    path: Path
    database: Database
    reports: Reports
    day_figures: DayFigures
    reporting: Reporting


def make_book(path: Path) -> Book:
    """Fill a logbook; return it."""
    readings, *others = bench.ROWS
    bench.fill(path, COUNT, PER_DAY, (readings, MORE_READINGS, *others))
    conn = sqlite3.connect(path)
    conn.executescript(MESS)
    conn.commit()
    conn.close()
    return open_book(path)


def open_book(path: Path) -> Book:
    """Return a logbook that was filled before."""
    database = Database(path)
    runs, outages = ProgramRuns(database), Outages(database)
    deadlines = Deadlines(lambda: LAW, timedelta(minutes=30), outages.newest)
    reporting = Reporting(ReportedVisits(database), runs, deadlines)
    reports = Reports(database, reporting, runs, outages)
    days = DayFigures(database, DaysEnd(database), outages)
    return Book(path, database, reports, days, reporting)


def day_at(text: str) -> date:
    """Return the clinic's day of a stored moment."""
    return (datetime.fromisoformat(text) + SEVEN_HOURS).date()


class PlainBook:
    """All rows of a logbook, and counts in plain Python."""

    def __init__(self, path: Path, period: ReportPeriod) -> None:
        conn = sqlite3.connect(path)
        conn.row_factory = sqlite3.Row
        self.tables = {
            name: [dict(row) for row in conn.execute(f"select * from {name}")]
            for name in (
                *("visit", "attempt", "outbox", "visit_version", "visit_clock", "sent_message"),
                *("sent_file", "lookup", "look_back", "set_aside", "help_count"),
            )
        }
        conn.close()
        self.period = period
        self.all = [row | {"r": json.loads(row["record"])} for row in self.tables["visit"]]
        self.of_days = [row for row in self.all if self.holds(row["arrived_at"])]
        self.visits = [row for row in self.of_days if row["cancelled_at"] is None]
        self.attempts = {row["id"]: row for row in self.tables["attempt"]}

    def holds(self, text: str) -> bool:
        """Whether a stored moment lies on a day of the period."""
        return self.period.first <= day_at(text) <= self.period.last

    def by(self, value_of: Callable[[dict[str, Any]], object]) -> dict[str, set[int]]:
        """Return the rows of the visits, by a value of each."""
        found: dict[str, set[int]] = {}
        for visit in self.visits:
            found.setdefault(str(value_of(visit)), set()).add(visit["row"])
        return found

    @staticmethod
    def card_number(visit: dict[str, Any]) -> str:
        """Return the 15 characters of a card, or an empty text."""
        for number in (visit["r"]["card_number"], visit["number"]):
            if number and len(number) == 15:
                return str(number).upper()
        return ""

    def messages(self, visit: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the messages of a visit, the newest last."""
        found = [row for row in self.tables["outbox"] if row["visit"] == visit["id"]]
        return sorted(found, key=lambda row: int(row["version"]))

    def state(self, visit: dict[str, Any]) -> str:
        """Return the state of a visit at the insurer."""
        messages = self.messages(visit)
        if not messages:
            is_left_out = (
                visit["r"]["arrival"] in ("emergency", "uninsured") or visit["r"]["secret"]
            )
            return "left_out" if is_left_out else "missing"
        state = str(messages[-1]["state"])
        return "waiting" if state in ("queued", "in_flight") else state

    def is_signed(self, visit: dict[str, Any]) -> bool:
        """Whether a message of a visit was sent in a file with a signature."""
        messages = {row["id"] for row in self.messages(visit)}
        files = {row["file"] for row in self.tables["sent_message"] if row["message"] in messages}
        return any(
            row["id"] in files and row["certificate_serial"] for row in self.tables["sent_file"]
        )

    def took_ms(self, visit: dict[str, Any]) -> int | None:
        """Return how long a visit took from its first scan, in milliseconds."""
        if visit["r"].get("paper"):
            return None
        reading = self.attempts[visit["attempt"]]
        read_at = datetime.fromisoformat(reading["at"])
        first = min(
            datetime.fromisoformat(row["at"])
            for row in self.tables["attempt"]
            if row["id"] == reading["id"]
            or (reading["number"] and row["number"] == reading["number"])
            if row["refines"] is None
            if read_at - timedelta(minutes=30) < datetime.fromisoformat(row["at"]) <= read_at
        )
        [clock] = [row for row in self.tables["visit_clock"] if row["visit"] == visit["id"]]
        took = datetime.fromisoformat(clock["recorded_at"]) - first
        is_possible = timedelta(0) <= took <= timedelta(hours=12)
        return round(took.total_seconds() * 1000) if is_possible else None

    def readings(self) -> Iterator[dict[str, Any]]:
        """Yield the readings of the period."""
        for row in self.tables["attempt"]:
            if row["refines"] is None and self.holds(row["at"]):
                yield row

    def nothing(self) -> Counter[str]:
        """Return how many readings led to nothing, by why."""
        used = {row["attempt"] for row in self.all}
        aside = {row["reading"] for row in self.tables["set_aside"]}
        valid = {row["attempt"] for row in self.all if row["cancelled_at"] is None}
        recorded = {row["number"] for row in self.readings() if row["id"] in valid} - {None}
        return Counter(
            "set_aside"
            if row["id"] in aside
            else "scanned_again"
            if row["number"] in recorded
            else row["reason"]
            for row in self.readings()
            if row["id"] not in used
        )
