"""Rows that wait at the same time share a transaction, and each ends as if it were alone."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils

from kiosk.logbook import Attempt, Attempts, Database
from kiosk.logbook.errors import NotRecorded
from tests.cast import NOW
from tests.kills import died, may_fork, needs_fork
from tests.process import DEADLINE_S, until
from verify import Reason, Verdict

THREADS = 16
VERDICT = Verdict(Reason.NOT_YET_KNOWN)
REFUSED, HALF, LOST = "refused", "half", "lost"  # readers whose rows these triggers do not let in
TRIGGERS = (
    f"create trigger refuse after insert on attempt when new.reader = '{REFUSED}'"
    " begin select raise(abort, 'this row is refused'); end",
    # SQLite stops here without undoing what the statement has done so far.
    f"create trigger halve after insert on attempt when new.reader = '{HALF}'"
    " begin select raise(fail, 'this row is half written'); end",
    # SQLite itself undoes the whole transaction at some errors of a disk, as this does.
    f"create trigger lose after insert on attempt when new.reader = '{LOST}'"
    " begin select raise(rollback, 'the transaction is lost'); end",
)
Work = Callable[[], Attempt | None]


class GatedDatabase(Database):
    """A logbook whose transactions wait at a gate, as they do while another thread writes."""

    def __init__(self, path: Path) -> None:
        self.at_the_gate, self.gate = threading.Event(), threading.Event()
        self.gate.set()
        self.transactions = 0
        self.fault: BaseException | None = None  # raised instead of the next commit
        self.max_pages: int | None = None  # of the file
        super().__init__(path, busy_timeout_s=0.05)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite_utils.Database]:
        self.transactions += 1
        self.at_the_gate.set()
        assert self.gate.wait(DEADLINE_S)
        with super().transaction() as db:
            if self.max_pages is not None:
                db.execute(f"pragma max_page_count = {self.max_pages}")
            yield db
            fault, self.fault = self.fault, None
            if fault is not None:
                raise fault


class Logbook:
    """A gated logbook with triggers that refuse some rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = GatedDatabase(path)
        self.attempts = Attempts(self.database)
        with self.database.transaction() as db:
            for trigger in TRIGGERS:
                db.execute(trigger)

    def recording(self, reader: str, refines: int | None = None) -> Work:
        """Return the work of recording one attempt."""
        return lambda: self.attempts.record(VERDICT, reader, NOW, refines)

    def together(self, *works: Work) -> list[Any]:
        """Do each work in its own thread so that all wait for the same transaction.

        Returns what each returned or raised.
        """
        outcomes: list[Any] = [None] * len(works)

        def do(number: int) -> None:
            outcomes[number] = outcome_of(works[number])
            self.database.close()

        threads = [threading.Thread(target=do, args=(number,)) for number in range(len(works))]
        self.database.gate.clear()
        self.database.at_the_gate.clear()
        self.database.transactions = 0
        threads[0].start()
        assert self.database.at_the_gate.wait(DEADLINE_S)  # the first one leads
        for number, thread in enumerate(threads[1:], start=1):
            thread.start()
            until(partial(self._is_waiting, number))
        self.database.gate.set()
        for thread in threads:
            thread.join(DEADLINE_S)
        assert not any(thread.is_alive() for thread in threads)
        return outcomes

    def _is_waiting(self, count: int) -> bool:
        return len(self.attempts._rows._waiting) == count

    def readers(self) -> dict[int, str]:
        """Return the reader of each row by the row's id, as another program reads the file."""
        with contextlib.closing(sqlite3.connect(self.path)) as other:
            assert other.execute("pragma integrity_check").fetchone() == ("ok",)
            return dict(other.execute("select id, reader from attempt"))


def outcome_of(work: Work) -> Any:
    """Return what a work returns or raises."""
    try:
        return work()
    except BaseException as exc:  # noqa: BLE001 - a leader may end in any way
        return exc


