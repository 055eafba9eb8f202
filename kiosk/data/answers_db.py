"""The file with the insurer's answers: a SQLite table with one row for each number."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import sqlite_utils

from kiosk.runtime import sqlite
from kiosk.runtime.errors import WrongFileKey
from kiosk.runtime.file_key import FileKey
from verify import CoverageUnreadable

log = logging.getLogger(__name__)

# The table keeps the name that data directories in use have.
SCHEMA = """
create table if not exists word (
    number text primary key,  -- 15, 10 or 12 characters
    as_of text not null,      -- when the insurer answered, UTC, ISO 8601
    card_number text,         -- the card that the answer is about, if the insurer named it
    coverage text not null,   -- the Coverage as JSON
    change integer not null   -- running number: the later a row was written, the greater
) strict, without rowid
"""
INDEXES = (
    "create index if not exists word_as_of on word (as_of)",
    "create index if not exists word_change on word (change)",
)
DROP_OLDER_TABLE = "drop table if exists coverage"
SELECT_CHANGED = "select number, as_of, card_number, coverage, change from word where change > ?"
SELECT_NEWEST = "select max(as_of) from word"
SELECT_STEADY = "select 1 from word where as_of >= ? and as_of < ? limit 1"
# A row whose time is in the future is overwritten: the clock was wrong when it was written.
UPSERT = """
insert into word (number, as_of, card_number, coverage, change)
values (?, ?, ?, ?, (select ifnull(max(change), 0) + 1 from word))
on conflict (number) do update
set as_of = excluded.as_of, card_number = excluded.card_number, coverage = excluded.coverage,
    change = excluded.change
