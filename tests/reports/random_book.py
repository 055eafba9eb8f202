"""A logbook that is drawn by chance from a seed, with everything that may go wrong in it.

Rows are written by plain SQL, so that they may be what no usual day writes: arrivals that were
corrected into other days, clocks that jumped, messages of many versions, joined readings, visits
without any number.  Everybody and everything is invented.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.pages import _first_visit
from kiosk.logbook import Database
from tests.cast import NOW
from tests.reports.plain_book import FAILED, SEVEN_HOURS
from verify import Reason, outcome_of

FIRST = date(2026, 6, 20)
DAYS = (NOW.date() - FIRST).days  # without today
LATER_DAYS = 60  # of which most visits are
READERS = ("front 0", "front 1", "typed", "typed at 2", "=cmd")
GROUPS = ("DN4", "HT3", "TE1", "HN2", "GD4")
ROOMS = ("Phòng 1", "Phòng 2", "Cấp cứu", "=1+1", "")
ARRIVALS = ("registered", "referral", "emergency", "uninsured", "newborn", "self")
SERVICES = (("KB", "Khám bệnh"), ("CC", "Cấp cứu"), ("TK", "Tái khám"))
STATES = ("accepted", "accepted", "accepted", "queued", "in_flight", "refused", "parked", "closed")
ENDED = ("printed", "failed", "given_up", "unknown", "waiting")


def stored(moment: datetime) -> str:
    """Return a moment as the logbook stores it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class RandomBook:
    """Draws the rows of a logbook. The same seed draws the same ones."""

    def __init__(self, database: Database, seed: int, visits: int) -> None:
        """Take the first visit, which the program wrote, as the pattern of all others."""
        self._random = random.Random(seed)
        _first_visit(database, self._moment())
        self._db = sqlite3.connect(database._path)
        self._db.row_factory = sqlite3.Row
        self._verdict = json.loads(self._one("select verdict from attempt")[0])
        self._record = json.loads(self._one("select record from visit")[0])
        self._body = self._one("select body from outbox")[0]
        self._visits = visits

    def write(self) -> None:
        """Write all rows."""
        with self._db:
            self._readings()
            self._write_visits()
            self._corrections()
            self._messages()
            self._rest()
            self._incidents()
        self._db.close()

    # Rows of the desk

    def _readings(self) -> None:
        """Write readings, in the order of their times as far as clocks went on."""
        draw = self._random
        rows: list[tuple[datetime, str, Reason | None, int | None]] = []
        for number in range(self._visits):
            at, card = self._moment(), self._card()
            rows.append((at, card, Reason.UNREADABLE if draw.random() < 0.03 else None, number))
            for _ in range(draw.choice((0, 0, 0, 1, 2))):  # scanned before, sometimes long before
                before = draw.choice((draw.uniform(5, 1700), draw.uniform(1900, 9000)))
                rows.append((at - timedelta(seconds=before), card, None, None))
        for _ in range(self._visits // 2):
            reason = draw.choice([*map(Reason, FAILED), *Reason])
            card = "" if reason in FAILED and draw.random() < 0.8 else self._card()
            rows.append((self._moment(), card, reason, None))
        rows.sort(key=lambda row: row[0])
        self._of_visits: dict[int, int] = {}
        self._strays: list[int] = []
        usual = (Reason.IN_FORCE, Reason.IN_FORCE, Reason.ENDED)
        for at, card, special, visit in rows:
            row = self._attempt(at, card, special or draw.choice(usual), None)
            if visit is None:
                self._strays.append(row)
            else:
                self._of_visits[visit] = row
            if draw.random() < 0.15:
                self._attempt(at + timedelta(seconds=40), card, Reason.WITHDRAWN, row)

    def _attempt(self, at: datetime, card: str, reason: Reason, refines: int | None) -> int:
        verdict = self._verdict | {"reason": reason, "outcome": outcome_of(reason)}
        verdict["card"] = card and verdict["card"] | {
            "number": card,
            "insurance_number": card[-10:],
        }
        verdict["card"] = verdict["card"] or None
        return self._insert(
            "attempt",
            at=stored(at),
            reader=self._random.choice(READERS),
            outcome=outcome_of(reason),
            reason=reason,
            verdict=json.dumps(verdict),
            number=card or None,
            refines=refines,
        )

    def _write_visits(self) -> None:
        draw = self._random
        for row in self._all("select id, arrived_at from visit"):  # the one of the program
            self._clock(row["id"], row["arrived_at"])
        joined = draw.sample(self._strays, len(self._strays) // 10)
        for number, reading in self._of_visits.items():
            row = self._one("select * from attempt where id = ?", reading)
            took = draw.choice((draw.uniform(1, 300), draw.uniform(1, 300), draw.uniform(-9, 9)))
            if draw.random() < 0.02:
                took += 13 * 3600  # a clock was set
            at = datetime.fromisoformat(row["at"]) + timedelta(milliseconds=round(took * 1000))
            card = row["number"] or ""
            service = draw.choice(SERVICES)
            record = self._record | {
                "attempt": reading,
                "verdict_of": reading,
                "arrived_at": stored(at),
                "number": card,
                "card_number": draw.choice((card, None)) if len(card) == 15 else None,
                "person": card[-10:],
                "registered_at": draw.choice(("01001", "01002", "79025", None)),
                "room": draw.choice(ROOMS),
                "service_code": service[0],
                "service_name": service[1],
                "arrival": draw.choices(ARRIVALS, (12, 4, 2, 1, 1, 3))[0],
                "care": draw.choice(("01", "02", "07")),
                "author": draw.choice(("desk", "desk", "self-service", "")),
                "secret": draw.random() < 0.03,
                "citizen_number": draw.choice((None, f"0019{draw.randrange(10**8):08}")),
                "joined_by": joined.pop() if joined and draw.random() < 0.2 else None,
            }
            if draw.random() < 0.06:
                sheet = {"sheet": 1, "line": 1, "number": number, "entered_at": stored(at)}
                record["paper"] = sheet
            visit = f"01999-random-{number:06}"
            self._insert(
                "visit",
                id=visit,
                attempt=reading,
                verdict_of=reading,
                idempotency_key=visit,
                arrived_at=stored(at),
                day=(at + SEVEN_HOURS).date().isoformat(),
                ticket=1000 + number,
                outcome=row["outcome"],
                reason=row["reason"],
                number=card,
                person=card[-10:],
                record=json.dumps(record),
            )
            self._clock(visit, stored(at))

    def _clock(self, visit: str, recorded_at: str) -> None:
        self._insert(
            "visit_clock",
            visit=visit,
            boot="b",
            steady_s=1.0,
            recorded_at=recorded_at,
            ahead_s=self._random.choice((None, 0.5, 4000.0)),
        )

    def _corrections(self) -> None:
        """Correct visits, sometimes their arrival, and cancel some, also corrected ones."""
        draw = self._random
        for row in self._all("select * from visit"):
            version, at = 1, datetime.fromisoformat(row["arrived_at"])
            record = json.loads(row["record"])
            changes = draw.choices(("", "correct", "cancel", "both", "twice"), (70, 12, 8, 4, 4))[0]
            steps = {"both": ("correct", "cancel"), "twice": ("correct", "correct")}
            for change in steps.get(changes, (changes,) if changes else ()):
                at += timedelta(hours=draw.uniform(0.01, 60))
                self._insert(
                    "visit_version",
                    visit=row["id"],
                    version=version,
                    record=json.dumps(record),
                    replaced_at=stored(at),
                    why="x",
                    author="desk",
                )
                version += 1
                if change == "correct":
                    record["room"] = draw.choice(ROOMS)
                    if draw.random() < 0.4:
                        moved = datetime.fromisoformat(record["arrived_at"])
                        record["arrived_at"] = stored(moved + timedelta(hours=draw.uniform(-15, 9)))
                self._db.execute(
                    "update visit set version = ?, record = ?, arrived_at = ?, cancelled_at = ?"
                    " where row = ?",
                    [
                        *(version, json.dumps(record), record["arrived_at"]),
                        *(stored(at) if change == "cancel" else None, row["row"]),
                    ],
                )

    # Rows about the insurer

    def _messages(self) -> None:
        draw = self._random
        for row in self._all("select id, version, arrived_at, record from visit where row > 1"):
            record = json.loads(row["record"])
            is_left_out = record["arrival"] in ("emergency", "uninsured") or record["secret"]
            if is_left_out or draw.random() < 0.03:
                continue
            at = datetime.fromisoformat(row["arrived_at"])
            for version in range(1, row["version"] + 1):
                state = draw.choice(STATES)
                is_judged = state in ("accepted", "refused") or draw.random() < 0.2
                message = self._insert(
                    "outbox",
                    visit=row["id"],
                    version=version,
                    person=record["person"],
                    state=state,
                    body=self._body,
                    next_try_at=stored(at),
                    changed_at=stored(at),
                    answered_at=stored(at + timedelta(minutes=9)) if is_judged else None,
                )
                for _ in range(draw.choice((0, 1, 1, 2))):
                    serial = draw.choice((None, "serial"))
                    file = self._insert(
                        "sent_file", at=stored(at), sha256="x", certificate_serial=serial,
                        document=b"y",
                    )  # fmt: skip
                    self._insert("sent_message", file=file, message=message)
        for number in range(self._visits):
            lookup = self._insert(
                "lookup",
                kind="card",
                purpose="arrival",
                at=stored(self._moment()),
                duration_ms=draw.randrange(20, 4000),
                author="desk",
                asked="{}",
                result=draw.choices(("answered", "no_answer", "refused"), (8, 1, 1))[0],
            )
            if number in self._of_visits and draw.random() < 0.5:
                self._insert("lookup_reading", lookup=lookup, reading=self._of_visits[number])

    # All others

    def _rest(self) -> None:
        draw = self._random
        for reading in draw.sample(self._strays, len(self._strays) // 8):
            self._insert("set_aside", reading=reading, at=stored(NOW), author="d", reason="về")
        visits = [row["id"] for row in self._all("select id from visit")]
        for visit in draw.sample(visits, len(visits) // 6):
            outcome = draw.choice(("desk", "admitted"))
            self._insert("look_back", visit=visit, at=stored(NOW), outcome=outcome, reason="ended")
            undoes = None
            for _ in range(draw.choice((0, 1, 1, 2, 3)) if outcome == "desk" else 0):
                mark = self._insert(
                    "contacted", visit=visit, at=stored(NOW), author="d", note="", undoes=undoes
                )
                undoes = mark if undoes is None else None
        for _ in range(60):
            self._insert(
                "help_count",
                "or ignore",
                day=self._day().isoformat(),
                kind=draw.choice(("helped", "printed", "shown")),
                key=f"T{draw.randrange(20):02}",
                count=draw.randrange(1, 9),
            )
        at = datetime(2026, 7, 3, tzinfo=NOW.tzinfo)
        while at < NOW:
            ends = min(NOW, at + timedelta(hours=draw.uniform(0.1, 140)))
            stopped = stored(ends) if draw.random() < 0.6 else None
            self._insert(
                "program_run", started_at=stored(at), seen_at=stored(ends), stopped_at=stopped
            )
            at = ends + timedelta(hours=draw.choice((0.01, 0.5, draw.uniform(20, 70))))
        for day in {self._day() for _ in range(40)}:
            for _ in range(draw.choice((1, 1, 2))):
                self._insert(
                    "day_closing", day=day.isoformat(), at=stored(NOW), author="d",
                    figures="{}", note="",
                )  # fmt: skip

    def _incidents(self) -> None:
        draw = self._random
        for outage in range(1, 40):
            at = self._moment()
            for version in range(1, draw.choice((2, 2, 3))):
                ends = at + timedelta(hours=draw.expovariate(0.2))
                reported = draw.random() < 0.5
                self._insert(
                    "outage_version",
                    outage=outage,
                    version=version,
                    at=stored(at),
                    author="d",
                    state=draw.choice(("suggested", "confirmed", "confirmed", "dismissed")),
                    source=draw.choice(("power", "line", "portal", "program", "clock")),
                    begins_at=stored(at),
                    ends_at=stored(ends) if ends < NOW and draw.random() < 0.97 else None,
                    reported_to="BHXH" if reported else "",
                    reported_at=stored(at) if reported else None,
                    **dict.fromkeys(("reported_by", "note", "noticed"), ""),
                )
        for _ in range(80):
            at, ahead = self._moment(), draw.choice((0.2, -299.0, 400.0, -90000.0))
            self._insert(
                "clock_reading", at=stored(at + timedelta(seconds=ahead)), boot="b", steady_s=1.0,
                trusted_at=stored(at), ahead_s=ahead, source="feed", newest_visit=0,
            )  # fmt: skip
        for row in self._all("select id, day, ticket from visit where row % 3 = 0"):
            ticket = self._insert(
                "ticket", visit=row["id"], day=row["day"], room="1", room_key="1", prefix="",
                number=row["ticket"], priority="", state="done", issued_at=row["day"],
            )  # fmt: skip
            self._insert(
                "ticket_print", job=1, ticket=ticket, printer=draw.choice(("", "quầy")),
                language="vi", with_share=0, author="d", asked_at=row["day"],
                state=draw.choice(ENDED), due_at=row["day"], ended_at=None,
            )  # fmt: skip
        for _ in range(15):
            self._insert(
                "logbook_decision", at=stored(self._moment()), kind="accepted", trouble="older",
                author="d", reason="x", backup="", lost_hash="",
            )  # fmt: skip
        texts = dict.fromkeys(("note", "recipient", "way", "why"), "")
        of_breach = dict.fromkeys(("what", "data", "cause", "harm", "measures", "contact"), "")
        for number in range(1, 25):
            at = self._moment()
            for version in range(1, draw.choice((2, 3))):
                self._insert(
                    "suspicion", id=number, version=version, reading=1, verdict_of=1,
                    ground="forged", state=draw.choice(("open", "reported", "withdrawn")),
                    at=stored(at + timedelta(days=version)), author="d", **texts,
                )  # fmt: skip
                self._insert(
                    "breach", id=number, version=version, noticed_at=stored(at), is_severe=0,
                    state=draw.choice(("open", "closed", "no_breach")),
                    at=stored(at + timedelta(days=version)), author="d", **of_breach,
                )  # fmt: skip

    # What is drawn

    def _day(self) -> date:
        draw = self._random
        back = draw.randrange(1, draw.choice((LATER_DAYS, LATER_DAYS, DAYS)))
        return NOW.date() - timedelta(days=back)

    def _moment(self) -> datetime:
        """Return a moment of a day, mostly in opening hours, to the millisecond."""
        draw = self._random
        hour = draw.choice((draw.uniform(6, 18), draw.uniform(6, 18), draw.uniform(0, 24)))
        at = datetime.combine(self._day(), datetime.min.time(), NOW.tzinfo)
        return at + timedelta(milliseconds=round(hour * 3_600_000))

    def _card(self) -> str:
        """Return one of not so many numbers: of a card, an insurance number, or none."""
        draw = self._random
        tail = f"99999{draw.randrange(self._visits // 2):05}"
        return draw.choices((draw.choice(GROUPS) + "01" + tail, tail, ""), (8, 2, 1))[0]

    # The file

    def _insert(self, table: str, clause: str = "", **values: object) -> int:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        sql = f"insert {clause} into {table} ({names}) values ({marks})"
        return int(self._db.execute(sql, list(values.values())).lastrowid or 0)

    def _one(self, sql: str, *values: object) -> Any:
        return self._db.execute(sql, values).fetchone()

    def _all(self, sql: str) -> Sequence[Any]:
        return self._db.execute(sql).fetchall()


def write_random_book(path: Path, seed: int, visits: int = 350) -> Path:
    """Write a random logbook into a new file; return it."""
    database = Database(path)
    RandomBook(database, seed, visits).write()
    database.close()
    return path