def recorded(outcomes: list[Any]) -> dict[int, str]:
    """Return the reader of each attempt among some outcomes, by the attempt's id."""
    attempts = [outcome for outcome in outcomes if isinstance(outcome, Attempt)]
    assert len({attempt.id for attempt in attempts}) == len(attempts)
    return {attempt.id: attempt.reader for attempt in attempts}


@pytest.fixture
def logbook(tmp_path: Path) -> Logbook:
    return Logbook(tmp_path / "logbook.db")


def test_rows_that_wait_at_the_same_time_share_one_transaction(logbook: Logbook) -> None:
    names = [f"reader {number}" for number in range(THREADS)]

    outcomes = logbook.together(*map(logbook.recording, names))

    assert logbook.database.transactions == 1
    assert [outcome.reader for outcome in outcomes] == names
    assert logbook.readers() == recorded(outcomes)


def test_a_row_that_comes_alone_is_written_at_once(logbook: Logbook) -> None:
    logbook.database.transactions = 0

    attempts = [logbook.recording("front")() for _ in range(3)]

    assert logbook.database.transactions == 3
    assert logbook.readers() == recorded(attempts)


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        pytest.param({"reader": REFUSED}, NotRecorded, id="by a trigger"),
        pytest.param({"reader": HALF}, NotRecorded, id="half written"),
        pytest.param({"reader": "x", "refines": 999}, NotRecorded, id="by a foreign key"),
        pytest.param({"reader": None}, NotRecorded, id="by a column that needs a value"),
        pytest.param({"reader": "\udcff"}, UnicodeEncodeError, id="by Python: not text"),
        pytest.param({"reader": "x", "refines": 2**63}, OverflowError, id="by Python: too large"),
        pytest.param({"reader": LOST}, NotRecorded, id="with the whole transaction"),
    ],
)
@pytest.mark.parametrize("place", [0, 7, THREADS - 1])
def test_a_row_that_is_refused_takes_no_other_row_with_it(
    logbook: Logbook, refused: dict[str, Any], error: type[Exception], place: int
) -> None:
    works = [logbook.recording(f"reader {number}") for number in range(THREADS)]
    works[place] = logbook.recording(**refused)

    outcomes = logbook.together(*works)

    assert type(outcomes.pop(place)) is error
    assert all(isinstance(outcome, Attempt) for outcome in outcomes)
    assert logbook.readers() == recorded(outcomes)


def test_each_refused_row_gets_its_own_error(logbook: Logbook) -> None:
    works = [logbook.recording(reader) for reader in (REFUSED, "front", REFUSED, LOST)]

    first, front, second, lost = logbook.together(*works)

    assert "this row is refused" in str(first)
    assert "the transaction is lost" in str(lost)
    assert first is not second
    assert logbook.readers() == recorded([front])


def test_of_two_newer_verdicts_in_one_group_only_one_is_recorded(logbook: Logbook) -> None:
    reading = logbook.attempts.record(VERDICT, "front", NOW)
    newer = Verdict(Reason.IN_FORCE)

    outcomes = logbook.together(
        *[lambda: logbook.attempts.refine(newer, reading, NOW) for _ in range(THREADS)]
    )

    assert logbook.database.transactions == 1
    assert outcomes[0].refines == reading.id
    assert outcomes[1:] == [None] * (THREADS - 1)
    assert logbook.readers() == recorded([reading, outcomes[0]])


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), SystemExit(1), MemoryError()])
def test_a_leader_that_ends_leaves_nobody_waiting(logbook: Logbook, fault: BaseException) -> None:
    logbook.database.fault = fault

    outcomes = logbook.together(*[logbook.recording("front") for _ in range(THREADS)])

    assert outcomes[0] is fault
    assert [type(outcome) for outcome in outcomes[1:]] == [NotRecorded] * (THREADS - 1)
    assert logbook.readers() == {}
    again = logbook.together(*[logbook.recording("front") for _ in range(THREADS)])
    assert len(logbook.readers()) == len(recorded(again)) == THREADS


