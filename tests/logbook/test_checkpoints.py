"""The write-ahead log is brought into the file beside those who record, and stays bounded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.logbook import Checkpoints, Database
from tests.process import until

WRITE = "insert into reader_check (reader, code, at, found) values (?, 'a', '', '{}')"
LARGE = "insert into reader_check (reader, code, at, found) values (?, 'a', '', hex(zeroblob(?)))"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    book = Database(tmp_path / "logbook.db")
    yield book
    book.close()


@pytest.fixture
def running(database: Database) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=Checkpoints(database, 0.01).run, args=[stop])
    thread.start()
    yield stop
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def write(database: Database, name: str) -> None:
    with database.transaction() as db:
        db.execute(WRITE, [name])


def has(path: Path, text: str) -> bool:
    """Return whether the file itself holds a text, without its log."""
    return text.encode() in path.read_bytes()


@pytest.mark.usefixtures("running")
def test_what_is_written_soon_stands_in_the_file(database: Database) -> None:
    for number in range(20):
        write(database, f"reader {number}!")
        until(lambda number=number: has(database.path, f"reader {number}!"))  # type: ignore[misc]


def test_without_the_thread_the_log_is_bounded_by_sqlite(database: Database) -> None:
    for number in range(40):  # 16 MB
        with database.transaction() as db:
            db.execute(LARGE, [f"reader {number}", 200_000])

    assert (database.path.parent / "logbook.db-wal").stat().st_size < 8_000_000


@pytest.mark.usefixtures("running")
def test_a_reader_of_an_older_state_holds_it_up_and_then_it_goes_on(database: Database) -> None:
    with database.snapshot():
        write(database, "reader late!")
        assert not database.write_back()
    until(lambda: has(database.path, "reader late!"))


def test_a_file_that_cannot_be_opened_is_said_once_and_tried_again(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    path = database.path
    write(database, "reader late!")
    database.close()
    hidden = path.rename(path.with_suffix(".hidden"))
    path.mkdir()
    stop = threading.Event()
    thread = threading.Thread(target=Checkpoints(database, 0.01).run, args=[stop])
    thread.start()
    until(lambda: caplog.records)
    path.rmdir()
    hidden.rename(path)
    write(database, "reader later!")
    until(lambda: has(path, "reader later!"))
    stop.set()
    thread.join(10)

    assert [record.levelname for record in caplog.records] == ["ERROR"]
