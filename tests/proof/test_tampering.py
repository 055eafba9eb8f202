"""Whatever is changed in a logbook past the program, `check` says so and names the place."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from kiosk.logbook import (
    GENESIS,
    LINKED,
    LINKED_BY_NAME,
    Database,
    body_of,
    hash_of,
    leaf_of,
)
from kiosk.proof.check import check_logbook
from kiosk.proof.faults import FaultKind
from tests.conftest import Kiosk
from tests.proof.books import LATER, a_day, cells, check, forget_triggers, raw
from tests.sampling import sample_and_all


@pytest.fixture
def path(kiosk: Kiosk, tmp_path: Path) -> Path:
    """Return the logbook of a day."""
    a_day(kiosk)
    assert kiosk.database.empty_write_ahead_log()
    return tmp_path / "logbook.db"


@pytest.mark.usefixtures("path")
def test_a_day_at_the_desk_agrees_with_its_chain(kiosk: Kiosk) -> None:
    result = check(kiosk)

    assert result.faults == ()
    assert result.newest.id > result.rows > 20
    assert result.later == 0


def flips(kiosk: Kiosk, path: Path, table: str) -> list[int]:
    """Return where the bytes of a table's rows lie in the file."""
    [root] = kiosk.database.rows(f"select rootpage from sqlite_schema where name = '{table}'")[0]
    return [at for cell in cells(path.read_bytes(), root) for at in cell]


def byte_at(file: BinaryIO, at: int) -> int:
    file.seek(at)
    return file.read(1)[0]


def put_byte(file: BinaryIO, at: int, byte: int) -> None:
    file.seek(at)
    file.write(bytes([byte]))


def read(path: Path, table: str) -> list[tuple[object, ...]]:
    """Return what SQLite reads in a table."""
    with raw(path) as conn:
        return conn.execute(f"select * from {table}").fetchall()


@sample_and_all("count", 40, None, pytest.mark.long)
@pytest.mark.parametrize("table", ["visit", "visit_version"])
def test_any_byte_of_any_stored_visit_that_is_changed_is_found(
    kiosk: Kiosk, path: Path, table: str, count: int | None
) -> None:
    """Two bytes of a row hold nothing: the type of a row's own number, and a number without use."""
    places, draw = flips(kiosk, path, table), random.Random(13)
    assert len(places) > 1000
    was_read = read(path, table)
    missed = []
    with cast(BinaryIO, path.open("r+b", buffering=0)) as file:
        for at in draw.sample(places, count) if count else places:
            was = byte_at(file, at)
            for mask in {1 << draw.randrange(8), draw.randrange(1, 256)}:
                put_byte(file, at, was ^ mask)
                is_good = check_logbook(kiosk.database).is_good
                if is_good and read(path, table) != was_read:
                    missed.append((at, mask))
            put_byte(file, at, was)

    assert missed == []
    assert check_logbook(kiosk.database).is_good


def test_a_chain_that_was_computed_once_more_does_not_agree_with_its_signed_root(
    kiosk: Kiosk, path: Path
) -> None:
    kiosk.proofs.roots.make(LATER)
    with raw(path) as conn:
        conn.execute("update visit set day = '2020-01-01' where row = 1")
        columns = ", ".join(LINKED_BY_NAME["visit"].columns)
        values = conn.execute(f"select {columns} from visit where row = 1").fetchone()
        before = GENESIS
        links = "select id, at, source, act, row, salt, body from link order by id"
        for *numbers, salt, body in conn.execute(links).fetchall():
            if numbers[2] == LINKED_BY_NAME["visit"].code and numbers[4] == 1 and salt:
                body = body_of(LINKED_BY_NAME["visit"], salt, values)
            before = hash_of(before, leaf_of(tuple(numbers), body))
            conn.execute(
                "update link set body = ?, hash = ? where id = ?", [body, before, numbers[0]]
            )

    [fault] = check(kiosk).faults
    assert (fault.kind, fault.table) == (FaultKind.ROOT, "day_root")


def first(kiosk: Kiosk) -> tuple[FaultKind, str, str]:
    """Return what `check` finds first."""
    fault = check(kiosk).faults[0]
    return fault.kind, fault.table, fault.row


def test_a_row_of_any_table_that_is_changed_or_deleted_is_named(path: Path) -> None:
    seen = []
    for linked in LINKED:
        table = linked.name
        copy = Path(shutil.copy(path, path.with_name(f"{table}.db")))
        database = Database(copy, "demo")
        with raw(copy) as conn:
            if not conn.execute(f"select 1 from {table}").fetchone():
                continue
            forget_triggers(conn)
            column = next((name for name in linked.columns if name not in linked.key), "")
            conn.execute("pragma ignore_check_constraints = on")
            if column:
                conn.execute(f"update {table} set {column} = {other_value(conn, table, column)}")
        changed = {(fault.kind, fault.table) for fault in check_logbook(database).faults}
        with raw(copy) as conn:
            conn.execute(f"delete from {table}")
        gone = {(fault.kind, fault.table) for fault in check_logbook(database).faults}
        database.close()

        assert not column or (FaultKind.CONTENT, table) in changed, table
        assert (FaultKind.MISSING, table) in gone, table
        seen.append(table)
    assert len(seen) >= 9, seen


