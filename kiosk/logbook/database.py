"""The logbook's file: its connections and transactions.

- A power cut must not lose a visit: WAL with `synchronous = FULL`.
- Each thread has a connection of its own.
- Every writing transaction is `BEGIN IMMEDIATE` under one lock for the process.  The lock serves
  writers in turn; SQLite's own waiting does not.
- What is deleted or replaced is overwritten with zeros (`secure_delete`), on every connection: a
  row that grew was moved, and its old place would keep it.
- Opening the file applies the migrations that it lacks.  A file that a newer program wrote is not
  opened.
- While it is not certain that this is the right logbook, nothing is written: it is held.
- Each row that a transaction changes becomes a link of the hash chain (`kiosk.logbook.chain`).
"""

from __future__ import annotations

import contextlib
import copy
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import sqlite_utils

from kiosk.logbook.chain import TextBytes, link_changes, note_changes
from kiosk.logbook.damaged_tables import DamagedTables
from kiosk.logbook.damaged_text import as_text
from kiosk.logbook.desk_migrations import MIGRATIONS
from kiosk.logbook.errors import (
    LogbookDamaged,
    LogbookUnavailable,
    LogbookUnreadable,
    NotRecorded,
    VisitUnreadable,
)
from kiosk.logbook.file_facts import require_known_steps
from kiosk.logbook.readable_rows import ReadableRows, UnreadableRow
from kiosk.logbook.stand_in_logbook import read_accounts, write_accounts
from kiosk.runtime import sqlite
from kiosk.runtime.errors import FileKeyTrouble
from kiosk.runtime.file_key import FileKey

BUSY_TIMEOUT_S = 10  # another process may be writing, for example the nightly job
log = logging.getLogger(__name__)

MAX_UNREADABLE = 1_000  # rows that are named
CHECKPOINT_TIMEOUT_MS = 250  # that emptying the log may hold writers up


def _note_nothing(_seconds: float) -> None:
    """Count no commits."""


class _Commits:
    """What notes the commits; shared by all that write into a logbook."""

    def __init__(self) -> None:
        self.note: Callable[[float], None] = _note_nothing


