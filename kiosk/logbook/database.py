"""The logbook's file: connections, transactions and its schema in migrations.

A power cut must not lose a visit: WAL with `synchronous = FULL`.  Every writing transaction
is `BEGIN IMMEDIATE` under one lock for the process, which queues writers fairly; SQLite's own
waiting does not.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import sqlite_utils

from kiosk.logbook.errors import LogbookUnavailable, LogbookUnreadable, NotRecorded
from kiosk.logbook.migrations import MIGRATIONS
from kiosk.runtime.sqlite import use_write_ahead_log

BUSY_TIMEOUT_S = 10  # another process (the nightly job) may be writing


class Database:
    """One logbook file; each thread has a connection of its own."""

    def __init__(
        self,
        path: Path,
        use: Literal["demo", "site"] = "site",
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> None:
        """Open or make the logbook; LogbookUnreadable where it is damaged or of another use.

        A demonstration's logbook never meets the real insurer, nor a site's the pretend one.
        `busy_timeout_s` is how long a connection waits for another program that holds the file.
        """
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._local = threading.local()
        self._write = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.transaction() as db:
                MIGRATIONS.apply(db)
                self.instance = self._identity(db, use)
        except (NotRecorded, sqlite3.Error) as exc:
            self.close()
            raise LogbookUnreadable(f"{path}: cannot be opened ({exc})") from exc

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
        """Return the calling thread's connection, for reading within `guarded`."""
        db: sqlite_utils.Database | None = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = self._connected()
        return db

    def _connected(self) -> sqlite_utils.Database:
        """Return a new connection; one that could not be set up as it must be is closed."""
        conn = sqlite3.connect(self._path, timeout=self._busy_timeout_s)
        try:
            conn.row_factory = sqlite3.Row
            use_write_ahead_log(conn, self._busy_timeout_s)
            for pragma in ("synchronous = full", "foreign_keys = on"):
                conn.execute(f"pragma {pragma}")
        except BaseException:
            conn.close()
            raise
        return sqlite_utils.Database(conn)

    def rows(self, sql: str, values: Sequence[object] | dict[str, object] = ()) -> list[Any]:
        """Return all rows that a query reads, each by position and by name.

        Raises LogbookUnavailable if SQLite cannot read them.
        """
        with guarded():
            return list(self.reading().execute(sql, values).fetchall())

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite_utils.Database]:
        """Lend the connection for one writing transaction: all of it is kept, or nothing.

        Raises NotRecorded if SQLite cannot write or read within it: another process holds the
        file, or the disk is full or broken.
        """
        try:
            with self._write, guarded():
                db = self.reading()
                db.conn.execute("begin immediate")
                try:
                    yield db
                    db.conn.execute("commit")
                except BaseException:  # whatever it is, nothing stays half-written; it goes on up
                    if db.conn.in_transaction:
                        db.conn.execute("rollback")
                    raise
        except LogbookUnavailable as exc:
            raise NotRecorded(str(exc)) from exc

    def close(self) -> None:
        """Close the calling thread's connection."""
        db = getattr(self._local, "db", None)
        if db is not None:
            db.conn.close()
            self._local.db = None


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Turn what SQLite raises while reading into LogbookUnavailable; its text names no one."""
    try:
        yield
    except sqlite3.Error as exc:
        raise LogbookUnavailable(f"{type(exc).__name__}: {exc}") from exc
