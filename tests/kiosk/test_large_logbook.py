"""Reading a logbook of several years is as fast as reading a new one: it uses indexes only."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlite_utils

from bench.pages import VISITS_PER_DAY, fill
from kiosk.desk import Confirmation
from kiosk.insurer import Deadlines, Reporting, message_composer
from kiosk.logbook import (
    AppointmentSlip,
    Attempts,
    Corrections,
    Database,
    IncidentReports,
    Lookups,
    NightlyRuns,
    Outages,
    Outbox,
    OutboxItem,
    OverdueBefore,
    ProgramRuns,
    ReportedVisits,
    Visit,
    Visits,
)
from kiosk.logbook.errors import NothingToChange, StillSending
from kiosk.logbook.migrations import MIGRATIONS
from kiosk.logbook.nightly_runs import SELECT_DAY_TOTALS
from kiosk.logbook.outbox import MESSAGE_STATES
from kiosk.logbook.reported_visits import SELECT_OF_DAYS
from kiosk.runtime.paths import shipped_folder
from tests.cast import AGAIN, NOW, payload
from tests.conftest import Kiosk
from verify import read_law

SMALL, LARGE = 2 * VISITS_PER_DAY, 12 * VISITS_PER_DAY  # visits
LAW = read_law(shipped_folder("config") / "tables")
YESTERDAY = NOW - timedelta(days=1)


class RolledBack(Exception):
    """Raised to roll a transaction back."""


class Logbook:
    """A logbook of invented visits, with everything that reads it."""

    def __init__(self, path: Path, count: int) -> None:
        fill(path, count, NOW)
        self.database = Database(path)
        self.attempts, self.outbox = Attempts(self.database), Outbox(self.database)
        self.visits = Visits(self.database, lambda _id, _visit: None)
        self.corrections = Corrections(self.database, lambda _id, _visit: None)
        self.nightly_runs, self.difficulties = (
            NightlyRuns(self.database),
            IncidentReports(self.database),
        )
        reported, outages = ReportedVisits(self.database), Outages(self.database)
        deadlines = Deadlines(lambda: LAW, timedelta(minutes=30), outages.newest)
        self.reporting = Reporting(reported, ProgramRuns(self.database), deadlines)
        self.newest = self.visits.newest(1)[0]

    def steps(self, read: Callable[[Logbook], object]) -> int:
        """Return how many virtual machine instructions SQLite runs for a read."""
        counted = [0]

        def count() -> int:
            counted[0] += 1
            return 0

        conn = self.database.reading().conn
        conn.set_progress_handler(count, 1)
        read(self)
        conn.set_progress_handler(None, 0)
        return counted[0]


@pytest.fixture(scope="module")
def logbooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Logbook]]:
    folder = tmp_path_factory.mktemp("logbooks")
    made = [Logbook(folder / f"{count}.db", count) for count in (SMALL, LARGE)]
    yield made
    for logbook in made:
        logbook.database.close()


def with_slip(visit: Visit) -> Visit:
    slip = AppointmentSlip("HK1/2026", "01999")
    return replace(visit, arrival=replace(visit.arrival, appointment=slip))


def delete_an_attempt(logbook: Logbook) -> None:
    """Delete an attempt without a visit: SQLite searches the visits for one that names it."""
    with contextlib.suppress(RolledBack), logbook.database.transaction() as db:
        db.execute(
            "insert into attempt (id, at, reader, outcome, reason, verdict)"
            " values (9000000, '2026-11-25', 'r', 'desk', 'no_card_shown', '{}')"
        )
        db.execute("delete from attempt where id = 9000000")
        raise RolledBack


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda book: book.outbox.counts(), id="messages in each state"),
        pytest.param(lambda book: book.outbox.next_due(), id="the next message that is due"),
        pytest.param(lambda book: book.outbox.claim(NOW, timedelta(1)), id="messages to send"),
        pytest.param(lambda book: book.outbox.history(book.newest.id), id="a message's history"),
        pytest.param(lambda book: book.attempts.last_id(), id="the newest reading"),
        pytest.param(lambda book: book.visits.newest(8), id="the newest visits"),
        pytest.param(lambda book: book.visits.newest_at(), id="when the last visit was"),
        pytest.param(lambda book: book.visits.oldest_at(), id="when the first visit was"),
        pytest.param(lambda book: book.visits.by_id(book.newest.id), id="one visit"),
        pytest.param(
            lambda book: book.visits.by_reading(book.newest.attempt), id="a reading's visit"
        ),
        pytest.param(lambda book: book.visits.by_reading_or_key(7, "key"), id="a key's visit"),
        pytest.param(lambda book: book.visits.here_today("9999912345", NOW), id="here today"),
        pytest.param(lambda book: book.visits.with_number("GD4019999912345"), id="by a number"),
        pytest.param(
            lambda book: book.visits.earlier_use(with_slip(book.newest)), id="an appointment slip"
        ),
        pytest.param(lambda book: book.visits.list_from(since=YESTERDAY), id="visits since"),
        pytest.param(
            lambda book: book.visits.list_from(book.newest.row - 9, YESTERDAY, 5),
            id="visits since, a later page",
        ),
        pytest.param(lambda book: book.corrections.tray(), id="the tray"),
        pytest.param(
            lambda book: book.corrections.tray(book.newest.id), id="one visit in the tray"
        ),
        pytest.param(lambda book: book.nightly_runs.days("2026-11-24"), id="yesterday's sums"),
        pytest.param(
            lambda book: book.nightly_runs.unconfirmed(YESTERDAY), id="visits to ask about"
        ),
        pytest.param(
            lambda book: book.difficulties.between(YESTERDAY.date(), NOW.date()),
            id="the report of two days",
        ),
        pytest.param(
            lambda book: book.database.rows("select row from visit where person = '9999900000'"),
            id="a person's visits",
        ),
        pytest.param(lambda book: book.visits.with_unknown_patient(), id="unknown patients"),
        pytest.param(lambda book: book.visits.with_temporary_code(), id="temporary numbers"),
        pytest.param(
            lambda book: book.outbox.claim(NOW, timedelta(1), overdue=OverdueBefore(NOW, NOW)),
            id="messages to send, the overdue ones first",
        ),
        pytest.param(lambda book: book.reporting.count_overdue(NOW), id="overdue visits"),
        pytest.param(
            lambda book: book.reporting.days(YESTERDAY.date(), NOW.date(), NOW),
            id="what was reported in two days",
        ),
        pytest.param(
            lambda book: book.reporting.rows_of("late", YESTERDAY.date(), NOW.date(), NOW),
            id="the visits of a figure",
        ),
        pytest.param(
            lambda book: ReportedVisits(book.database).arrived_between(YESTERDAY, NOW),
            id="the visits of an outage",
        ),
        pytest.param(delete_an_attempt, id="deleting an attempt"),
        pytest.param(
            lambda book: Lookups(book.database).of_visit(book.newest.id), id="a visit's look-ups"
        ),
        pytest.param(
            lambda book: book.nightly_runs.without_card_number(YESTERDAY),
            id="visits without a card number",
        ),
    ],
)
def test_a_read_takes_no_more_steps_in_a_larger_logbook(
    logbooks: list[Logbook], read: Callable[[Logbook], object]
) -> None:
    small, large = (logbook.steps(read) for logbook in logbooks)

    assert 0 < large <= 1.2 * small + 50, (small, large)


def test_the_totals_of_the_days_are_read_from_indexes_alone(logbooks: list[Logbook]) -> None:
    """A visit's row holds a long record: reading 22,000 of them from a disk takes a second."""
    plan = [
        row[3]
        for row in logbooks[0].database.rows(f"explain query plan {SELECT_DAY_TOTALS}", ["2026"])
    ]

    rows_read = [step for step in plan if "SCAN" in step or "SEARCH" in step]
    assert [step for step in rows_read if "COVERING INDEX" not in step] == [
        "SEARCH r USING INTEGER PRIMARY KEY (rowid=?)"  # of a visit without a message
    ]


