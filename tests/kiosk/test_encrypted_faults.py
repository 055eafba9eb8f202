"""Every fault of SQLite is reported alike, whether the file is encrypted or not."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.data import AnswersCache
from kiosk.logbook import Database
from kiosk.logbook.errors import LogbookUnavailable, LogbookUnreadable, NotRecorded
from kiosk.runtime import sqlite
from kiosk.runtime.errors import FileKeyTrouble
from kiosk.runtime.file_key import FileKey
from tests.cast import NOW, make_coverage
from verify import CoverageUnreadable

pytest.importorskip("sqlcipher3", reason='encryption needs pip install "tiepdon[encrypt]"')

KEY, OTHER = FileKey("0123456789abcdef" * 4), FileKey("9" * 64)
Keys = tuple[FileKey, ...]
needs_rights = pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="the administrator may write everywhere"
)


@pytest.fixture(params=[(), (KEY,)], ids=["plain", "encrypted"])
def keys(request: pytest.FixtureRequest) -> Keys:
    chosen: Keys = request.param
    return chosen


def table(path: Path, keys: Keys, rows: int = 500) -> Database:
    database = Database(path, busy_timeout_s=0.05, keys=keys)
    with database.transaction() as db:
        db.execute("create table extra (id integer primary key, text text)")
        db.conn.executemany(
            "insert into extra (text) values (?)", [("x" * 200,) for _ in range(rows)]
        )
    return database


def write(database: Database) -> None:
    with database.transaction() as db:
        db.execute("insert into extra (text) values (?)", ["y" * 100_000])


def write_often(database: Database) -> None:
    for _ in range(40):
        write(database)


def as_stored(path: Path, keys: Keys) -> None:
    """Move what is in the write-ahead log into the file."""
    with contextlib.closing(sqlite.connect(path, keys[0] if keys else None)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")


def test_a_full_disk(tmp_path: Path, keys: Keys) -> None:
    database = table(tmp_path / "logbook.db", keys)
    database.reading().execute("pragma max_page_count = 1")

    with pytest.raises(NotRecorded, match=r"OperationalError: database or disk is full"):
        write(database)
    assert len(database.rows("select id from extra")) == 500


@pytest.mark.skipif(shutil.which("mount") is None or os.name == "nt", reason="needs mount")
def test_a_file_system_that_is_full(tmp_path: Path, keys: Keys) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only the administrator may mount")
    try:
        database = table(folder / "logbook.db", keys)
        with pytest.raises(NotRecorded, match="OperationalError: "):
            write_often(database)
        assert len(database.rows("select id from extra where id <= 500")) == 500
        database.close()
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_file_that_cannot_be_written(tmp_path: Path, keys: Keys) -> None:
    database = table(tmp_path / "logbook.db", keys)
    database.reading().execute("pragma query_only = on")

    with pytest.raises(NotRecorded, match="OperationalError: attempt to write a readonly"):
        write(database)


@needs_rights
def test_a_folder_that_cannot_be_written(tmp_path: Path, keys: Keys) -> None:
    path = tmp_path / "logbook.db"
    table(path, keys).close()
    for file in (path, tmp_path):
        file.chmod(0o500)
    try:
        with pytest.raises(LogbookUnreadable, match="cannot be opened"):
            Database(path, keys=keys)
    finally:
        tmp_path.chmod(0o700)


HOLD = """
import sys
from pathlib import Path
from kiosk.logbook import Database
from kiosk.runtime.file_key import FileKey
path, *keys = sys.stdin.readline().split()
with Database(Path(path), keys=tuple(map(FileKey, keys))).transaction():
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextlib.contextmanager
def held(path: Path, keys: Keys) -> Iterator[None]:
    """Have another process write to a logbook meanwhile."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(" ".join([str(path), *(key.hex for key in keys)]) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "held\n"
        yield
        process.stdin.close()
        assert process.wait(30) == 0


def test_another_process_that_writes(tmp_path: Path, keys: Keys) -> None:
    path = tmp_path / "logbook.db"
    database = table(path, keys)
    with held(path, keys):
        with pytest.raises(NotRecorded, match="OperationalError: database is locked"):
            write(database)
        assert len(database.rows("select id from extra")) == 500
    write(database)


def damage_the_middle(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xa5" * (len(whole) - 8192))


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def overwrite(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)


@pytest.mark.parametrize("damage", [damage_the_middle, cut_off, overwrite])
def test_damage_while_the_program_runs(
    tmp_path: Path, keys: Keys, damage: Callable[[Path], None]
) -> None:
    path = tmp_path / "logbook.db"
    database = table(path, keys)
    database.close()
    as_stored(path, keys)
    damage(path)

    with pytest.raises(LogbookUnavailable, match="DatabaseError: "):
        database.rows("select text from extra")
    with pytest.raises(NotRecorded), database.transaction() as db:
        db.execute("select text from extra").fetchall()


@pytest.mark.parametrize("damage", [overwrite, lambda path: path.write_bytes(b"x" * 10)])
def test_damage_at_the_start(tmp_path: Path, keys: Keys, damage: Callable[[Path], None]) -> None:
    path = tmp_path / "logbook.db"
    table(path, keys).close()
    damage(path)

    with pytest.raises(LogbookUnreadable, match="damaged"):
        Database(path, keys=keys)


def test_a_path_that_is_no_file(tmp_path: Path, keys: Keys) -> None:
    (tmp_path / "logbook.db").mkdir()
    with pytest.raises(LogbookUnreadable, match="OperationalError: unable to open database file"):
        Database(tmp_path / "logbook.db", keys=keys)


def test_a_logbook_for_another_use(tmp_path: Path, keys: Keys) -> None:
    Database(tmp_path / "logbook.db", "demo", keys=keys).close()
    with pytest.raises(LogbookUnreadable, match="made for demo use"):
        Database(tmp_path / "logbook.db", keys=keys)


@pytest.mark.parametrize(
    ("made_with", "opened_with", "words"),
    [
        ((KEY,), (OTHER,), f"the key {OTHER.name} .*recovery sheet"),
        ((KEY,), (), "it is encrypted or damaged, and .encryption. names no key"),
        ((), (KEY,), "is not encrypted, but .*Run `encryption set-up`"),
    ],
)
def test_a_wrong_key_no_key_and_a_key_too_many(
    tmp_path: Path,
    made_with: Keys,
    opened_with: Keys,
    words: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "logbook.db"
    Database(path, keys=made_with).close()
    before = path.read_bytes()

    with pytest.raises(LogbookUnreadable, match=words) as raised:
        Database(path, keys=opened_with)

    assert path.read_bytes() == before
    assert not any(key.hex[:8] in str(raised.value) for key in (KEY, OTHER))
    assert capfd.readouterr() == ("", "")  # SQLCipher says nothing on its own
    Database(path, keys=made_with).close()


def test_either_of_two_keys_opens_and_a_new_file_gets_the_newer_one(tmp_path: Path) -> None:
    for made_with in (KEY, OTHER):
        path = tmp_path / made_with.name
        Database(path, keys=(made_with,)).close()
        Database(path, keys=(KEY, OTHER)).close()
        assert sqlite.opens(path, made_with)
    Database(tmp_path / "new", keys=(KEY, OTHER)).close()
    assert sqlite.opens(tmp_path / "new", OTHER)


def test_answers_are_kept_and_a_damaged_file_is_set_aside(tmp_path: Path, keys: Keys) -> None:
    path = tmp_path / "coverage.db"
    cache = AnswersCache(path, keys=keys)
    cache.remember(make_coverage("9999900021", as_of=NOW), NOW)
    assert AnswersCache(path, keys=keys).newest_answer() == NOW
    overwrite(path)
    for rest in (path.with_name("coverage.db-wal"), path.with_name("coverage.db-shm")):
        rest.unlink(missing_ok=True)

    again = AnswersCache(path, keys=keys)

    assert again.newest_answer() is None
    assert path.with_suffix(".damaged").exists()
    again.remember(make_coverage("9999900021", as_of=NOW), NOW + timedelta(hours=1))


def test_answers_that_are_locked_are_not_set_aside(tmp_path: Path, keys: Keys) -> None:
    (tmp_path / "coverage.db").mkdir()
    with pytest.raises(CoverageUnreadable, match="OperationalError"):
        AnswersCache(tmp_path / "coverage.db", keys=keys)


def test_plain_answers_are_not_mixed_with_a_key(tmp_path: Path) -> None:
    AnswersCache(tmp_path / "coverage.db").remember(make_coverage("9999900021", as_of=NOW), NOW)
    with pytest.raises(FileKeyTrouble, match="is not encrypted"):
        AnswersCache(tmp_path / "coverage.db", keys=(KEY,))
    assert not (tmp_path / "coverage.damaged").exists()


def test_a_copy_for_a_backup_has_the_key_of_its_file(tmp_path: Path) -> None:
    path, copy = tmp_path / "logbook.db", tmp_path / "copy.db"
    table(path, (KEY,)).close()
    with contextlib.closing(sqlite.connect(path, KEY)) as connection:
        connection.execute("vacuum into ?", [str(copy)])

    assert sqlite.opens(copy, KEY)
    assert not sqlite.opens(copy, OTHER)
    assert len(Database(copy, keys=(OTHER, KEY)).rows("select id from extra")) == 500
