"""In a book of thousands of visits, whatever is changed past the program is named by `check`.

Many rows are changed at once, and each of them must be named; bytes of the file are changed one by
one.  The draws are the same in every run.
"""

from __future__ import annotations

import itertools
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from kiosk.logbook import LINKED, Database, LogbookUnavailable, TextBytes
from kiosk.proof.check import MAX_FAULTS, check_logbook
from tests.proof.books import raw
from tests.proof.large_book import (
    StoredRow,
    copy_of,
    draw_rows,
    linked_content,
    make_book,
    pages_of,
    where,
)

AT_ONCE = 2 * MAX_FAULTS // 5  # rows changed before a check; a change may make two faults
PAGE_BYTES = 4096
OF_VISITS = ("visit", "visit_version")
# Visits of the book, rows of each table, bytes of the file.
SIZES = [
    pytest.param((400, 5, 12), id="sample"),
    pytest.param((6_000, 60, 150), id="more", marks=pytest.mark.slow),
    pytest.param((20_000, 400, 1_000), id="all", marks=pytest.mark.long),
]


@pytest.fixture(scope="module", params=SIZES)
def sizes(request: pytest.FixtureRequest) -> tuple[int, int, int]:
    """Return how large the book is, and how much of it is changed."""
    return cast(tuple[int, int, int], request.param)


