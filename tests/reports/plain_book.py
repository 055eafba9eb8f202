"""All rows of a logbook, and what plain Python makes of them: no SQL but `select *`."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from kiosk.reports import ReportPeriod
from kiosk.runtime.paths import shipped_folder
from verify import CLINIC_ZONE

SEVEN_HOURS = timedelta(hours=7)  # of the clinic, ahead of UTC
FAILED = (
    *("unreadable", "truncated", "too_long", "bad_encoding", "self_check_failed"),
    *("chunked_card", "damaged_by_input_method", "leading_zero_lost"),
)
OPEN = ("queued", "in_flight", "refused", "parked")
Row = dict[str, Any]


def moment(text: str) -> datetime:
    """Return a stored moment (aware)."""
    return datetime.fromisoformat(text)


def day_at(text: str) -> date:
    """Return the clinic's day of a stored moment."""
    return (moment(text) + SEVEN_HOURS).date()


@dataclass(frozen=True)
class Span:
    """A time; both ends are aware."""

    begin: datetime
    end: datetime


class PlainBook:
    """All rows of a logbook, and counts in plain Python for some days."""

    def __init__(self, path: Path, period: ReportPeriod, now: datetime) -> None:
        conn = sqlite3.connect(path)
        conn.row_factory = sqlite3.Row
        names = [
            row[0]
            for row in conn.execute("select name from sqlite_schema where type = 'table'")
            if not row[0].startswith(("sqlite_", "visit_words"))
        ]
        self.tables: dict[str, list[Row]] = {
            name: [dict(row) for row in conn.execute(f"select * from {name}")] for name in names
        }
        conn.close()
        self.now = now
        self.all = [row | {"r": json.loads(row["record"])} for row in self.tables["visit"]]
        self.attempts = {row["id"]: row for row in self.tables["attempt"]}
        self.by_number: dict[str, list[Row]] = defaultdict(list)
        for row in self.tables["attempt"]:
            if row["number"] and row["refines"] is None:
                self.by_number[row["number"]].append(row)
        self.messages: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(self.tables["outbox"], key=lambda row: int(row["version"])):
            self.messages[row["visit"]].append(row)
        self.clocks = {row["visit"]: row for row in self.tables["visit_clock"]}
        self.days(period)

    def days(self, period: ReportPeriod) -> PlainBook:
        """Count for other days from now on; return this."""
        self.period = period
        self.of_days = [row for row in self.all if self.holds(row["arrived_at"])]
        self.visits = [row for row in self.of_days if row["cancelled_at"] is None]
        return self

    def holds(self, text: str) -> bool:
        """Whether a stored moment lies on a day of the period."""
        return self.period.first <= day_at(text) <= self.period.last

    def on_days(self, table: str, column: str = "at") -> list[Row]:
        """Return the rows of a table with a moment in the period."""
        return [row for row in self.tables[table] if self.holds(row[column])]

    def by(self, value_of: Callable[[Row], object]) -> dict[str, set[int]]:
        """Return the rows of the visits, by a value of each."""
        found: dict[str, set[int]] = {}
        for visit in self.visits:
            found.setdefault(str(value_of(visit)), set()).add(visit["row"])
        return found

    @staticmethod
    def card_number(visit: Row) -> str:
        """Return the 15 characters of a card, or an empty text."""
        for number in (visit["r"]["card_number"], visit["number"]):
            if number and len(number) == 15:
                return str(number).upper()
        return ""

    def state(self, visit: Row) -> str:
        """Return the state of a visit at the insurer."""
        messages = self.messages[visit["id"]]
        if not messages:
            is_left_out = visit["r"]["arrival"] in ("emergency", "uninsured") or visit["r"].get(
                "secret"
            )
            return "left_out" if is_left_out else "missing"
        state = str(messages[-1]["state"])
        return "waiting" if state in ("queued", "in_flight") else state

    @cached_property
    def _signed(self) -> set[int]:
        files = {row["id"] for row in self.tables["sent_file"] if row["certificate_serial"]}
        return {row["message"] for row in self.tables["sent_message"] if row["file"] in files}

    def is_signed(self, visit: Row) -> bool:
        """Whether a message of a visit was sent in a file with a signature."""
        return any(row["id"] in self._signed for row in self.messages[visit["id"]])

    def is_overdue(self, visit: Row) -> bool:
        """Whether the newest message is open and its time is over, without downtime."""
        messages = self.messages[visit["id"]]
        if not messages or messages[-1]["state"] not in OPEN:
            return False
        begun = moment(visit["arrived_at"])
        if any(row["answered_at"] for row in messages):  # it was judged: a correction is due
            day, left = day_at(visit["arrived_at"]), 7
            while left:
                day += timedelta(days=1)
                left -= self._works(day)
            due = datetime.combine(day + timedelta(days=1), time(), CLINIC_ZONE)
        else:
            due = begun + timedelta(minutes=30)  # the aim of these tests
        at, left_time = begun, due - begun
        for downtime in self._downtimes:  # the time stands still while nothing can be sent
            if downtime.end <= at:
                continue
            if downtime.begin - at >= left_time:
                break
            left_time -= max(downtime.begin - at, timedelta(0))
            at = downtime.end
        return at + left_time < self.now

    @staticmethod
    def _works(day: date) -> bool:
        kinds = {
            row["kind"] for row in HOLIDAYS if row["valid_from"] <= str(day) <= row["valid_to"]
        }
        return "work" in kinds or (day.weekday() < 5 and "off" not in kinds)

    @cached_property
    def _downtimes(self) -> list[Span]:
        counted = [
            Span(outage.begin, min(outage.end, self.now))
            for row, outage in self.outage_spans()
            if row["state"] == "confirmed" and outage.begin <= self.now
            if row["source"] == "portal"
            or (row["source"] in ("power", "line") and row["reported_at"])
        ]
        return joined(counted)

    def outage_spans(self) -> Iterator[tuple[Row, Span]]:
        """Yield the newest version of each outage that was not dismissed, and its time."""
        newest: dict[int, Row] = {}
        for row in self.tables["outage_version"]:
            if row["version"] >= newest.get(row["outage"], row)["version"]:
                newest[row["outage"]] = row
        for row in newest.values():
            ends = (
                moment(row["ends_at"])
                if row["ends_at"]
                else datetime.max.replace(tzinfo=CLINIC_ZONE)
            )
            if row["state"] != "dismissed":
                yield row, Span(moment(row["begins_at"]), ends)

    @property
    def span(self) -> Span:
        """The time of the period."""
        return Span(
            datetime.combine(self.period.first, time(), CLINIC_ZONE),
            datetime.combine(self.period.last + timedelta(days=1), time(), CLINIC_ZONE),
        )

    def outages(self) -> list[tuple[Row, Span]]:
        """Return the outages that touch the period, with their whole times."""
        whole = self.span
        return [
            (row, span)
            for row, span in self.outage_spans()
            if span.begin < whole.end and span.end > whole.begin
        ]

    def took_ms(self, visit: Row) -> int | None:
        """Return how long a visit took from its first scan, in milliseconds."""
        took = self.took(visit)
        return None if took is None else round(took.total_seconds() * 1000)

    def took(self, visit: Row) -> timedelta | None:
        """Return how long a visit took from its first scan. None if that is not known."""
        if visit["r"].get("paper"):
            return None
        reading = self.attempts[visit["attempt"]]
        read_at = moment(reading["at"])
        same = self.by_number.get(reading["number"] or "", [reading])
        first = min(
            moment(row["at"])
            for row in [reading, *same]
            if read_at - timedelta(minutes=30) < moment(row["at"]) <= read_at
        )
        clock = self.clocks.get(visit["id"])
        took = moment(clock["recorded_at"] if clock else visit["arrived_at"]) - first
        return took if timedelta(0) <= took <= timedelta(hours=12) else None

    def readings(self) -> list[Row]:
        """Return the readings of the period."""
        return [row for row in self.on_days("attempt") if row["refines"] is None]

    def nothing(self) -> dict[str, set[int]]:
        """Return the readings that led to nothing, by why."""
        used = {row["attempt"] for row in self.all}
        used |= {row["r"].get("joined_by") or row["r"]["how"].get("reading") for row in self.all}
        aside = {row["reading"] for row in self.tables["set_aside"]}
        valid = {row["attempt"] for row in self.all if row["cancelled_at"] is None}
        recorded = {row["number"] for row in self.readings() if row["id"] in valid} - {None}
        found: dict[str, set[int]] = defaultdict(set)
        for row in self.readings():
            if row["id"] not in used:
                again = "scanned_again" if row["number"] in recorded else row["reason"]
                found["set_aside" if row["id"] in aside else again].add(row["id"])
        return dict(found)

    def unfinished(self) -> int:
        """Return how many patients of a day were read and not recorded; there are no slips."""
        used = {row["attempt"] for row in self.all}
        used |= {row["reading"] for row in self.tables["set_aside"]}
        seen: set[str] = set()
        count = 0
        for row in sorted(self.readings(), key=lambda row: -int(row["id"])):
            is_listed = row["number"] or row["reason"] in ("forged", "revoked")
            if not is_listed or row["id"] in used or row["reader"] == "paper":
                continue
            numbers = {row["number"], row["number"][-10:]} if row["number"] else set()
            if seen & numbers:
                continue
            seen |= numbers
            count += not self._came(numbers, row["at"])
        return count

    def _came(self, numbers: set[str], at: str) -> bool:
        read_at, day = moment(at), day_at(at)
        return any(
            day_at(visit["arrived_at"]) == day
            or read_at <= moment(visit["arrived_at"]) <= read_at + timedelta(hours=16)
            for visit in self.all
            if visit["cancelled_at"] is None
            if numbers & {visit["number"], visit["person"], visit["r"].get("citizen_number")}
        )


def joined(spans: list[Span]) -> list[Span]:
    """Return the same time without overlaps, oldest first."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: span.begin):
        if found and span.begin <= found[-1].end:
            found[-1] = Span(found[-1].begin, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


with (shipped_folder("config") / "tables" / "holidays.csv").open(encoding="utf-8") as _file:
    HOLIDAYS = list(csv.DictReader(_file))


def counted(groups: dict[str, set[int]]) -> dict[str, int]:
    """Return how many each group has."""
    return dict(Counter({name: len(rows) for name, rows in groups.items()}))
