"""Which table of a damaged logbook cannot be read, so that a page can name it.

SQLite says that a query met damage, and not where.  So the tables of the query are counted one by
one: that reads all their pages.  It takes as long as it may (LOOK_S), and what it did not come to
in this time is looked at when another query fails.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

from kiosk.runtime import sqlite

LOOK_S = 1.0  # for all tables of one query
LOOK_AGAIN_S = 60.0  # at a table that was whole
NAMED = re.compile(r"\b(?:from|join)\s+\(?\s*([a-z_]\w*)", re.IGNORECASE)
# What is computed from other tables, and can be built again from them (`logbook rebuild`).
DERIVED = ("visit_search", "visit_words", "search_value", "visit_fact")


class DamagedTables:
    """The tables that were found damaged since the program started."""

    def __init__(self, connect: Callable[[], sqlite.Connection]) -> None:
        """`connect` returns a connection that nobody else uses; it is closed here."""
        self._connect = connect
        self._whole_at: dict[str, float] = {}
        self._lock = threading.Lock()
        self.found: set[str] = set()

    def look(self, sql: str) -> list[str]:
        """Return which tables of a query that met damage cannot be read, as far as that is known.

        Empty: none of them, so an index is damaged; or there was no time to find out.
        """
        with self._lock:
            try:
                db = self._connect()
            except sqlite.errors():
                return []
            timer = threading.Timer(LOOK_S, db.interrupt)
            timer.start()
            try:
                return sorted(table for table in _tables_of(db, sql) if self._is_damaged(db, table))
            except sqlite.errors():
                return []
            finally:
                timer.cancel()
                timer.join()
                db.close()

    def _is_damaged(self, db: sqlite.Connection, table: str) -> bool:
        whole_at = self._whole_at.get(table)
        if table in self.found:
            return True
        if whole_at is not None and time.monotonic() - whole_at < LOOK_AGAIN_S:
            return False
        try:
            for stored in _stored_tables(db, table):
                db.execute(f'select count(*) from "{stored}" not indexed').fetchone()
        except sqlite.errors() as exc:
            if sqlite.is_damage(exc):
                self.found.add(table)
                return True
            return False
        self._whole_at[table] = time.monotonic()
        return False


def _tables_of(db: sqlite.Connection, sql: str) -> list[str]:
    """Return the tables that a query names, also those of its views."""
    schema = db.execute("select name, type, sql from sqlite_schema").fetchall()
    kinds = {name: (kind, text) for name, kind, text in schema}
    found: list[str] = []
    waiting = NAMED.findall(sql)
    while waiting:
        name = waiting.pop(0)
        kind, text = kinds.get(name, ("", ""))
        if kind == "view":
            waiting += NAMED.findall(text)
        elif kind == "table" and name not in found:
            found.append(name)
    return found


def _stored_tables(db: sqlite.Connection, table: str) -> list[str]:
    """Return the tables in which a table is stored: of an index of words, those behind it."""
    behind = [
        row[0]
        for row in db.execute(
            "select name from sqlite_schema where type = 'table' and name in (?, ?, ?)",
            [f"{table}_data", f"{table}_idx", f"{table}_config"],
        )
    ]
    return behind if len(behind) == 3 else [table]