@pytest.fixture(scope="module")
def book(sizes: tuple[int, int, int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_book(tmp_path_factory.mktemp("book"), sizes[0])


@pytest.fixture
def count(sizes: tuple[int, int, int]) -> int:
    """Return how many rows of each table are changed."""
    return sizes[1]


def test_the_book_is_whole_and_every_linked_table_has_rows(
    book: Path, sizes: tuple[int, int, int]
) -> None:
    with copy_of(book) as (database, conn):
        result = check_logbook(database)

        assert result.faults == ()
        assert result.newest.id > 7 * sizes[0]
        for table in LINKED:
            [rows] = conn.execute(f"select count(*) from {table.name}").fetchone()
            assert rows >= (1 if table.name in ("identity", "proof_key", "day_root") else 40)
        long = "select count(*) from {} where length({}) > 4096"
        for table_name, column in (("visit", "record"), ("visit_version", "why")):
            assert conn.execute(long.format(table_name, column)).fetchone()[0] > 10


def batches(rows: list[StoredRow]) -> Iterator[list[StoredRow]]:
    """Yield rows in parts that are changed at once."""
    left = iter(rows)
    while batch := list(itertools.islice(left, AT_ONCE)):
        yield batch


def drawn(book: Path, count: int, chance: random.Random) -> list[StoredRow]:
    """Draw rows of all linked tables, in any order."""
    with copy_of(book) as (_, conn):
        found = [row for table in LINKED for row in draw_rows(conn, table, count, chance)]
    chance.shuffle(found)
    return found


def unnamed(database: Database, rows: list[StoredRow]) -> list[tuple[str, Any]]:
    """Return the rows that `check` does not name."""
    result = check_logbook(database)
    assert not result.is_cut_off
    named = {(fault.table, fault.link) for fault in result.faults}
    return [(row.table.name, row.key) for row in rows if (row.table.name, row.link) not in named]


def flipped(value: Any, chance: random.Random) -> Any:
    """Return a value with one byte changed; something for nothing."""
    if value is None:
        return 7
    if isinstance(value, int):
        return value ^ 1 << chance.randrange(31)
    if isinstance(value, float):
        return value * 2 + 1
    stored = value.encode() if isinstance(value, str) else value
    changed = bytearray(stored or b"x")
    if stored:
        changed[chance.randrange(len(changed))] ^= chance.randrange(1, 256)
    return TextBytes(changed) if isinstance(value, str) else bytes(changed)


def put(conn: sqlite3.Connection, row: StoredRow, column: str, value: Any) -> bool:
    """Write a value into a column of a row; return whether the schema allows it."""
    mark = "cast(? as text)" if isinstance(value, TextBytes) else "?"
    sql = f"update {row.table.name} set {column} = {mark} where {where(row.table)}"
    try:
        return conn.execute(sql, (value, *row.key)).rowcount == 1
    except sqlite3.IntegrityError:  # such as a text where a number belongs
        return False


def test_any_value_of_any_row_that_is_changed_is_named(book: Path, count: int) -> None:
    chance = random.Random(13)
    for batch in batches(drawn(book, count, chance)):
        with copy_of(book) as (database, conn):
            changed = []
            for row in batch:
                place = chance.randrange(len(row.values))
                value = flipped(row.values[place], chance)
                if put(conn, row, row.table.columns[place], value):
                    changed.append(row)
            conn.commit()
            assert len(changed) > AT_ONCE // 2 or len(batch) < AT_ONCE
            assert unnamed(database, changed) == []


def test_any_row_that_is_deleted_is_named(book: Path, count: int) -> None:
    for batch in batches(drawn(book, count, random.Random(14))):
        with copy_of(book) as (database, conn):
            for row in batch:
                deleted = conn.execute(
                    f"delete from {row.table.name} where {where(row.table)}", row.key
                )
                assert deleted.rowcount == 1
            conn.commit()
            assert unnamed(database, batch) == []


def test_any_two_rows_that_change_places_are_both_named(book: Path, count: int) -> None:
    chance = random.Random(15)
    pairs = []
    with copy_of(book) as (_, conn):
        for table in LINKED:
            rows = draw_rows(conn, table, count, chance)
            pairs += [
                (one, other)
                for one, other in zip(rows[::2], rows[1::2], strict=False)
                if content(one) != content(other)
            ]
    assert len({one.table.name for one, _ in pairs}) > 40
    chance.shuffle(pairs)
    for start in range(0, len(pairs), AT_ONCE // 2):
        batch = pairs[start : start + AT_ONCE // 2]
        with copy_of(book) as (database, conn):
            for one, other in batch:
                swap(conn, one, other)
            conn.commit()
            rows = [row for pair in batch for row in pair]
            assert unnamed(database, rows) == []


def content(row: StoredRow) -> tuple[Any, ...]:
    """Return what a row holds besides its key."""
    return tuple(
        value
        for name, value in zip(row.table.columns, row.values, strict=True)
        if name not in row.table.key
    )


def swap(conn: sqlite3.Connection, one: StoredRow, other: StoredRow) -> None:
    """Let two rows change places: each gets the key of the other."""
    names = ", ".join(f"{name} = ?" for name in one.table.key)
    sql = f"update {one.table.name} set {names} where {where(one.table)}"
    aside = tuple(-7 if isinstance(part, int) else "aside" for part in one.key)
    for key, was in ((aside, one.key), (one.key, other.key), (other.key, aside)):
        assert conn.execute(sql, (*key, *was)).rowcount == 1


@pytest.mark.parametrize("tables", [OF_VISITS, ()], ids=["of visits", "anywhere"])
def test_any_byte_of_the_file_that_is_changed_is_noticed_or_holds_nothing(
    book: Path, sizes: tuple[int, int, int], tables: tuple[str, ...]
) -> None:
    """A byte that holds nothing: SQLite finds no fault and reads the same linked rows and links."""
    chance = random.Random(f"bytes {tables}")
    with copy_of(book) as (database, _):
        path, was_read = database.path, linked_content(database.path)
        pages = pages_of(path, tables) if tables else range(1, path.stat().st_size // 4096 + 1)
        assert len(pages) > 100
        assert database.empty_write_ahead_log()
        seen = 0
        with cast(BinaryIO, path.open("r+b", buffering=0)) as file:
            for _draw in range(sizes[2]):
                at = (chance.choice(pages) - 1) * PAGE_BYTES + chance.randrange(PAGE_BYTES)
                file.seek(at)
                was = file.read(1)[0]
                file.seek(at)
                file.write(bytes([was ^ chance.randrange(1, 256)]))
                noticed = is_noticed(database)
                assert noticed or linked_content(path) == was_read, at
                seen += noticed
                file.seek(at)
                file.write(bytes([was]))
        assert seen > sizes[2] // 3
        assert not is_noticed(database)


def is_noticed(database: Database) -> bool:
    """Whether `check` or SQLite's check of all pages finds something."""
    try:
        if not check_logbook(database).is_good:
            return True
        with raw(database.path) as conn:
            return conn.execute("pragma integrity_check(1)").fetchall() != [("ok",)]
    except (LogbookUnavailable, sqlite3.DatabaseError):
        return True