class Database:
    """One logbook file; each thread has a connection of its own."""

    def __init__(
        self,
        path: Path,
        use: Literal["demo", "site"] = "site",
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        keys: Sequence[FileKey] = (),
    ) -> None:
        """Open the logbook, or create it if the file does not exist.

        `use` keeps a demonstration's logbook away from the real insurer, and a site's from the
        sandbox.  `busy_timeout_s` is how long a connection waits for another program that holds
        the file.  `keys` are those that an encrypted file may have, the newest last; none: the
        file is not encrypted.

        Raises LogbookUnreadable if the file is damaged, was made for another use, or cannot be
        opened with `keys`.
        """
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._local = threading.local()
        self._write = threading.Lock()
        self._key: FileKey | None = None
        self._unreadable: dict[UnreadableRow, None] = {}
        self._damaged = DamagedTables(
            lambda: sqlite.connect(self._path, self._key, self._busy_timeout_s)
        )
        self._commits = _Commits()
        self._refusal = ""  # why nothing is written; empty: everything is
        self._has_chain = False  # until the migrations have run
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with guarded():
                self._key = sqlite.find_key(path, keys, busy_timeout_s)
            with self.transaction() as db:
                require_known_steps([step.name for step in MIGRATIONS.applied(db)], path)
                MIGRATIONS.apply(db)
            self._has_chain = True
            with self.transaction() as db:
                self.instance = self._identity(db, use)
        except FileKeyTrouble as exc:
            raise LogbookUnreadable(str(exc)) from exc
        except (NotRecorded, LogbookUnavailable) as exc:
            self.close()
            hint = "" if keys else sqlite.unlike_plain(path)
            raise LogbookUnreadable(f"{path}: cannot be opened ({exc}){hint}") from exc

    @property
    def path(self) -> Path:
        """The logbook's file."""
        return self._path

    def watch_commits(self, note: Callable[[float], None]) -> None:
        """Call `note` with the seconds of each commit, in its thread, under the writers' lock."""
        self._commits.note = note

    def hold(self, why: str) -> None:
        """Refuse to write from now on, with the words `why`."""
        self._refusal = why

    def without_hold(self) -> Database:
        """Return the same logbook for what may be written although it is held.

        It shares the connections and the lock of this one.  Call it before `hold`, or after.
        """
        other = copy.copy(self)
        other._refusal = ""
        return other

    def take_accounts(self, held: Path, keys: Sequence[FileKey]) -> None:
        """Copy who works here from the logbook in the file `held` into this one, which is empty.

        Raises LogbookUnavailable if they cannot be read, and NotRecorded if they cannot be written.
        """
        accounts = read_accounts(held, keys)
        with self.transaction() as db:
            write_accounts(db, accounts)

    def _identity(self, db: sqlite_utils.Database, use: str) -> str:
        row = db.execute("select instance, use from identity").fetchone()
        if row is None:
            instance = secrets.token_hex(8)
            db.execute("insert into identity (instance, use) values (?, ?)", [instance, use])
            return instance
        if row["use"] != use:
            raise LogbookUnreadable(
                f"{self._path}: made for {row['use']} use, not {use}; name another --data directory"
            )
        return str(row["instance"])

    def reading(self) -> sqlite_utils.Database:
        """Return the calling thread's connection. Read from it within `guarded`."""
        db: sqlite_utils.Database | None = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = self._connected()
        return db

    def _connected(self) -> sqlite_utils.Database:
        """Return a new connection with the settings that protect the logbook, or none at all."""
        conn = sqlite.connect(self._path, self._key, self._busy_timeout_s, named_rows=True)
        try:
            sqlite.use_write_ahead_log(conn, self._busy_timeout_s)
            conn.text_factory = as_text
            for pragma in ("synchronous = full", "foreign_keys = on", "secure_delete = on"):
                conn.execute(f"pragma {pragma}")
        except BaseException:  # whatever it was, a connection without its settings is of no use
            conn.close()
            raise
        return sqlite_utils.Database(conn)

    def rows(self, sql: str, values: Sequence[object] | dict[str, object] = ()) -> list[Any]:
        """Return all rows of a query. A row gives its values by position and by name.

        Raises LogbookUnavailable if SQLite cannot read them, and LogbookDamaged if it never will.
        """
        try:
            with guarded():
                return list(self.reading().execute(sql, values).fetchall())
        except LogbookDamaged as exc:
            raise self.damage(exc, sql) from exc.__cause__

    def damage(self, exc: LogbookDamaged, sql: str) -> LogbookDamaged:
        """Return the error of a query that met damage, with the tables that cannot be read."""
        known = len(self._damaged.found)
        tables = self._damaged.look(sql)
        if len(self._damaged.found) > known:
            log.error("cannot be read in places: %s; restore a backup", ", ".join(tables))
        return LogbookDamaged(str(exc), tables)

    def damaged_tables(self) -> list[str]:
        """Return the tables that queries found damaged since the program started."""
        return sorted(self._damaged.found)

    def newest_rows(
        self, sql: str, values: Sequence[object] | dict[str, object] = (), since: str = ""
    ) -> list[Any]:
        """Return the rows of a query about the newest rows, as `rows`, for a list that people see.

        If a part of the file is damaged, the rows that can be read (`kiosk.logbook.readable_rows`);
        `unreadable_rows` names the others.  `since` is the earliest stored time that the query is
        about, if it has one.

        Raises LogbookUnavailable as `rows` does, also if it is not known what is missing.
        """
        try:
            return self.rows(sql, values)
        except LogbookUnavailable:
            with guarded():
                readable = self._readable_rows()
                try:
                    return readable.rows(sql, values, since)
                except LookupError:
                    raise LogbookDamaged("the rows of that time cannot be read") from None
                finally:
                    readable.close()

    def _readable_rows(self) -> ReadableRows:
        connection = sqlite.connect(self._path, self._key, self._busy_timeout_s, named_rows=True)
        try:
            readable = ReadableRows(connection)
        except BaseException:  # a connection that nobody has is closed
            connection.close()
            raise
        for row in readable.unreadable:
            self.note_unreadable(*row)
        return readable

    def note_unreadable(self, table: str, number: int) -> None:
        """Remember that a row cannot be read, so that pages and the log name it."""
        row = UnreadableRow(table, number)
        if row not in self._unreadable and len(self._unreadable) < MAX_UNREADABLE:
            self._unreadable[row] = None
            log.error("%s row %d cannot be read; restore a backup", table, number)

    def unreadable_rows(self) -> list[UnreadableRow]:
        """Return the rows that could not be read since the program started, at most 1000."""
        return sorted(self._unreadable)

    @contextlib.contextmanager
    def one_moment(self) -> Iterator[None]:
        """Let the calling thread read one moment of the logbook, whatever others write meanwhile.

        Raises LogbookUnavailable if SQLite cannot read.
        """
        with guarded():
            conn = self.reading().conn
            conn.execute("begin")
            try:
                yield
            finally:
                if conn.in_transaction:
                    conn.execute("rollback")  # nothing was written

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite_utils.Database]:
        """Give the connection for one writing transaction: all of it is written, or nothing.

        Raises NotRecorded if SQLite cannot write or read within it, because another process holds
        the file, or the disk is full or broken; and while the logbook is held.  VisitUnreadable
        goes through: nothing is written then either.
        """
        if self._refusal:
            raise NotRecorded(self._refusal)
        try:
            with self._write, guarded():
                db = self.reading()
                if self._has_chain and not getattr(self._local, "notes", False):
                    note_changes(db)
                    self._local.notes = True
                db.conn.execute("begin immediate")
                try:
                    yield db
                    if self._has_chain:
                        link_changes(db)
                    began = time.perf_counter()
                    db.conn.execute("commit")
                    self._commits.note(time.perf_counter() - began)
                except BaseException:  # nothing may stay half-written, whatever the error is
                    if db.conn.in_transaction:
                        db.conn.execute("rollback")
                    raise
        except VisitUnreadable:  # names its row, which says more than that nothing was written
            raise
        except LogbookUnavailable as exc:
            raise NotRecorded(str(exc)) from exc

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite.Connection]:
        """Give a connection that sees the logbook as it is now, whatever is written meanwhile.

        It reads only, gives rows as tuples, and text as TextBytes: damaged text must not end
        the reading of a whole table.  While it is open, the write-ahead log grows.  Raises one of
        `kiosk.runtime.sqlite.errors()` if the logbook cannot be read.
        """
        conn = sqlite.connect(self._path, self._key, self._busy_timeout_s)
        try:
            conn.text_factory = TextBytes
            conn.execute("pragma query_only = on")
            conn.execute("begin")
            conn.execute("select 1 from sqlite_schema limit 1").fetchone()  # begins the snapshot
            yield conn
        finally:
            conn.close()

    def empty_write_ahead_log(self) -> bool:
        """Write the log of newest changes into the file, and empty it; return whether that is done.

        Until then the log holds older contents of pages.  It is not done while another program or
        thread reads; try again later.

        Raises LogbookUnavailable if SQLite cannot write.
        """
        with self._write:
            self.rows(f"pragma busy_timeout = {CHECKPOINT_TIMEOUT_MS}")
            try:
                return bool(self.rows("pragma wal_checkpoint(truncate)")[0][0] == 0)
            finally:
                self.rows(f"pragma busy_timeout = {round(1000 * self._busy_timeout_s)}")

    def close(self) -> None:
        """Close the calling thread's connection."""
        db = getattr(self._local, "db", None)
        if db is not None:
            db.conn.close()
            self._local.db = None
            self._local.notes = False


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Translate SQLite's errors into LogbookUnavailable, damage into LogbookDamaged.

    Their text holds no personal data.
    """
    try:
        yield
    except sqlite.errors() as exc:
        if sqlite.is_damage(exc):
            raise LogbookDamaged(f"{type(exc).__name__}: {sqlite.kind_of(exc)}") from exc
        raise LogbookUnavailable(f"{type(exc).__name__}: {sqlite.words_of(exc)}") from exc