@needs_fork
@may_fork
def test_a_thread_that_is_interrupted_while_it_waits_is_not_made_the_leader(tmp_path: Path) -> None:
    def interrupt() -> None:
        logbook = Logbook(tmp_path / "logbook.db")
        signal.signal(signal.SIGINT, signal.default_int_handler)
        logbook.database.gate.clear()
        logbook.database.at_the_gate.clear()
        threads = [threading.Thread(target=logbook.recording(name)) for name in ("first", "next")]
        threads[0].start()
        assert logbook.database.at_the_gate.wait(DEADLINE_S)

        def interrupt_the_waiting() -> None:
            until(lambda: logbook.attempts._rows._waiting)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt_the_waiting).start()
        with pytest.raises(KeyboardInterrupt):
            logbook.recording("interrupted")()
        logbook.database.gate.set()
        threads[0].join(DEADLINE_S)
        threads[1].daemon = True
        threads[1].start()
        threads[1].join(DEADLINE_S)
        assert list(logbook.readers().values()) == ["first", "next"]

    assert not died(0, interrupt, ())


def test_a_commit_that_fails_is_tried_again_row_by_row(logbook: Logbook) -> None:
    logbook.database.fault = sqlite3.OperationalError("disk I/O error")

    outcomes = logbook.together(*[logbook.recording("front") for _ in range(THREADS)])

    assert logbook.database.transactions == 1 + THREADS
    assert len(logbook.readers()) == THREADS
    assert logbook.readers() == recorded(outcomes)


def test_a_commit_that_fails_for_a_row_alone_is_reported(logbook: Logbook) -> None:
    logbook.database.fault = sqlite3.OperationalError("disk I/O error")

    with pytest.raises(NotRecorded, match="disk I/O error"):
        logbook.recording("front")()
    assert logbook.readers() == {}


def test_a_file_that_another_program_holds_is_reported_to_all(logbook: Logbook) -> None:
    with contextlib.closing(sqlite3.connect(logbook.path, isolation_level=None)) as other:
        other.execute("begin immediate")
        outcomes = logbook.together(*[logbook.recording("front") for _ in range(THREADS)])
        other.execute("rollback")

    assert [type(outcome) for outcome in outcomes] == [NotRecorded] * THREADS
    assert all("locked" in str(outcome) for outcome in outcomes)
    assert len(set(map(id, outcomes))) == THREADS  # no two threads raise the same exception
    # The first leader waited alone: rows that came in meanwhile waited for the file themselves.
    assert logbook.database.transactions == 2
    assert logbook.readers() == {}
    assert isinstance(logbook.recording("front")(), Attempt)


def test_on_a_full_disk_exactly_the_rows_that_found_space_are_recorded(logbook: Logbook) -> None:
    large = [logbook.recording("r" * 3000 + str(number)) for number in range(THREADS)]
    [(pages,)] = logbook.database.rows("pragma page_count")
    logbook.database.max_pages = pages + 5

    outcomes = logbook.together(*large)

    assert {type(outcome) for outcome in outcomes} == {Attempt, NotRecorded}
    assert all("full" in str(outcome) for outcome in outcomes if type(outcome) is NotRecorded)
    assert logbook.readers() == recorded(outcomes)


def test_whatever_its_group_meets_each_row_ends_as_if_it_were_alone(logbook: Logbook) -> None:
    """Threads that do not wait for each other, so that groups are of any size."""
    outcomes: list[tuple[str, Any]] = []

    def record(seed: int) -> None:
        chance = random.Random(seed)
        for number in range(25):
            kind = chance.choice([f"{seed} {number}"] * 3 + [REFUSED, HALF, LOST])
            outcomes.append((kind, outcome_of(logbook.recording(kind))))
        logbook.database.close()

    threads = [threading.Thread(target=record, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for kind, outcome in outcomes:
        assert type(outcome) is (NotRecorded if kind in (REFUSED, HALF, LOST) else Attempt), kind
    assert logbook.readers() == recorded([outcome for _, outcome in outcomes])
