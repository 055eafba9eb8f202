"""A book of thousands of visits, recorded by the desk itself, with rows in every linked table.

Every seventh visit is corrected, every eleventh cancelled; messages are accepted, refused and
waiting.  Every 31st visit, a part of their versions and other free texts are longer than a page of
the file.  A copy of the file can be changed at will.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from bench.chain import PAYLOAD
from kiosk.desk import Confirmation
from kiosk.logbook import LINKED, Database, LinkedTable, QueueAction, row_number
from kiosk.sandbox import remember_people, trust_settings
from tests.cast import NOW, Clock, settings_for
from tests.conftest import Kiosk
from tests.logbook.any_rows import add_rows, tables_of
from tests.proof.books import forget_triggers, raw

LONG = "Giấy chuyển tuyến của bệnh viện mẫu; " * 130  # more than a page of 4096 bytes
ROWS = 40  # in each table that the desk does not fill
BY_PROGRAM = {
    *("attempt", "visit", "outbox", "outbox_event", "ticket", "ticket_event"),
    *("proof_key", "day_root"),
}


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row of a linked table: its key, its linked values and the number of its newest link."""

    table: LinkedTable
    key: tuple[Any, ...]
    values: tuple[Any, ...]
    link: int


def make_book(folder: Path, visits: int) -> Path:
    """Write the book into a folder; return its file, which nobody has open."""
    clock = Clock()
    remember_people(folder, clock())
    settings = settings_for(folder, "", **trust_settings(folder, clock()))
    kiosk = Kiosk(settings, folder, demo=True, now=clock)
    for number in range(visits):
        clock.go(timedelta(seconds=40))
        attempt = kiosk.scan(PAYLOAD.format(tail=number))
        words = Confirmation(
            clerk_reason="xét sau",
            room=f"P{number % 7}",
            phone=f"0999{number:06d}",
            papers=LONG if number % 31 == 0 else "",
        )
        visit = kiosk.desk.confirm(attempt, words, f"key {number}")[0].id
        if number % 7 == 0:
            kiosk.corrections.correct(visit, {"phone": f"0998{number:06d}"}, "gõ nhầm số", clock())
        if number % 11 == 0:
            why = LONG if number % 22 else "nhầm người"
            kiosk.corrections.cancel(visit, why, clock())
        if number % 11 == 1:
            ticket = kiosk.tickets.of_visit(visit)
            assert ticket is not None
            kiosk.tickets.act(ticket.id, QueueAction.CALL, ticket.version, clock(), "desk")
        if number % 50 == 0:
            _send(kiosk)
    kiosk.proofs.roots.make(NOW)
    with kiosk.database.transaction() as db:
        for table in tables_of(db.conn):
            if table not in BY_PROGRAM:
                add_rows(db.conn, table, ROWS, words=400)
    kiosk.proofs.keys.rotate(clock())
    kiosk.proofs.roots.make(clock())
    assert kiosk.database.empty_write_ahead_log()
    kiosk.database.close()
    return kiosk.database.path


def _send(kiosk: Kiosk) -> None:
    """Let the insurer accept most of the messages that are due, refuse one, and not answer one."""
    items = kiosk.outbox.claim(kiosk.clock(), timedelta(minutes=1), limit=40)
    for place, item in enumerate(items[:-1]):
        if place == 1:
            kiosk.outbox.refuse(item, kiosk.clock(), "205", "sai mã thẻ", "{}")
        else:
            kiosk.outbox.accept([item], kiosk.clock(), f"T{item.id}", "200", "{}")


@contextlib.contextmanager
def copy_of(path: Path) -> Iterator[tuple[Database, sqlite3.Connection]]:
    """Give a copy of a book, opened by the program, and a connection that may change everything."""
    copy = Path(shutil.copy(path, path.with_name("copy.db")))
    database = Database(copy, "demo")
    try:
        with raw(copy) as conn:
            conn.execute("pragma synchronous = off")
            conn.execute("pragma ignore_check_constraints = on")
            forget_triggers(conn)
            conn.commit()
            yield database, conn
    finally:
        database.close()
        for file in path.parent.glob("copy.db*"):
            file.unlink()


def draw_rows(
    conn: sqlite3.Connection, table: LinkedTable, count: int, chance: random.Random
) -> list[StoredRow]:
    """Draw rows of a table."""
    names = ", ".join(table.columns)
    keys = conn.execute(f"select {', '.join(table.key)} from {table.name}").fetchall()
    found = []
    for key in chance.sample(keys, min(count, len(keys))):
        values = conn.execute(f"select {names} from {table.name} where {where(table)}", key)
        number = row_number(table, *key)
        [link] = conn.execute(
            "select max(id) from link where source = ? and row = ?", [table.code, number]
        ).fetchone()
        found.append(StoredRow(table, tuple(key), tuple(values.fetchone()), link))
    return found


def where(table: LinkedTable) -> str:
    """Return the condition for the row with a key."""
    return " and ".join(f"{name} is ?" for name in table.key)


def linked_content(path: Path) -> bytes:
    """Return a digest of all that SQLite reads in linked columns and in links.

    Raises sqlite3.DatabaseError if it cannot be read.
    """
    digest = sha256()
    selections: Sequence[tuple[str, str]] = [
        *((table.name, ", ".join(table.columns)) for table in LINKED),
        ("link", "id, at, source, act, row, body, hash"),
    ]
    with raw(path) as conn:
        conn.text_factory = bytes
        for name, columns in selections:
            for row in conn.execute(f"select {columns} from {name} not indexed"):
                digest.update(repr(row).encode())
    return digest.digest()


def pages_of(path: Path, tables: Sequence[str]) -> list[int]:
    """Return the pages of tables, with those on which long rows go on."""
    marks = ", ".join("?" * len(tables))
    with raw(path) as conn:
        sql = f"select pageno from dbstat where name in ({marks}) order by pageno"
        return [page for (page,) in conn.execute(sql, tables)]