def test_what_was_reported_is_read_from_indexes_alone(logbooks: list[Logbook]) -> None:
    """A message's row holds what was sent and the whole answer, and a file's row the file."""
    plan = [
        row[3]
        for row in logbooks[0].database.rows(
            f"explain query plan {SELECT_OF_DAYS}", {"begin": "2026-11-01", "end": "2026-12-01"}
        )
    ]

    rows_read = [step for step in plan if "SCAN" in step or "SEARCH" in step]
    assert len(rows_read) == 5
    assert [step for step in rows_read if "COVERING INDEX" not in step] == [
        "SEARCH s USING PRIMARY KEY (message=?)",  # a table without other rows
        "SEARCH r USING INTEGER PRIMARY KEY (rowid=?)",  # of a visit without a message
    ]


def test_visits_since_a_time_are_found_even_if_the_clock_was_put_back(kiosk: Kiosk) -> None:
    for hours in (0, 24, -48, 72):  # two days, a day before both, and a day after all
        kiosk.clock.go(timedelta(hours=hours))
        kiosk.desk.confirm(
            kiosk.scan(payload("an")), Confirmation(repeat_reason=AGAIN), f"after {hours}"
        )

    def since(day: int, after: int = 0) -> list[int]:
        moment = NOW.replace(day=day) - timedelta(minutes=1)
        return [visit.arrived_at.day for visit in kiosk.visits.list_from(after, moment)]

    assert since(24) == [25, 26, 24, 27]
    assert since(25) == [25, 26, 27]
    assert since(26) == [26, 27]
    assert since(27) == [27]
    assert since(28) == []
    assert since(26, after=2) == [27]