where excluded.as_of >= as_of or as_of > ?
"""
# The row that was written last stays, so that its running number is not given again.
DELETE_OLD = "delete from word where as_of < ? and change < (select max(change) from word)"
DELETE_ABOUT = """
delete from word where number in (select value from json_each(:numbers))
or card_number in (select value from json_each(:numbers))
"""
READ_TIMEOUT_MS = 250  # a scan waits no longer for a lock; it then does without the answer
WRITE_TIMEOUT_MS = 10_000


class AnswerRow(NamedTuple):
    """A row of the table, without its running number."""

    number: str
    as_of: str
    card_number: str | None
    coverage: str


class AnswersFile:
    """One file; every thread reads and writes through a connection of its own.

    All methods raise CoverageUnreadable if SQLite cannot read or write the file.
    """

    def __init__(self, path: Path, keys: Sequence[FileKey] = ()) -> None:
        """Open the file, or create it.

        `keys` are those that an encrypted file may have, the newest last.  A damaged file is
        renamed to `.damaged` and replaced by an empty one, because every answer can be asked for
        again.  A file that no key opens counts as damaged: callers open the logbook first, which
        refuses a wrong key.  Raises FileKeyTrouble if there are keys and the file is plain.
        """
        self._path = path
        self._local = threading.local()
        self._key = keys[-1] if keys else None
        try:
            self._key = self._find_key(keys)
            self._create()
        except CoverageUnreadable as exc:
            self.close()
            if not exc.damaged:
                raise CoverageUnreadable(
                    f"{path}: cannot be used ({exc}); look at the disk, its free space and the"
                    " rights of the file"
                ) from exc
            log.error("%s is damaged; it is set aside and a new one is created", path.name)
            path.replace(path.with_suffix(".damaged"))
            self._create()

    def changed_since(self, change: int) -> tuple[list[tuple[AnswerRow, int]], str | None]:
        """Return the rows written after the running number `change`, and the newest `as_of`.

        Each row comes with its own running number; the newest `as_of` is None in an empty file.
        """
        with _TranslateErrors(self) as db:
            rows = db.conn.execute(SELECT_CHANGED, [change]).fetchall()
            newest = db.conn.execute(SELECT_NEWEST).fetchone()[0]
        return [(AnswerRow(*row[:4]), row[4]) for row in rows], newest

    def write(
        self, rows: Iterable[AnswerRow], latest: str, oldest: str, steady: tuple[str, str]
    ) -> None:
        """Write rows, and delete those from before `oldest`; all moments are text like `as_of`.

        A newer row is not replaced, unless it is from after `latest`, which is now.  Of two rows
        of the same moment under one number the one that is written later stays: it is the answer
        that came last.

        Nothing is deleted unless a row lies between the two moments of `steady`: after so long a
        pause, and until the new time has lasted for a while, it may be the clock that has jumped.
        """
        with _TranslateErrors(self) as db, db.conn:
            is_steady = db.conn.execute(SELECT_STEADY, steady).fetchone() is not None
            db.execute(f"pragma busy_timeout = {WRITE_TIMEOUT_MS}")
            for row in rows:
                db.conn.execute(UPSERT, [*row, latest])
            if is_steady:
                db.conn.execute(DELETE_OLD, [oldest])
            db.execute(f"pragma busy_timeout = {READ_TIMEOUT_MS}")

    def delete(self, numbers: Iterable[str]) -> int:
        """Delete the rows under some numbers, or about a card of them; return how many.

        They are overwritten in the file, and the write-ahead log is emptied.
        """
        wanted = json.dumps(list(numbers))
        with _TranslateErrors(self) as db:
            db.execute(f"pragma busy_timeout = {WRITE_TIMEOUT_MS}")
            with db.conn:
                count = db.conn.execute(DELETE_ABOUT, {"numbers": wanted}).rowcount
            db.conn.execute("pragma wal_checkpoint(truncate)").fetchall()
            db.execute(f"pragma busy_timeout = {READ_TIMEOUT_MS}")
        return int(count)

    def close(self) -> None:
        """Close the connection of the calling thread."""
        db = getattr(self._local, "db", None)
        if db is not None:
            db.conn.close()
            self._local.db = None

    def connect(self) -> sqlite_utils.Database:
        """Return the connection of the calling thread; may raise SQLite's errors."""
        db = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = sqlite_utils.Database(sqlite.connect(self._path, self._key))
            db.execute(f"pragma busy_timeout = {READ_TIMEOUT_MS}")
            sqlite.use_write_ahead_log(db.conn, WRITE_TIMEOUT_MS / 1000)
            db.execute("pragma synchronous = normal")  # lost answers can be asked for again
            db.execute("pragma secure_delete = on")  # overwrite what is deleted
        return db

    def _find_key(self, keys: Sequence[FileKey]) -> FileKey | None:
        try:
            return sqlite.find_key(self._path, keys)
        except WrongFileKey as exc:
            raise CoverageUnreadable(str(exc), damaged=True) from exc
        except sqlite.errors() as exc:
            raise _unreadable(exc) from exc

    def _create(self) -> None:
        with _TranslateErrors(self) as db, db.conn:
            db.execute(f"pragma busy_timeout = {WRITE_TIMEOUT_MS}")
            for statement in (SCHEMA, *INDEXES, DROP_OLDER_TABLE):
                db.execute(statement)
            db.execute(f"pragma busy_timeout = {READ_TIMEOUT_MS}")


class _TranslateErrors:
    """A context that gives the thread's connection and translates SQLite's errors."""

    def __init__(self, file: AnswersFile) -> None:
        self._file = file

    def __enter__(self) -> sqlite_utils.Database:
        try:
            return self._file.connect()
        except sqlite.errors() as exc:
            raise _unreadable(exc) from exc

    def __exit__(self, _type: object, exc: BaseException | None, _trace: object) -> None:
        if isinstance(exc, sqlite.errors()):
            raise _unreadable(exc) from None


def _unreadable(exc: BaseException) -> CoverageUnreadable:
    return CoverageUnreadable(type(exc).__name__, damaged=sqlite.is_damage(exc))
