"""The logbook's file: its connections and transactions.

- A power cut must not lose a visit: WAL with `synchronous = FULL`.
- Each thread has a connection of its own.
- Every writing transaction is `BEGIN IMMEDIATE` under one lock for the process.  The lock serves
  writers in turn; SQLite's own waiting does not.
- Opening the file applies the migrations that it lacks.
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

BUSY_TIMEOUT_S = 10  # another process may be writing, for example the nightly job


class Database:
    """One logbook file; each thread has a connection of its own."""

    def __init__(
        self,
        path: Path,
        use: Literal["demo", "site"] = "site",
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> None:
        """Open the logbook, or create it if the file does not exist.

        `use` keeps a demonstration's logbook away from the real insurer, and a site's from the
        sandbox.  `busy_timeout_s` is how long a connection waits for another program that holds
        the file.

        Raises LogbookUnreadable if the file is damaged or was made for another use.
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
        """Return the calling thread's connection. Read from it within `guarded`."""
        db: sqlite_utils.Database | None = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = self._connected()
        return db

    def _connected(self) -> sqlite_utils.Database:
        """Return a new connection with the settings that protect the logbook, or none at all."""
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
        """Return all rows of a query. A row gives its values by position and by name.

        Raises LogbookUnavailable if SQLite cannot read them.
        """
        with guarded():
            return list(self.reading().execute(sql, values).fetchall())

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite_utils.Database]:
        """Give the connection for one writing transaction: all of it is written, or nothing.

        Raises NotRecorded if SQLite cannot write or read within it, because another process holds
        the file, or the disk is full or broken.
        """
        try:
            with self._write, guarded():
                db = self.reading()
                db.conn.execute("begin immediate")
                try:
                    yield db
                    db.conn.execute("commit")
                except BaseException:  # nothing may stay half-written, whatever the error is
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
    """Translate SQLite's errors into LogbookUnavailable. Their text holds no personal data."""
    try:
        yield
    except sqlite3.Error as exc:
        raise LogbookUnavailable(f"{type(exc).__name__}: {exc}") from exc
