"""Plain files become encrypted ones, and keys are changed; a kill at any point harms nothing."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from kiosk.logbook import Database
from kiosk.runtime import file_encryption, sqlite
from kiosk.runtime.errors import FileInUse, FileKeyTrouble, WrongFileKey
from kiosk.runtime.file_encryption import change_key, encrypt, plain_remains
from kiosk.runtime.file_key import FileKey
from kiosk.runtime.sqlite import FileForm, form_of
from tests.kills import died, may_fork, needs_fork
from tests.sampling import sample_and_all

pytest.importorskip("sqlcipher3", reason='encryption needs pip install "tiepdon[encrypt]"')

OLD, NEW, OTHER = (FileKey(digits * 32) for digits in ("a1", "b2", "c3"))
SECRET = "Nguyễn Văn Ẩn"
ROOMS = ("/runtime/file_encryption.py", "/runtime/files.py")


def filled(path: Path, keys: tuple[FileKey, ...] = (), rows: int = 300) -> Path:
    """Make a logbook with rows in a table with generated columns, and leave its log behind."""
    database = Database(path, keys=keys)
    with database.transaction() as db:
        db.execute("create table extra (id integer primary key, text text, n as (length(text)))")
        db.conn.executemany(
            "insert into extra (text) values (?)", [(f"{SECRET} {i}",) for i in range(rows)]
        )
        db.execute("pragma user_version = 7")
    database.close()
    return path


def content(path: Path, key: FileKey | None) -> list[object]:
    with contextlib.closing(sqlite.connect(path, key)) as connection:
        rows = [tuple(row) for row in connection.execute("select * from extra")]
        version = connection.execute("pragma user_version").fetchone()
        checked = connection.execute("pragma integrity_check").fetchone()
        tables = connection.execute("select name, sql from sqlite_schema order by name").fetchall()
        return [rows, version, checked, [tuple(table) for table in tables]]


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


def test_a_plain_logbook_is_encrypted_with_all_that_it_holds(tmp_path: Path) -> None:
    path = filled(tmp_path / "logbook.db")
    before = content(path, None)
    path.chmod(0o600)

    assert encrypt(path, OLD)

    assert form_of(path) is FileForm.ENCRYPTED
    assert content(path, OLD) == before
    assert SECRET.encode() not in bytes_of(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"logbook.db"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert not encrypt(path, OLD)  # again does nothing
    with pytest.raises(WrongFileKey):
        encrypt(path, OTHER)
    Database(path, keys=(OLD,)).close()


def test_what_is_only_in_the_log_is_encrypted_too(tmp_path: Path) -> None:
    path = tmp_path / "logbook.db"
    code = (
        "import os; from pathlib import Path; from tests.kiosk.test_file_encryption import filled;"
        f"from kiosk.logbook import Database; d = Database(Path({str(path)!r})); d.reading();"
        f"filled(Path({str(path)!r})); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert path.with_name("logbook.db-wal").stat().st_size > 0

    assert encrypt(path, OLD)

    rows = content(path, OLD)[0]
    assert isinstance(rows, list)
    assert len(rows) == 300
    assert SECRET.encode() not in bytes_of(tmp_path)


USE = """
import json, sys
from pathlib import Path
from kiosk.logbook import Database
from kiosk.runtime.file_key import FileKey
path, *keys = json.loads(sys.stdin.readline())
database = Database(Path(path), keys=tuple(map(FileKey, keys)))
print("ready", flush=True)
sys.stdin.readline()
assert len(database.rows("select * from extra")) == 300
"""


@contextlib.contextmanager
def used(path: Path, key: FileKey | None) -> Iterator[None]:
    """Have another process open a logbook meanwhile; SQLite's locks are between processes."""
    with subprocess.Popen(
        [sys.executable, "-c", USE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([str(path), *([key.hex] if key else [])]) + "\n")
        process.stdin.flush()
        process.stdout.readline()
        yield
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_file_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    plain = filled(tmp_path / "plain.db")
    encrypted = filled(tmp_path / "encrypted.db", (OLD,))
    with used(plain, None), pytest.raises(FileInUse, match="stop the program"):
        encrypt(plain, OLD)
    with used(encrypted, OLD), pytest.raises(FileInUse, match="stop the program"):
        change_key(encrypted, (OLD,), NEW)

    assert form_of(plain) is FileForm.PLAIN
    assert len(content(plain, None)[0]) == len(content(encrypted, OLD)[0]) == 300  # type: ignore[arg-type]


def test_a_copy_that_is_not_like_the_original_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled(tmp_path / "logbook.db")
    before = content(path, None)
    compare = file_encryption._compare

    def compare_a_worse_one(connection: sqlite.Connection, where: Path) -> None:
        connection.execute("update copy.extra set text = 'x' where id = 200")
        compare(connection, where)

    monkeypatch.setattr(file_encryption, "_compare", compare_a_worse_one)
    with pytest.raises(FileKeyTrouble, match="table extra"):
        encrypt(path, OLD)

    assert content(path, None) == before
    assert {file.name for file in tmp_path.iterdir()} == {"logbook.db"}


def test_a_key_is_changed(tmp_path: Path) -> None:
    path = filled(tmp_path / "logbook.db", (OLD,))
    before = content(path, OLD)

    assert change_key(path, (OLD, NEW), NEW)

    assert content(path, NEW) == before
    assert not sqlite.opens(path, OLD)
    assert not change_key(path, (OLD, NEW), NEW)
    assert not change_key(tmp_path / "absent.db", (OLD,), NEW)
    with pytest.raises(WrongFileKey):
        change_key(path, (OLD, OTHER), OTHER)


def test_too_little_space_is_found_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled(tmp_path / "logbook.db")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(9, 9, 0))

    with pytest.raises(FileKeyTrouble, match="0 MB are free"):
        encrypt(path, OLD)
    assert {file.name for file in tmp_path.iterdir()} == {"logbook.db"}


