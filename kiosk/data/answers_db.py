"""The file in which the insurer's answers rest: SQLite, a row for each number."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import sqlite_utils

from kiosk.runtime.sqlite import use_write_ahead_log
from verify import CoverageUnreadable

log = logging.getLogger(__name__)

SCHEMA = """
create table if not exists word (
    number text primary key,  -- 15, 10 or 12 characters
    as_of text not null,      -- when the insurer said it, UTC, ISO 8601
    card_number text,         -- the card the word is about, where the insurer named it
    coverage text not null,   -- the Coverage as JSON
    change integer not null   -- the later a row was written, the greater
) strict, without rowid
"""
INDEXES = (
    "create index if not exists word_as_of on word (as_of)",
    "create index if not exists word_change on word (change)",
)
CHANGED = "select number, as_of, card_number, coverage, change from word where change > ?"
NEWEST = "select max(as_of) from word"
REMEMBER = """
insert into word (number, as_of, card_number, coverage, change)
values (?, ?, ?, ?, (select ifnull(max(change), 0) + 1 from word))
on conflict (number) do update
set as_of = excluded.as_of, card_number = excluded.card_number, coverage = excluded.coverage,
    change = excluded.change
where excluded.as_of >= as_of or as_of > ?  -- said in the future: by a clock that was wrong
"""
# The row written last stays: its running number is not given twice.
FORGET = "delete from word where as_of < ? and change < (select max(change) from word)"
READING_TIMEOUT_MS = 250  # a scan waits no longer for another's lock; the word is only missed
WRITING_TIMEOUT_MS = 10_000


class AnswerRow(NamedTuple):
    """What is written under one number."""

    number: str
    as_of: str
    card_number: str | None
    coverage: str


class AnswersFile:
    """One file; every thread reads and writes through a connection of its own.

    All methods raise CoverageUnreadable where SQLite cannot.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file; a damaged one is set aside: all of it can be asked for again."""
        self._path = path
        self._local = threading.local()
        try:
            self._create()
        except CoverageUnreadable as exc:
            self.close()
            if not exc.damaged:
                raise
            log.error("%s is damaged; it is set aside and begun anew", path.name)
            path.replace(path.with_suffix(".damaged"))
            self._create()

    def _create(self) -> None:
        with _Guard(self) as db, db.conn:
            db.execute(f"pragma busy_timeout = {WRITING_TIMEOUT_MS}")
            for statement in (SCHEMA, *INDEXES, "drop table if exists coverage"):  # the older form
                db.execute(statement)
            db.execute(f"pragma busy_timeout = {READING_TIMEOUT_MS}")

    def changed_since(self, change: int) -> tuple[list[tuple[AnswerRow, int]], str | None]:
        """Return the rows written after a running number, with theirs, and the newest as_of."""
        with _Guard(self) as db:
            rows = db.conn.execute(CHANGED, [change]).fetchall()
            newest = db.conn.execute(NEWEST).fetchone()[0]
        return [(AnswerRow(*row[:4]), row[4]) for row in rows], newest

    def write(self, rows: Iterable[AnswerRow], latest: str, oldest: str, steady: str) -> None:
        """Write rows, but never over newer ones (of up to `latest`); drop those before `oldest`.

        Of two of the same moment under one number the one that is written later stays: it is the
        answer that came last.

        Nothing is dropped where the newest row until now is older than `steady`: then it may be
        the clock that has leapt.
        """
        with _Guard(self) as db, db.conn:
            newest = db.conn.execute(NEWEST).fetchone()[0]
            db.execute(f"pragma busy_timeout = {WRITING_TIMEOUT_MS}")
            for row in rows:
                db.conn.execute(REMEMBER, [*row, latest])
            if newest is not None and newest >= steady:
                db.conn.execute(FORGET, [oldest])
            db.execute(f"pragma busy_timeout = {READING_TIMEOUT_MS}")

    def close(self) -> None:
        """Close the connection of the calling thread."""
        db = getattr(self._local, "db", None)
        if db is not None:
            db.conn.close()
            self._local.db = None

    def connect(self) -> sqlite_utils.Database:
        """Return the calling thread's connection."""
        db = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = sqlite_utils.Database(sqlite3.connect(self._path))
            db.execute(f"pragma busy_timeout = {READING_TIMEOUT_MS}")
            use_write_ahead_log(db.conn, WRITING_TIMEOUT_MS / 1000)
            db.execute("pragma synchronous = normal")  # lost answers can be asked for again
        return db


class _Guard:
    """Lend the thread's connection; turn what SQLite raises into ours."""

    def __init__(self, file: AnswersFile) -> None:
        self._file = file

    def __enter__(self) -> sqlite_utils.Database:
        try:
            return self._file.connect()
        except sqlite3.Error as exc:
            raise _unreadable(exc) from exc

    def __exit__(self, _type: object, exc: BaseException | None, _trace: object) -> None:
        if isinstance(exc, sqlite3.Error):
            raise _unreadable(exc) from None


def _unreadable(exc: BaseException) -> CoverageUnreadable:
    # SQLite says of a locked or full disk OperationalError, of a broken file its parent.
    return CoverageUnreadable(type(exc).__name__, damaged=type(exc) is sqlite3.DatabaseError)
