"""Logbooks to check and to tamper with."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from kiosk.desk import Confirmation
from kiosk.insurer import message_composer
from kiosk.logbook import Accesses, Corrections, Looker
from kiosk.proof import CheckResult, Proofs
from tests.cast import BHYT15, BHYT17, NOW, payload
from tests.conftest import Kiosk

LATER = NOW + timedelta(minutes=5)


def record(kiosk: Kiosk, card: bytes | str, key: str) -> str:
    """Record a visit; return its id."""
    return kiosk.desk.confirm(kiosk.scan(card), Confirmation(phone="0901234567"), key)[0].id


def a_day(kiosk: Kiosk) -> list[str]:
    """Record visits, correct one, cancel one, send one, look at one; return their ids."""
    visits = [record(kiosk, payload("an"), "first"), record(kiosk, BHYT15, "second")]
    visits.append(record(kiosk, BHYT17, "third"))
    corrections = Corrections(kiosk.database, message_composer(kiosk.entitlements.expected_code))
    corrections.correct(visits[0], {"holder": "Nguyễn Văn Ân"}, "dấu sai", LATER)
    corrections.cancel(visits[1], "nhầm người", LATER)
    items = kiosk.outbox.claim(LATER, timedelta(minutes=1))
    kiosk.outbox.accept(items[:1], LATER, "T1", "200", "{}")
    Accesses(kiosk.database).record(Looker("desk"), "visit", LATER, visits=visits[:1])
    return visits


def check(kiosk: Kiosk) -> CheckResult:
    """Check the whole logbook of a kiosk."""
    return Proofs(kiosk.database, Path("/nowhere")).check()


@contextlib.contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection past the program: without its triggers, its checks and its links."""
    with contextlib.closing(sqlite3.connect(path)) as conn:
        conn.execute("pragma foreign_keys = off")
        yield conn
        conn.commit()


def forget_triggers(conn: sqlite3.Connection) -> None:
    """Take the program's own triggers away, so that every row can be changed and deleted."""
    found = conn.execute("select name from sqlite_schema where type = 'trigger'").fetchall()
    for (trigger,) in found:
        conn.execute(f"drop trigger {trigger}")


def cells(data: bytes, root: int, page_bytes: int = 4096) -> Iterator[range]:
    """Yield where the rows of a table lie in a SQLite file; `root` is the number of its page.

    A row is yielded from its length on; what lies on overflow pages is not.
    """
    start = (root - 1) * page_bytes
    kind = data[start]
    head = 12 if kind == 5 else 8
    count = int.from_bytes(data[start + 3 : start + 5], "big")
    for place in range(start + head, start + head + 2 * count, 2):
        cell = start + int.from_bytes(data[place : place + 2], "big")
        if kind == 5:
            yield from cells(data, int.from_bytes(data[cell : cell + 4], "big"), page_bytes)
            continue
        size, at = _varint(data, cell)
        _row, at = _varint(data, at)
        assert size <= page_bytes - 35, "the row is on several pages"
        yield range(cell, at + size)
    if kind == 5:
        yield from cells(data, int.from_bytes(data[start + 8 : start + 12], "big"), page_bytes)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for _ in range(9):
        value, more = value << 7 | data[at] & 0x7F, data[at] & 0x80
        at += 1
        if not more:
            break
    return value, at
