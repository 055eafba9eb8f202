"""SQLite's write-ahead log, which lets readers and one writer work side by side."""

from __future__ import annotations

import sqlite3
import time

RETRY_DELAY_S = 0.02


def use_write_ahead_log(connection: sqlite3.Connection, timeout_s: float) -> None:
    """Switch the database file of a connection to the write-ahead log.

    If two connections switch a new file at the same moment, SQLite does not wait by itself, so
    this tries again for `timeout_s` seconds.  Raises sqlite3.OperationalError if the file is
    still locked then.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_DELAY_S)
        else:
            return