def other_value(conn: sqlite3.Connection, table: str, column: str) -> str:
    """Return a value of a column's type that no row has, distinct if the column must be."""
    kinds = {row[1]: row[2] for row in conn.execute(f"pragma table_info({table})")}
    return {"TEXT": "'{}' || hex(randomblob(4))", "BLOB": "randomblob(8)"}.get(
        kinds[column], "abs(random() % 100000) + 98765"
    )


def test_rows_that_change_places_are_both_named(kiosk: Kiosk, path: Path) -> None:
    with raw(path) as conn:
        for was, becomes in ((1, -1), (2, 1), (-1, 2)):
            conn.execute("update visit set row = ? where row = ?", [becomes, was])

    faults = [fault for fault in check(kiosk).faults if fault.table == "visit"]

    assert [fault.kind for fault in faults] == [FaultKind.CONTENT] * 2


def test_a_row_that_another_program_adds_is_named(kiosk: Kiosk, path: Path) -> None:
    with raw(path) as conn:
        conn.execute(
            "insert into export (kind, at, author, sha256) values ('fhir', '2026', 'desk', '0')"
        )

    assert first(kiosk) == (FaultKind.UNLINKED, "export", "1")


@pytest.mark.parametrize(
    "change",
    [
        "delete from link where id = 7",
        "update link set at = at + 1 where id = 7",
        "update link set row = row + 1 where id = 7",
        "update link set body = zeroblob(32) where id = 7",
        "update link set source = 5 - source where id = 7",
        "update link set hash = zeroblob(32) where id = 7",
        "update link set id = -1 where id = 7; update link set id = 7 where id = 8",
    ],
)
def test_a_link_that_is_changed_is_the_first_broken_place(
    kiosk: Kiosk, path: Path, change: str
) -> None:
    with raw(path) as conn:
        conn.executescript(change)

    fault = check(kiosk).faults[0]

    assert fault.kind is FaultKind.CHAIN
    assert fault.link in (7, 8)


def test_a_salt_that_is_emptied_does_not_hide_a_deleted_row(kiosk: Kiosk, path: Path) -> None:
    with raw(path) as conn:
        conn.execute("update link set salt = null where source = 3 and row = 1")
        conn.execute("delete from visit where row = 1")

    assert (FaultKind.MISSING, "visit", "1") in [
        (fault.kind, fault.table, fault.row) for fault in check(kiosk).faults
    ]


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("outbox", "state = 'accepted' where state = 'closed'"),
        ("outbox", "transaction_code = 'T2' where state = 'accepted'"),
        ("outbox", "code = '201' where state = 'accepted'"),
        ("outbox", "message = 'x' where state = 'closed'"),
        ("ticket", "state = 'done' where version = 1"),
        ("ticket", "state = 'done' where state = 'cancelled'"),
        ("ticket", "priority = 'emergency' where version > 1"),
        ("ticket", "version = version + 1"),
    ],
)
def test_a_message_or_a_ticket_in_another_state_than_its_history_says_is_named(
    kiosk: Kiosk, path: Path, table: str, change: str
) -> None:
    with raw(path) as conn:
        assert conn.execute(f"update {table} set {change}").rowcount > 0

    assert first(kiosk)[:2] == (FaultKind.STATE, table)


def test_a_damaged_page_is_named_and_the_rest_is_checked(kiosk: Kiosk, path: Path) -> None:
    [root] = kiosk.database.rows("select rootpage from sqlite_schema where name = 'ticket'")[0]
    with raw(path) as conn:
        conn.execute("update visit set day = '2020-01-01' where row = 3")
    assert kiosk.database.empty_write_ahead_log()
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)

    found = {(fault.kind, fault.table) for fault in check(kiosk).faults}

    assert {(FaultKind.DAMAGE, "ticket"), (FaultKind.CONTENT, "visit")} <= found


def test_a_logbook_that_was_cut_back_does_not_agree_with_a_root_kept_elsewhere(
    kiosk: Kiosk, path: Path
) -> None:
    newest = check(kiosk).newest
    expected = (newest.id, newest.hash.hex()[:16])
    assert check_logbook(kiosk.database, expected=expected).is_good
    assert not check_logbook(kiosk.database, expected=(newest.id, "0" * 16)).is_good

    with raw(path) as conn:
        conn.execute("delete from link where id = ?", [newest.id])
        forget_triggers(conn)
        conn.execute("delete from access where id = (select max(id) from access)")

    assert check_logbook(kiosk.database).is_good  # nothing in the file says that there was more
    [fault] = check_logbook(kiosk.database, expected=expected).faults
    assert fault.kind is FaultKind.ROOT
