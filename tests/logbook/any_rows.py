"""Rows for any table of a logbook, as its schema is in the file: invented, and allowed by it.

A row gets a value in every column that may have one.  It refers to rows that exist; times go up
with the number of the row; choices of a `check` come in turn.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

FIRST = datetime(2026, 11, 20, 1, tzinfo=UTC)
CHOICES = re.compile(r"\b(\w+)\b[^,()]*check\s*\(\s*\1 in \(([^)]*)\)", re.IGNORECASE)
# Text that the program reads as JSON.
JSON = {
    "verdict": '{"schema": 1}',
    "report": "{}",
    "found": "[]",
    "changes": '{"phone": "0999000000"}',
    "figures": "{}",
    "erased": "{}",
    "deleted": "{}",
    "accounts": "[]",
}
DAYS = {"day", "valid_from", "valid_until", "until", "last_day", "used_on"}
COMPUTED = re.compile(  # filled by the program, or by SQLite itself
    r"sqlite_|_sqlite_|visit_words|visit_search|visit_fact|outbox_count|link$|search_value|identity"
)

KEYS = "select name from pragma_table_info(?) where pk > 0"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its type, where it points to, and what it may hold (empty: anything)."""

    name: str
    kind: str
    is_number_of_row: bool
    parent: tuple[str, str] | None
    choices: tuple[str, ...]


def tables_of(conn: sqlite3.Connection) -> list[str]:
    """Return the tables that rows may be written to, those that others refer to first."""
    names = [
        name
        for (name,) in conn.execute("select name from sqlite_schema where type = 'table'")
        if not COMPUTED.match(name)
    ]
    parents = {name: {row[2] for row in _foreign_keys(conn, name)} - {name} for name in names}
    ordered: list[str] = []
    while left := [name for name in names if name not in ordered]:
        ordered += [name for name in left if parents[name] <= set(ordered)]
    return ordered


def columns_of(conn: sqlite3.Connection, table: str) -> list[Column]:
    """Return the columns of a table that can be written."""
    [sql] = conn.execute("select sql from sqlite_schema where name = ?", [table]).fetchone()
    choices = {name: re.findall(r"'([^']*)'", found) for name, found in CHOICES.findall(sql)}
    points = {row[3]: (row[2], row[4] or _key(conn, row[2])) for row in _foreign_keys(conn, table)}
    found = conn.execute("select name, type, pk, hidden from pragma_table_xinfo(?)", [table])
    shown = [tuple(row) for row in found if row[3] == 0]
    one_key = sum(row[2] > 0 for row in shown) == 1
    return [
        Column(
            name,
            kind,
            bool(key) and kind == "INTEGER" and one_key and name not in points,
            points.get(name),
            tuple(choices.get(name, ())),
        )
        for name, kind, key, _hidden in shown
    ]


def _foreign_keys(conn: sqlite3.Connection, table: str) -> list[Any]:
    return conn.execute(f"pragma foreign_key_list({table})").fetchall()


def _key(conn: sqlite3.Connection, table: str) -> str:
    sql = "select name from pragma_table_info(?) where pk = 1"
    return str(conn.execute(sql, [table]).fetchone()[0])


def add_rows(conn: sqlite3.Connection, table: str, count: int, words: int = 1) -> None:
    """Add rows to a table; each free text has a number and so many times a phrase.

    A table whose key is a choice gets one row for each choice at most.
    """
    columns = columns_of(conn, table)
    written = [column for column in columns if not column.is_number_of_row]
    parents = {
        column.name: [row[0] for row in conn.execute("select {1} from {0}".format(*column.parent))]
        for column in written
        if column.parent
    }
    names = ", ".join(column.name for column in written)
    marks = ", ".join("?" * len(written))
    [before] = conn.execute(f"select count(*) from {table}").fetchone()
    keys = [row[0] for row in conn.execute(KEYS, [table])]
    most = [len(each.choices) for each in columns if keys == [each.name] and each.choices]
    for number in range(before, min([before + count, *most])):
        values = [_value(table, column, number, parents, words) for column in written]
        conn.execute(f"insert into {table} ({names}) values ({marks})", values)


def _value(
    table: str, column: Column, number: int, parents: dict[str, list[Any]], words: int
) -> Any:
    name = column.name
    if column.parent:
        found = parents[name]
        is_of_itself = column.parent[0] == table
        return None if is_of_itself or not found else found[number % len(found)]
    if column.choices:
        return column.choices[number % len(column.choices)]
    if column.kind == "INTEGER":
        return 1 if name in ("active", "is_severe") else number + 1
    if column.kind == "REAL":
        return (number + 1) / 7
    if column.kind == "BLOB":
        return _bytes(table, name, number)
    if name == "sha256":
        return sha256(_bytes(table, "document", number)).hexdigest()
    if name in JSON:
        return JSON[name]
    return _text(table, name, number, words)


def _bytes(table: str, name: str, number: int) -> bytes:
    return random.Random(f"{table} {name} {number}").randbytes(32)


def _text(table: str, name: str, number: int, words: int) -> str:
    at = FIRST + timedelta(hours=5 * number, minutes=len(table))
    if name in DAYS:
        return at.date().isoformat()
    if name in ("at", "before", "moment", "trusted_at") or name.endswith("_at"):
        return at.isoformat(timespec="microseconds")
    return " ".join([f"{table} {name} {number}", *["Nguyễn Thị Thử"] * (words - 1)])


def content(conn: sqlite3.Connection, table: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table, as they can be written."""
    names = [column.name for column in columns_of(conn, table)]
    for row in conn.execute(f"select {', '.join(names)} from {table}"):
        yield dict(zip(names, row, strict=True))
