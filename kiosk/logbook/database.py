"""The logbook's file: connections, transactions and its schema in migrations.

A power cut must not lose a visit: WAL with `synchronous = FULL`.  Every writing transaction
is `BEGIN IMMEDIATE` under one lock for the process, which queues writers fairly; SQLite's own
waiting does not.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import sqlite_utils

from kiosk.logbook.migrations import MIGRATIONS

BUSY_TIMEOUT_S = 10  # another process (the nightly job) may be writing


class Database:
    """One logbook file; each thread has a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._write = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.transaction() as db:
            MIGRATIONS.apply(db)

    def reading(self) -> sqlite_utils.Database:
        """Return the calling thread's connection, for reading."""
        db: sqlite_utils.Database | None = getattr(self._local, "db", None)
        if db is None:
            conn = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S)
            conn.row_factory = sqlite3.Row
            db = sqlite_utils.Database(conn)
            for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on"):
                db.execute(f"pragma {pragma}")
            self._local.db = db
        return db

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite_utils.Database]:
        """Lend the connection for one writing transaction: all of it is kept, or nothing."""
        with self._write:
            db = self.reading()
            db.conn.execute("begin immediate")
            try:
                yield db
            except BaseException:
                if db.conn.in_transaction:
                    db.conn.execute("rollback")
                raise
            db.conn.execute("commit")

    def close(self) -> None:
        """Close the calling thread's connection."""
        db = getattr(self._local, "db", None)
        if db is not None:
            db.conn.close()
            self._local.db = None
