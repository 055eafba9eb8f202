"""The hash chain of the logbook: each row that is written, changed or deleted becomes a link.

1.  No writer has to think of it.  Temporary triggers of each connection note which rows of which
    tables (`kiosk.logbook.linked_tables`) a transaction touches, and `Database.transaction` writes
    their links before it commits.
2.  The content of a row is encoded as `content` says.  `body` is the SHA-256 of 16 random bytes
    (`salt`) and the content; the leaf of a link is the SHA-256 of its numbers and `body`, and its
    hash the SHA-256 of the hash before and the leaf.  So leaves can be passed on to prove what
    follows them, and they tell nothing of the rows.
3.  Only the newest link of a row has a salt.  When a row is changed or deleted, the salts of its
    earlier links are emptied: what was erased cannot be guessed from them.  The chain needs no
    salts; what a corrected visit said before is a row of `visit_version` with a link of its own.
4.  The hash before is read within the transaction: another process writes too.
5.  Rows that are older than the chain were linked once, in the order of their times (LINKED_LATER).
    Such a link proves nothing about the time before it.

A migration that runs after m034 and changes linked rows must call `link_again` for their tables.
"""

from __future__ import annotations

import heapq
import secrets
import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import sqlite_utils

from kiosk.logbook.linked_tables import LINKED, LINKED_BY_CODE, LINKED_BY_NAME, LinkedTable

GENESIS = sha256(b"Tiep Don: the chain of a logbook, form 1").digest()
SALT_BYTES = 16
ADDED, CHANGED, DELETED, LINKED_LATER = 1, 2, 3, 4

NUMBERS = struct.Struct(">qqBBq")  # id, at, source, act, row
INTEGER, REAL, LENGTH = struct.Struct(">cq"), struct.Struct(">cd"), struct.Struct(">cI")

NOTES = "create temp table if not exists link_note (code integer, first, second, act integer)"
READ_NOTES = "select code, first, second, act from link_note order by rowid"
NEWEST = "select id, hash from link order by id desc limit 1"
INSERT = (
    "insert into link (id, at, source, act, row, salt, body, hash) values (?, ?, ?, ?, ?, ?, ?, ?)"
)
FORGET_SALTS = "update link set salt = null where source = ? and row = ? and salt is not null"
WAS_LINKED = "select 1 from link where source = ? and row = ? limit 1"


@dataclass(frozen=True, slots=True)
class ChainLink:
    """The end of the chain: the id of a link and its hash. Id 0: there is no link yet."""

    id: int
    hash: bytes


class TextBytes(bytes):
    """Text as it is stored, in UTF-8 unless it is damaged."""

    __slots__ = ()


def newest_link(db: sqlite_utils.Database) -> ChainLink:
    """Return the newest link of a logbook; the one with id 0 and the hash GENESIS if it has none.

    Read it within `guarded`, or within a transaction.
    """
    row = db.conn.execute(NEWEST).fetchone()
    return ChainLink(row[0], bytes(row[1])) if row else ChainLink(0, GENESIS)


_HEADS = {
    table.code: (table.name.encode(), [(name.encode() + b"\0") for name in table.columns])
    for table in LINKED
}


def content(table: LinkedTable, values: Iterable[Any]) -> bytes:
    """Return the content of a row as bytes; `values` are those of `table.columns`.

    The name of the table and a zero byte; then for each column that is not null, in the order of
    `table.columns`: its name, a zero byte, and the value.  An integer is `i` and 8 bytes, a real
    number `r` and 8 bytes (IEEE 754); text is `t`, a blob `b`, then 4 bytes with the length and the
    bytes (of text: UTF-8).  All numbers are big-endian.
    """
    name, heads = _HEADS[table.code]
    parts = [name, b"\0"]
    for head, value in zip(heads, values, strict=True):
        if value is not None:
            parts += (head, _encoded(value))
    return b"".join(parts)


def _encoded(value: Any) -> bytes:
    if isinstance(value, int):
        return INTEGER.pack(b"i", value)
    if isinstance(value, float):
        return REAL.pack(b"r", value)
    is_text = isinstance(value, (str, TextBytes))
    data: bytes = value.encode() if isinstance(value, str) else value
    return LENGTH.pack(b"t" if is_text else b"b", len(data)) + data


def row_number(table: LinkedTable, first: Any, second: Any = None) -> int:
    """Return the number that stands for a row in links: its key if that is a number.

    Otherwise it is the first 8 bytes of the SHA-256 of the encoded key: the numbers that SQLite
    gives to rows without an integer key change when the file is copied.
    """
    if table.has_number:
        return int(first)
    key = _encoded(first) + (b"" if second is None else _encoded(second))
    return int.from_bytes(sha256(key).digest()[:8], "big", signed=True)


def body_of(table: LinkedTable, salt: bytes, values: Iterable[Any]) -> bytes:
    """Return the body of a link for a row with these values."""
    return sha256(salt + content(table, values)).digest()


def leaf_of(numbers: tuple[int, int, int, int, int], body: bytes | None) -> bytes:
    """Return the leaf of a link: `numbers` are its id, time, source, act and row."""
    return sha256(NUMBERS.pack(*numbers) + (body or b"")).digest()


