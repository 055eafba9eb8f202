"""After a kill, or with a disk that fails, every attempt that was acknowledged is in the logbook.

Sixteen threads, or sixteen clients, record at the same time.  Each writes down what was
acknowledged to it, in a file of its own process or of the test's.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from kiosk.logbook import Attempts, Database
from kiosk.logbook.errors import NotRecorded
from tests.cast import BHYT15, NOW
from tests.kills import died, may_fork, needs_fork
from tests.process import DEADLINE_S, Server, serving, site
from tests.sampling import sample_and_all
from verify import Card, Reason, Verdict

THREADS = 16
ATTEMPTS_PER_THREAD = 3
TIMES = 20  # that a line which runs many times counts
ROOMS = ("kiosk/logbook/",)
VERDICT = Verdict(Reason.NOT_YET_KNOWN)
LOGBOOK, ACKNOWLEDGED = "logbook.db", "acknowledged.txt"


def record_in_threads(folder: Path, record: Callable[[Attempts, str], int]) -> None:
    """Let threads record attempts at the same time, and write down which are acknowledged.

    `record` records an attempt of a reader with this name, and returns the attempt's id.
    """
    database = Database(folder / LOGBOOK)
    attempts = Attempts(database)
    start = threading.Barrier(THREADS)
    written = os.open(folder / ACKNOWLEDGED, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def record_some(thread: int) -> None:
        start.wait(DEADLINE_S)
        for number in range(ATTEMPTS_PER_THREAD):
            reader = f"{thread}-{number}"
            with contextlib.suppress(NotRecorded):
                os.write(written, f"{record(attempts, reader)} {reader}\n".encode())
        database.close()

    threads = [threading.Thread(target=record_some, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def record_little(attempts: Attempts, reader: str) -> int:
    return attempts.record(VERDICT, reader, NOW).id


def record_much(attempts: Attempts, reader: str) -> int:
    card = Card("GD4019999900000", holder="x" * 3000)  # so that the rows need more than the space
    return attempts.record(VERDICT._replace(card=card), reader, NOW).id


def acknowledged(folder: Path) -> dict[int, str]:
    """Return the reader of each acknowledged attempt by its id; no id was given twice."""
    path = folder / ACKNOWLEDGED
    lines = path.read_text("ascii").splitlines() if path.exists() else []
    found = {int(line.split()[0]): line.split()[1] for line in lines}
    assert len(found) == len(lines)
    return found


def in_logbook(path: Path) -> dict[int, str]:
    """Return the reader of each attempt in a whole logbook by the attempt's id."""
    with contextlib.closing(sqlite3.connect(path)) as other:
        assert other.execute("pragma integrity_check").fetchone() == ("ok",)
        return dict(other.execute("select id, reader from attempt"))


@needs_fork
@may_fork
@sample_and_all("steps", range(3, 10_000, 41), range(1, 10_000, 3), mark=pytest.mark.long)
def test_a_kill_at_any_line_loses_no_acknowledged_attempt(tmp_path: Path, steps: range) -> None:
    for step in steps:
        folder = tmp_path / str(step)
        folder.mkdir()
        Database(folder / LOGBOOK).close()
        was_killed = died(step, partial(record_in_threads, folder, record_little), ROOMS, TIMES)

        rows, known = in_logbook(folder / LOGBOOK), acknowledged(folder)
        assert known.items() <= rows.items(), step
        assert len(set(rows.values())) == len(rows), step  # nothing was recorded twice
        assert len(rows) - len(known) <= THREADS, step  # each thread waits for one at a time
        again = Attempts(Database(folder / LOGBOOK)).record(VERDICT, "again", NOW)
        assert again.id not in rows
        if not was_killed:
            assert rows == known
            assert len(rows) == THREADS * ATTEMPTS_PER_THREAD
            return
    pytest.fail("there are more lines than steps")


@needs_fork
@may_fork
@pytest.mark.parametrize("free_kib", [0, 30, 60, 90])
def test_on_a_disk_that_takes_no_more_exactly_what_is_acknowledged_is_written(
    tmp_path: Path, free_kib: int
) -> None:
    resource = pytest.importorskip("resource")
    Database(tmp_path / LOGBOOK).close()

    def record_until_full() -> None:
        Database(tmp_path / LOGBOOK)  # stays open, so that its write-ahead log stays too
        size = (tmp_path / f"{LOGBOOK}-wal").stat().st_size
        most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + free_kib * 1024, most))
        record_in_threads(tmp_path, record_much)

    assert not died(0, record_until_full, ROOMS)

    rows, known = in_logbook(tmp_path / LOGBOOK), acknowledged(tmp_path)
    assert rows == known
    assert bool(rows) == bool(free_kib)
    assert len(rows) < THREADS * ATTEMPTS_PER_THREAD
    Attempts(Database(tmp_path / LOGBOOK)).record(VERDICT, "again", NOW)


def scan_until_killed(server: Server, name: str, count: int) -> dict[int, str]:
    """Let clients scan at the same time, and kill the program after `count` answers.

    Returns the reader of each answered scan by the id of its attempt.
    """
    answered: dict[int, str] = {}
    start, enough = threading.Barrier(THREADS), threading.Event()

    def scan_cards(client: int) -> None:
        start.wait(DEADLINE_S)
        for number in itertools.count():
            reader = f"{name}-{client}-{number}"
            card = BHYT15.replace("9999900021", f"99999{client * 1000 + number:05d}")
            try:
                answer = server.post("/api/scans", {"payload": card, "reader": reader})
            except (OSError, http.client.HTTPException):
                return  # the program is gone
            assert answered.setdefault(answer["attempt"], reader) == reader
            if len(answered) >= count:
                enough.set()

    threads = [threading.Thread(target=scan_cards, args=(client,)) for client in range(THREADS)]
    for thread in threads:
        thread.start()
    assert enough.wait(DEADLINE_S)
    server.process.kill()
    for thread in threads:
        thread.join(DEADLINE_S)
    return answered


@sample_and_all("kills", 1, 12, mark=pytest.mark.long)
def test_a_killed_program_has_kept_every_scan_that_it_answered(tmp_path: Path, kills: int) -> None:
    answered: dict[int, str] = {}
    for number in range(1, kills + 1):
        with serving(*site(tmp_path, "http://127.0.0.1:9")) as server:
            newly = scan_until_killed(server, str(number), 37 * number)
        assert not newly.keys() & answered.keys()
        answered |= newly

        rows = in_logbook(tmp_path / "data" / LOGBOOK)
        assert answered.items() <= rows.items()
        assert len(set(rows.values())) == len(rows)
        assert len(rows) - len(answered) <= THREADS * number  # each client waits for one answer
