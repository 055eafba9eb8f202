"""What can be read of a damaged logbook: its newest rows without those that cannot be read.

A damaged page makes SQLite end a whole query, also if only one of a thousand rows is on it.  So the
newest rows of the tables that lists show are copied, as far as they can be read, into temporary
tables of the same names on a connection of its own.  There the same queries run as ever.

- Rows are read in blocks.  A block that cannot be read is halved, until single rows are left: those
  are named.  A row whose page is damaged cannot say whether it ever existed; it is named too.
- A row whose text is no longer what its columns or indexes need counts as unreadable as well.
- A question about a time before the copied rows is not answered from them: that nothing is known is
  not that there was nothing.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from kiosk.runtime import sqlite

# The newest rows that are copied of each table: those of some days at a large clinic.  The key, and
# the column with the time or the day of a row.
TABLES = {
    "attempt": (4_000, "id", "at"),
    "visit": (2_000, "row", "arrived_at"),
    "ticket": (2_000, "id", "issued_at"),
}
BLOCK = 64  # rows that are read at once


class UnreadableRow(NamedTuple):
    """A row that cannot be read: the name of its table, and its number."""

    table: str
    number: int


class ReadableRows:
    """The newest readable rows of one logbook, at the moment when this was made."""

    def __init__(self, connection: sqlite.Connection) -> None:
        """Copy the rows; `connection` is used for nothing else, and closed by `close`.

        Raises one of `sqlite.errors()` if not even the schema can be read.
        """
        self._db = connection
        connection.isolation_level = None  # a transaction would end with the first damaged page
        self.unreadable: list[UnreadableRow] = []
        self._since = ""  # rows of this time, and later ones, were copied
        for table, (limit, key, time) in TABLES.items():
            self._copy(table, limit, key, time)

    def rows(self, sql: str, values: Sequence[object] | dict[str, object], since: str) -> list[Any]:
        """Return the rows of a query, as `Database.rows` does, without the unreadable ones.

        Raises one of `sqlite.errors()`, and LookupError if the query is about a time before the
        copied rows: it begins at `since`, as the logbook stores times; empty: at the newest rows.
        """
        if since and since < self._since:
            raise LookupError(since)
        return self._db.execute(sql, values).fetchall()

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _copy(self, table: str, limit: int, key: str, time: str) -> None:
        db = self._db
        for statement in _as_temporary(db, table):
            db.execute(statement)
        names = [
            row["name"]
            for row in db.execute(f"pragma main.table_xinfo({table})")
            if not row["hidden"]
        ]
        columns, marks = ", ".join(names), ", ".join("?" * len(names))
        insert = f"insert into temp.{table} ({columns}) values ({marks})"
        newest = db.execute(f"select seq from sqlite_sequence where name = '{table}'").fetchone()
        last = newest[0] if newest else _last_of(db, table, key)
        first = max(1, last - limit + 1)
        for row in self._read(f"select {columns} from main.{table}", table, key, first, last):
            try:
                db.execute(insert, tuple(row))
            except sqlite.errors():
                self.unreadable.append(UnreadableRow(table, row[key]))
        if first > 1:
            oldest = db.execute(f"select min({time}) from temp.{table}").fetchone()[0]
            self._since = max(self._since, oldest or "~")

    def _read(self, select: str, table: str, key: str, first: int, last: int) -> Iterator[Any]:
        blocks = [(begin, min(begin + BLOCK - 1, last)) for begin in range(first, last + 1, BLOCK)]
        blocks.reverse()
        while blocks:
            begin, end = blocks.pop()
            try:
                rows = self._db.execute(
                    f"{select} where {key} between ? and ?", [begin, end]
                ).fetchall()
            except sqlite.errors():
                if begin == end:
                    self.unreadable.append(UnreadableRow(table, begin))
                else:
                    middle = (begin + end) // 2
                    blocks += [(middle + 1, end), (begin, middle)]
            else:
                yield from rows


def _as_temporary(db: sqlite.Connection, table: str) -> Iterator[str]:
    """Yield the statements that make a temporary table like another one, with its indexes."""
    found = db.execute(
        "select type, name, sql from main.sqlite_schema where tbl_name = ? and sql is not null"
        " and type in ('table', 'index') order by type = 'index'",
        [table],
    )
    for row in found.fetchall():
        head, temporary = (
            (r"create\s+table\s+(\"?\w+\"?)", r"create temp table \1")
            if row["type"] == "table"
            else (r"create\s+(unique\s+)?index\s+(\"?\w+\"?)", r"create \1index temp.\2")
        )
        yield re.sub(
            head, temporary.replace(r"\1index", r"\g<1>index"), row["sql"], count=1, flags=re.I
        )


def _last_of(db: sqlite.Connection, table: str, key: str) -> int:
    """Return the newest row's number; if its page cannot be read, that of an index."""
    with contextlib.suppress(*sqlite.errors()):
        return int(db.execute(f"select coalesce(max({key}), 0) from main.{table}").fetchone()[0])
    indexes = db.execute(
        "select name from main.sqlite_schema where type = 'index' and tbl_name = ?"
        " and sql is not null and sql not like '% where %'",
        [table],
    ).fetchall()
    for row in indexes:
        with contextlib.suppress(*sqlite.errors()):
            sql = f"select coalesce(max({key}), 0) from main.{table} indexed by {row['name']}"
            return int(db.execute(sql).fetchone()[0])
    return 0