def hash_of(before: bytes, leaf: bytes) -> bytes:
    """Return the hash of a link by the hash before it."""
    return sha256(before + leaf).digest()


def triggers(table: LinkedTable) -> Iterator[str]:
    """Yield the statements that note the changed rows of a table for the connection."""
    for act, when, of in (
        (ADDED, "insert", "new"),
        (CHANGED, f"update of {', '.join(table.columns)}", "new"),
        (DELETED, "delete", "old"),
    ):
        first, second = table.sql_key(of)
        yield (
            f"create temp trigger if not exists link_{table.name}_{act} after {when}"
            f" on main.{table.name} begin"
            f" insert into link_note values ({table.code}, {first}, {second}, {act}); end"
        )


def note_changes(db: sqlite_utils.Database) -> None:
    """Let a connection note from now on which rows it changes. Call it outside a transaction."""
    db.conn.execute(NOTES)
    for table in LINKED:
        for statement in triggers(table):
            db.conn.execute(statement)


_SELECT_ROW = {
    table.code: f"select {', '.join(table.columns)} from {table.name} where "
    + " and ".join(f"{name} = ?" for name in table.key)
    for table in LINKED
}


def link_changes(db: sqlite_utils.Database) -> None:
    """Write the links of the rows that the open transaction has changed; call it before commit."""
    execute = db.conn.execute
    notes: dict[tuple[int, Any, Any], int] = {}
    for code, first, second, act in execute(READ_NOTES).fetchall():
        notes.setdefault((code, first, second), act)
    if not notes:
        return
    execute("delete from link_note")
    chain = _Chain(db, time.time_ns() // 1000)
    for (code, first, second), act in notes.items():
        table = LINKED_BY_CODE[code]
        row = row_number(table, first, second)
        key = (first,) if second is None else (first, second)
        values = execute(_SELECT_ROW[code], key).fetchone()
        if act != ADDED or not table.has_number or values is None:
            if values is None and execute(WAS_LINKED, (code, row)).fetchone() is None:
                continue  # the transaction had added it itself
            execute(FORGET_SALTS, (code, row))
        if values is None:
            execute(INSERT, chain.deleted(code, row))
        else:
            execute(INSERT, chain.link(table, act if act == ADDED else CHANGED, row, values))


def link_earlier_rows(db: sqlite_utils.Database) -> int:
    """Link all rows of all tables, in the order of their times; return how many there were.

    Rows that have numbers stay in the order of these, which is that of writing: a clock may have
    gone back.  This is for the migration that begins the chain.
    """
    there = {name for (name,) in db.conn.execute("select name from sqlite_schema")}
    tables = [_rows_with_times(db, table) for table in LINKED if table.name in there]
    return _link_later(db, heapq.merge(*tables, key=lambda found: found[0]))


def link_again(db: sqlite_utils.Database, table: str) -> int:
    """Link all rows of a table once more, marked as linked later; return how many there were.

    This is for migrations that change linked columns of rows, or add a linked column with values.
    """
    found = LINKED_BY_NAME[table]
    db.conn.execute("update link set salt = null where source = ?", (found.code,))
    return _link_later(db, _rows_with_times(db, found))


def _rows_with_times(
    db: sqlite_utils.Database, table: LinkedTable
) -> Iterator[tuple[str, LinkedTable, tuple[Any, ...]]]:
    # A column that a later migration adds is null in rows from before: their content is the same.
    there = {row[1] for row in db.conn.execute(f"pragma table_info({table.name})")}
    columns = ", ".join(name if name in there else "null" for name in table.columns)
    order = ", ".join(table.key if table.has_number else ("1", *table.key))
    sql = f"select {table.moment}, {columns} from {table.name} order by {order}"
    cursor = db.conn.cursor()
    cursor.row_factory = None
    for row in cursor.execute(sql):
        yield row[0] or "", table, row[1:]


def _link_later(
    db: sqlite_utils.Database, rows: Iterable[tuple[str, LinkedTable, tuple[Any, ...]]]
) -> int:
    chain = _Chain(db, time.time_ns() // 1000)
    first = chain.id
    db.conn.executemany(
        INSERT,
        (
            chain.link(table, LINKED_LATER, row_number(table, *values[: len(table.key)]), values)
            for _moment, table, values in rows
        ),
    )
    return chain.id - first


class _Chain:
    """The end of the chain within a transaction, to which links are added."""

    def __init__(self, db: sqlite_utils.Database, at: int) -> None:
        newest = newest_link(db)
        self.id, self._hash, self._at = newest.id, newest.hash, at

    def link(self, table: LinkedTable, act: int, row: int, values: Iterable[Any]) -> Any:
        """Return the columns of the next link, for a row that exists."""
        salt = secrets.token_bytes(SALT_BYTES)
        return self._next(table.code, act, row, salt, body_of(table, salt, values))

    def deleted(self, code: int, row: int) -> Any:
        """Return the columns of the next link, for a row that is gone."""
        return self._next(code, DELETED, row, None, None)

    def _next(
        self, code: int, act: int, row: int, salt: bytes | None, body: bytes | None
    ) -> tuple[object, ...]:
        self.id += 1
        numbers = (self.id, self._at, code, act, row)
        self._hash = hash_of(self._hash, leaf_of(numbers, body))
        return (*numbers, salt, body, self._hash)