def test_every_reader_uses_the_same_newest_message_of_a_visit(kiosk: Kiosk) -> None:
    """The second version is written first here, so that its row has the lower id."""
    visit, _ = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "k1")
    at = NOW.isoformat()
    with kiosk.database.transaction() as db:
        db.execute("update outbox set version = 2, state = 'accepted', transaction_code = 'T2'")
        db.execute(
            "insert into outbox (visit, version, person, state, body, next_try_at, message,"
            " changed_at) values (?, 1, 'p', 'refused', '<x/>', ?, 'old', ?)",
            [visit.id, at, at],
        )
    corrections = Corrections(kiosk.database, lambda _id, _visit: None)

    [shown] = kiosk.visits.newest()
    [day] = NightlyRuns(kiosk.database).days("2026-11-25")

    assert (shown.insurer_state, shown.transaction_code, shown.message) == ("accepted", "T2", None)
    assert (day.accepted, day.refused) == (1, 0)
    assert corrections.tray() == corrections.tray(visit.id) == []
    with pytest.raises(NothingToChange):
        corrections.send_again(visit.id, NOW)
    with pytest.raises(NothingToChange):
        corrections.close(visit.id, "x", NOW)


def counted(database: Database) -> dict[str, int]:
    """Return how many messages stand in each state, by reading them all."""
    rows = database.rows("select state, count(*) from outbox group by state")
    return dict.fromkeys(MESSAGE_STATES, 0) | {row[0]: row[1] for row in rows}


RESULTS: tuple[Callable[[Outbox, OutboxItem], None], ...] = (
    lambda outbox, item: outbox.accept([item], NOW, "T", "200", "{}"),
    lambda outbox, item: outbox.refuse(item, NOW, "205", "?", "{}"),
    lambda outbox, item: outbox.park(item, NOW, "999", "?"),
    lambda outbox, item: outbox.try_again([item], NOW, "no answer"),
    lambda outbox, item: outbox.send_alone([item], NOW, "one is at fault"),
    lambda _outbox, _item: None,  # the answer was lost
)
CHANGES: tuple[Callable[[Corrections, str], object], ...] = (
    lambda corrections, visit: corrections.correct(visit, {"holder": "Trần Văn B"}, "x", NOW),
    lambda corrections, visit: corrections.cancel(visit, "x", NOW),
    lambda corrections, visit: corrections.close(visit, "x", NOW),
    lambda corrections, visit: corrections.send_again(visit, NOW),
)


@pytest.mark.parametrize("seed", range(8))
def test_the_counts_are_those_of_the_messages_whatever_happens(kiosk: Kiosk, seed: int) -> None:
    chance = random.Random(seed)
    corrections = Corrections(kiosk.database, message_composer(lambda _visit: "1.12"))
    for number in range(30):
        attempt = kiosk.scan(payload(chance.choice(["an", "binh", "dung", "giang"])))
        visit, _ = kiosk.desk.confirm(attempt, Confirmation(repeat_reason=AGAIN), f"k{number}")
        items = kiosk.outbox.claim(NOW, timedelta(seconds=60), limit=chance.choice([1, 3]))
        for item in items:
            chance.choice(RESULTS)(kiosk.outbox, item)
        with contextlib.suppress(NothingToChange, StillSending):
            of_visit = chance.choice([visit.id, *(item.visit for item in items)])
            chance.choice(CHANGES)(corrections, of_visit)
        assert kiosk.outbox.counts() == counted(kiosk.database)
    with kiosk.database.transaction() as db:
        db.execute("delete from outbox_event")
        db.execute("delete from outbox where id % 2")
    assert kiosk.outbox.counts() == counted(kiosk.database)


def test_a_rolled_back_change_is_not_counted(kiosk: Kiosk) -> None:
    kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "k1")

    with contextlib.suppress(RolledBack), kiosk.database.transaction() as db:
        db.execute("update outbox set state = 'accepted'")
        raise RolledBack

    assert kiosk.outbox.counts() == counted(kiosk.database)
    assert kiosk.outbox.counts()["queued"] == 1


def test_the_messages_of_an_older_logbook_are_counted_when_it_is_opened(tmp_path: Path) -> None:
    path, at = tmp_path / "logbook.db", NOW.isoformat()
    states = [*MESSAGE_STATES, "accepted", "accepted"]
    conn = sqlite3.connect(path)
    old = sqlite_utils.Database(conn)
    MIGRATIONS.apply(old, stop_before="m007_counts_and_newest_messages")
    old.execute("insert into identity values ('i', 'site')")
    for number, state in enumerate(states, 1):
        old.execute(
            "insert into attempt values (?, ?, 'r', 'admitted', 'in_force', '{}', null, null)",
            [number, at],
        )
        old.execute(
            "insert into visit (row, id, attempt, verdict_of, idempotency_key, arrived_at, day,"
            " ticket, outcome, reason, number, person, record) values (?1, ?1, ?1, ?1, ?1, ?2,"
            " '2026-11-25', ?1, 'admitted', 'in_force', 'n', 'p', '{}')",
            [number, at],
        )
        old.execute(
            "insert into outbox (visit, person, state, body, next_try_at, changed_at)"
            " values (?, 'p', ?, '<x/>', ?, ?)",
            [str(number), state, at, at],
        )
    conn.commit()
    conn.close()

    database = Database(path)

    assert Outbox(database).counts() == dict.fromkeys(MESSAGE_STATES, 1) | {"accepted": 3}
    newest = database.rows(
        "select m.state from visit v left join newest_message m on m.visit = v.id order by v.row"
    )
    assert [row["state"] for row in newest] == states