@needs_fork
@may_fork
def test_a_kill_at_any_line_of_the_encryption_harms_nothing(tmp_path: Path) -> None:
    template = filled(tmp_path / "template.db", rows=40)
    before = content(template, None)
    step = 0
    while True:
        step += 1
        path = tmp_path / str(step) / "logbook.db"
        path.parent.mkdir()
        shutil.copy(template, path)
        is_done = not died(step, lambda path=path: encrypt(path, OLD), ROOMS)  # type: ignore[misc]
        key = OLD if form_of(path) is FileForm.ENCRYPTED else None
        assert content(path, key) == before, step
        encrypt(path, OLD)  # a second run finishes it
        assert content(path, OLD) == before, step
        assert SECRET.encode() not in bytes_of(path.parent), step
        assert not plain_remains(path), step
        if is_done:
            break
    assert step > 30


CHANGE = """
import sys, json
from pathlib import Path
from kiosk.runtime.file_encryption import change_key
from kiosk.runtime.file_key import FileKey
path, *keys = json.loads(sys.stdin.readline())
old, new = map(FileKey, keys)
print("ready", flush=True)
sys.stdin.readline()
change_key(Path(path), (old, new), new)
"""


def changed_until_killed(path: Path, old: FileKey, new: FileKey, after_s: float) -> None:
    """Change a key in another process, and kill it after a number of seconds."""
    with subprocess.Popen(
        [sys.executable, "-c", CHANGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([str(path), old.hex, new.hex]) + "\n")
        process.stdin.flush()
        process.stdout.readline()
        process.stdin.write("\n")
        process.stdin.flush()
        time.sleep(after_s)
        process.kill()


@sample_and_all("kills", 4, 50, mark=pytest.mark.long)
def test_a_change_of_the_key_that_is_killed_leaves_the_file_whole_under_one_key(
    tmp_path: Path, kills: int
) -> None:
    path, chance = filled(tmp_path / "logbook.db", (OLD,), rows=120_000), Random(18)
    before = content(path, OLD)
    began = time.monotonic()
    change_key(path, (OLD,), NEW)
    took_s = time.monotonic() - began
    ends = set()
    for _ in range(kills):
        changed_until_killed(path, NEW, OTHER, 1.2 * chance.random() * took_s)
        (key,) = (key for key in (NEW, OTHER) if sqlite.opens(path, key))
        ends.add(key)
        assert content(path, key) == before
        change_key(path, (NEW, OTHER), NEW)
        assert content(path, NEW) == before
    assert NEW in ends  # at least one was killed before it was done


def test_statements_hold_no_other_text_than_digits() -> None:
    for wrong in ("a1" * 31, "a1" * 33, "a1" * 31 + "';", "A1" * 31 + "g1", "", "０" * 64):
        with pytest.raises(FileKeyTrouble) as raised:
            FileKey(wrong)
        assert not wrong or wrong not in str(raised.value)
    assert sqlite.key_literal(OLD) == "\"x'" + "a1" * 32 + "'\""


def test_a_plain_program_never_loads_the_cipher(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from kiosk.logbook import Database;"
        f"Database(Path({str(tmp_path / 'logbook.db')!r})).close();"
        "assert not any('sqlcipher' in name for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with contextlib.closing(sqlite3.connect(tmp_path / "logbook.db")) as plain:
        assert plain.execute("select count(*) from identity").fetchone()[0] == 1
