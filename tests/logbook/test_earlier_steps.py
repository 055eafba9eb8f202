"""A logbook of every earlier version is opened: all rows stay, and each is linked once, in order.

For each step of the schema a logbook is made that ends there, with rows in every table of it: those
of tests/data, in the columns that there were, and invented ones.
"""

from __future__ import annotations

import contextlib
import json
import lzma
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
import sqlite_utils

from kiosk.assembly import Kiosk
from kiosk.logbook import LINKED, LINKED_BY_CODE, LINKED_LATER, Database, newest_link, row_number
from kiosk.logbook.chain import NOTES, link_changes, triggers
from kiosk.logbook.file_facts import known_steps
from kiosk.logbook.migrations import MIGRATIONS
from kiosk.proof.check import check_logbook
from kiosk.sandbox import remember_people, trust_settings
from kiosk.web.app import create_app
from tests.cast import NOW, Clock, settings_for
from tests.logbook.any_rows import add_rows, columns_of, content, tables_of
from tests.older import DATA, unpack

STEPS = known_steps()
CHAIN = STEPS.index("m034_hash_chain")
ARCHIVES = sorted((DATA / "logbooks").glob("*.xz"))
# How many steps a logbook has: a quarter of all in every run.
EACH = [
    pytest.param(count, id=name[:4], marks=() if count % 4 == 1 else pytest.mark.slow)
    for count, name in enumerate(STEPS, 1)
]
ROWS = 4  # in each table that the older data do not fill
# The older data fill these; roots and keys are signed, which rows of any kind are not.
OTHERWISE = {
    *("attempt", "visit", "outbox", "outbox_event", "visit_version", "ticket", "ticket_event"),
    *("proof_key", "day_root"),
}
TICKETS = """
insert into ticket (visit, reading, day, room, room_key, prefix, number, priority, state, issued_at)
select id, attempt, day, 'Phòng 1', 'phong 1', '', row, '', 'waiting', arrived_at from visit
"""


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the logbook of the older data."""
    folder = tmp_path_factory.mktemp("older")
    unpack(folder)
    return folder / "site" / "logbook.db"


def make(path: Path, steps: int, older: Path) -> None:
    """Write a logbook that has the first `steps` steps, and rows in every table."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.row_factory = sqlite3.Row
        conn.execute("pragma foreign_keys = on")
        db = sqlite_utils.Database(conn)
        MIGRATIONS.apply(db, stop_before=STEPS[steps : steps + 1])
        conn.execute("attach ? as older", [str(older)])
        if steps > CHAIN:
            note_changes(conn)
        conn.execute("begin immediate")
        write_rows(conn)
        if steps > CHAIN:
            with later_columns(conn):
                link_changes(db)
        conn.execute("commit")


@contextlib.contextmanager
def later_columns(conn: sqlite3.Connection) -> Iterator[None]:
    """Add the linked columns of later steps, and take them away again: null links as nothing."""
    missing = []
    for table in LINKED:
        found = conn.execute("select name from pragma_table_xinfo(?)", [table.name])
        there = [row[0] for row in found]
        missing += [(table.name, name) for name in table.columns if there and name not in there]
    for table_name, name in missing:
        conn.execute(f"alter table {table_name} add column {name} text")
    yield
    for table_name, name in missing:
        conn.execute(f"alter table {table_name} drop column {name}")


def note_changes(conn: sqlite3.Connection) -> None:
    """Let a connection note changed rows, in the tables that there are."""
    there = {name for (name,) in conn.execute("select name from sqlite_schema")}
    conn.execute(NOTES)
    for table in LINKED:
        for statement in triggers(table) if table.name in there else ():
            conn.execute(statement)


def write_rows(conn: sqlite3.Connection) -> None:
    """Write rows into every table: those of the older data, tickets of their visits, and others."""
    conn.execute("insert into identity values ('0123456789abcdef', 'site')")
    for name in ("attempt", "visit", "outbox", "outbox_event", "visit_version"):
        copy_rows(conn, name)
    for name in tables_of(conn):
        if name == "ticket":
            conn.execute(TICKETS)
        elif name not in OTHERWISE:
            add_rows(conn, name, ROWS)


def copy_rows(conn: sqlite3.Connection, table: str) -> None:
    """Copy the rows of the older data, in the columns that both have, as far as that is allowed."""
    there = [row[0] for row in conn.execute("select name from pragma_table_info(?)", [table])]
    sql = "select name from pragma_table_info(?, 'older')"
    names = ", ".join(row[0] for row in conn.execute(sql, [table]) if row[0] in there)
    if not names:
        return
    has_versions = table != "outbox" or "version" in there
    first = "" if has_versions else "where version = 1"  # a visit had one message
    for values in conn.execute(f"select {names} from older.{table} {first}").fetchall():
        marks = ", ".join("?" * len(values))
        with contextlib.suppress(sqlite3.IntegrityError):  # a state that the step does not know
            conn.execute(f"insert into {table} ({names}) values ({marks})", tuple(values))


