"""SQLite's write-ahead log: readers and a writer side by side."""

from __future__ import annotations

import sqlite3
import time

TRY_AGAIN_S = 0.02


def use_write_ahead_log(connection: sqlite3.Connection, patience_s: float) -> None:
    """Switch a file to its write-ahead log; OperationalError where others hold it for too long.

    SQLite does not wait by itself where two connections switch a new file at once.
    """
    until = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(TRY_AGAIN_S)
        else:
            return