def rows_of(path: Path, columns: dict[str, list[str]] | None = None) -> dict[str, Counter[str]]:
    """Return the rows of all tables; `columns` limits them to those of an earlier step."""
    found = {}
    with contextlib.closing(sqlite3.connect(path)) as conn:
        for table in tables_of(conn):
            if columns is None or table in columns:
                names = columns and columns[table]
                found[table] = Counter(
                    repr([plain(key, row[key]) for key in names or sorted(row)])
                    for row in content(conn, table)
                )
    return found


def plain(column: str, value: Any) -> Any:
    """Return a value; of a record what no step rewrites: m009 made data of referrals."""
    if column != "record" or not value.startswith("{"):  # of a visit, not one that was filled in
        return value
    left = json.loads(value)
    return sorted((key, left[key]) for key in left if key not in ("papers", "referral"))


def moments(path: Path) -> dict[tuple[int, int], str]:
    """Return when each linked row was written, by its table's code and its number."""
    found = {}
    with contextlib.closing(sqlite3.connect(path)) as conn:
        for table in LINKED:
            keys = ", ".join(table.key)
            for moment, *key in conn.execute(f"select {table.moment}, {keys} from {table.name}"):
                found[table.code, row_number(table, *key)] = moment or ""
    return found


@pytest.mark.parametrize("steps", EACH)
def test_a_logbook_of_an_earlier_step_is_opened_with_all_its_rows(
    tmp_path: Path, older: Path, steps: int
) -> None:
    path = tmp_path / "logbook.db"
    make(path, steps, older)
    was = rows_of(path)
    assert all(was[table] for table in was.keys() - {"ticket_event", "proof_key", "day_root"})

    assert_opened_whole(path, "site", steps > CHAIN)


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.name.split(".")[0])
def test_a_logbook_that_an_earlier_version_wrote_is_opened_and_shown(
    tmp_path: Path, archive: Path
) -> None:
    path = tmp_path / "logbook.db"
    path.write_bytes(lzma.decompress(archive.read_bytes()))
    assert_opened_whole(path, "demo", "m042" in archive.name)

    remember_people(tmp_path, NOW)
    settings = settings_for(tmp_path, "", **trust_settings(tmp_path, NOW))
    kiosk = Kiosk(settings, tmp_path, demo=True, now=Clock(NOW + timedelta(days=5)))
    client = create_app(kiosk, threading.Event()).test_client()
    visits = client.get("/api/visits?limit=500").get_json()["visits"]
    assert len(visits) == 12
    assert client.get("/healthz").get_json()["outbox"]["accepted"] >= 11
    for visit in visits:
        assert client.get(f"/logbook/visits/{visit['id']}").status_code == 200
    assert visits[0]["id"] in client.get("/logbook?q=0999000005&days=all").get_data(as_text=True)


def assert_opened_whole(path: Path, use: Literal["demo", "site"], has_chain: bool) -> None:
    """Assert that today's program opens an older logbook with all rows, and with a good chain."""
    was = rows_of(path)
    with contextlib.closing(sqlite3.connect(path)) as conn:
        names = {table: sorted(column.name for column in columns_of(conn, table)) for table in was}

    database = Database(path, use)
    now = rows_of(path, names)
    assert {table: was[table] - now[table] for table in was if was[table] - now[table]} == {}

    result = check_logbook(database)
    assert result.faults == ()
    assert 50 < result.rows <= result.newest.id
    if has_chain:
        assert result.later == 0
    else:
        assert result.rows == result.later == result.newest.id
        assert_linked_in_order(database)
    database.close()

    database = Database(path, use)
    assert newest_link(database.reading()).id == result.newest.id
    with database.transaction() as db:
        db.execute("update visit set cancelled_at = '2026-11-29' where row = 1")
    again = check_logbook(database)
    assert (again.faults, again.newest.id) == ((), result.newest.id + 1)
    database.close()


def assert_linked_in_order(database: Database) -> None:
    """Assert that each row has one link, marked as linked later, in the order of the times."""
    links = database.rows("select source, row, act from link order by id")
    when = moments(database.path)
    order, latest = [], dict.fromkeys([table.code for table in LINKED], "")
    numbers: dict[int, list[int]] = {}
    for link in links:
        source, moment = link["source"], when[link["source"], link["row"]]
        # Rows with numbers stay in their order, also if a clock went back between them.
        assert moment >= latest[source] or LINKED_BY_CODE[source].has_number
        latest[source] = max(latest[source], moment)
        order.append(latest[source])
        numbers.setdefault(source, []).append(link["row"])

    assert {link["act"] for link in links} == {LINKED_LATER}
    assert len({(link["source"], link["row"]) for link in links}) == len(links) == len(when)
    assert order == sorted(order)
    for source, rows in numbers.items():
        assert not LINKED_BY_CODE[source].has_number or rows == sorted(rows)
