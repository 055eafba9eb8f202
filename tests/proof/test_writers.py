"""Whoever writes, and however writing ends, the chain is whole and no writer is forgotten."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from kiosk.logbook import LINKED, SYSTEM, Database, LinkedTable, NotRecorded
from kiosk.logbook.chain import GENESIS, content, link_again, newest_link
from kiosk.logbook.group_commit import GroupCommit
from kiosk.logbook.linked_tables import NOT_LINKED
from kiosk.privacy.periods import retention_periods
from kiosk.privacy.purge import Purge
from kiosk.proof import Proofs
from kiosk.proof.check import check_logbook
from kiosk.proof.faults import FaultKind
from kiosk.runtime.file_key import FileKey
from tests.cast import BHYT17, NOW
from tests.conftest import Kiosk
from tests.kills import died, may_fork, needs_fork
from tests.process import ROOT
from tests.proof.books import LATER, a_day, check, raw, record
from tests.sampling import sample_and_all

YEARS_LATER = NOW + timedelta(days=11 * 366)
NUMBER = "9999900020"  # on BHYT17
ATTEMPT = (
    "insert into attempt (at, reader, outcome, reason, verdict)"
    " values ('2026-11-25', :reader, 'desk', 'x', '{}')"
)
WRITE_FOREVER = f"""
import sys
from pathlib import Path
from kiosk.logbook import Database
database = Database(Path(sys.argv[1]), "demo")
print("ready", flush=True)
for number in range(int(sys.argv[2])):
    with database.transaction() as db:
        db.execute({ATTEMPT!r}, {{"reader": sys.argv[3]}})
"""


def columns_of(conn: sqlite3.Connection, table: str) -> set[str]:
    """Return the columns of a table but those that SQLite computes."""
    found = conn.execute("select name, hidden from pragma_table_xinfo(?)", [table])
    return {name for name, hidden in found if hidden == 0}


def test_each_table_and_column_is_linked_or_has_a_reason_not_to_be(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    assert kiosk.database
    with raw(tmp_path / "logbook.db") as conn:
        tables = {
            name: columns_of(conn, name)
            for (name,) in conn.execute("select name from sqlite_schema where type = 'table'")
            if not name.startswith(("sqlite_", "_sqlite_migrations"))
        }
    assert {table.name for table in LINKED} | set(NOT_LINKED) == set(tables)
    assert not {table.name for table in LINKED} & set(NOT_LINKED)
    assert len({table.code for table in LINKED}) == len(LINKED)
    for table in LINKED:
        assert set(table.columns) | set(table.later) == tables[table.name], table.name
        assert not set(table.columns) & set(table.later), table.name


def test_the_document_lists_the_same_tables() -> None:
    text = (ROOT / "docs" / "proof.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| ([^|]*) \|$", text, re.M)
    later = {table.name: ", ".join(f"`{name}`" for name in table.later) for table in LINKED}
    reasons = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|$", text, re.M))

    assert [(int(code), name) for code, name, _ in rows] == [(t.code, t.name) for t in LINKED]
    for _, name, said in rows:
        assert set(re.findall(r"`\w+`", said)) == set(re.findall(r"`\w+`", later[name])), name
    assert {name: reasons[name] for name in NOT_LINKED} == dict(NOT_LINKED)


def test_the_encoding_of_a_row_is_the_documented_one() -> None:
    table = LinkedTable(99, "export", ("id",), ("id", "kind", "at", "sha256", "x"))

    with pytest.raises(KeyError):
        content(table, (1, "a", None, b"\x01", 0.5))
    export = next(each for each in LINKED if each.name == "export")
    assert content(export, (1, "é", None, "", "desk", b"\x01")) == (
        b"export\0id\0i\0\0\0\0\0\0\0\x01kind\0t\0\0\0\x02\xc3\xa9at\0t\0\0\0\0"
        b"author\0t\0\0\0\x04desksha256\0b\0\0\0\x01\x01"
    )


def test_a_new_logbook_begins_with_a_link_of_its_own_name(tmp_path: Path) -> None:
    database = Database(tmp_path / "logbook.db", "demo")

    assert newest_link(database.reading()).id == 1
    with database.snapshot() as conn:
        assert conn.execute("select source, act from link").fetchall() == [(1, 1)]
    assert sha256(b"Tiep Don: the chain of a logbook, form 1").digest() == GENESIS


def test_a_migration_that_changes_rows_links_them_again(kiosk: Kiosk, tmp_path: Path) -> None:
    a_day(kiosk)
    with raw(tmp_path / "logbook.db") as conn:
        conn.execute("update visit set day = '2026-11-24'")
    assert len(check(kiosk).faults) == 3
    with kiosk.database.transaction() as db:
        assert link_again(db, "visit") == 3

    assert check(kiosk).is_good
    assert check(kiosk).later == 3


def test_a_check_sees_one_moment_while_the_desk_goes_on(kiosk: Kiosk) -> None:
    count = "select count(*) from attempt"
    with kiosk.database.snapshot() as conn:
        with kiosk.database.transaction() as db:
            db.execute(ATTEMPT, {"reader": "x"})
        assert conn.execute(count).fetchone() == (0,)
        with pytest.raises(sqlite3.OperationalError):
            conn.execute("delete from attempt")

    assert kiosk.database.rows(count)[0][0] == 1


def test_what_is_undone_leaves_no_link(kiosk: Kiosk) -> None:
    before = newest_link(kiosk.database.reading())

    def fails() -> None:
        with kiosk.database.transaction() as db:
            db.execute(ATTEMPT, {"reader": "a"})
            db.execute("insert into no_such_table values (1)")

    with pytest.raises(NotRecorded):
        fails()
    with kiosk.database.transaction() as db:
        db.execute("savepoint one")
        db.execute(ATTEMPT, {"reader": "b"})
        db.execute("rollback to one")

    assert newest_link(kiosk.database.reading()) == before


def test_rows_of_many_threads_that_are_written_together_are_linked(kiosk: Kiosk) -> None:
    group = GroupCommit(kiosk.database)
    threads = [
        threading.Thread(target=lambda: [group.insert(ATTEMPT, {"reader": "x"}) for _ in range(20)])
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    result = check(kiosk)
    assert result.is_good
    assert result.rows == result.newest.id == 121


@sample_and_all("count", 40, 400)
def test_two_processes_that_write_at_once_do_not_fork_the_chain(
    kiosk: Kiosk, tmp_path: Path, count: int
) -> None:
    path = str(tmp_path / "logbook.db")
    words = [sys.executable, "-c", WRITE_FOREVER, path, str(count)]
    others = [subprocess.Popen([*words, name], cwd=ROOT) for name in ("a", "b")]
    for _ in range(count):
        with kiosk.database.transaction() as db:
            db.execute(ATTEMPT, {"reader": "here"})

    assert [other.wait(60) for other in others] == [0, 0]
    result = check(kiosk)
    assert result.is_good
    assert result.newest.id == 1 + 3 * count


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_writer_that_is_killed_leaves_a_whole_chain(kiosk: Kiosk, tmp_path: Path) -> None:
    words = [sys.executable, "-c", WRITE_FOREVER, str(tmp_path / "logbook.db"), "1000000", "a"]
    for _ in range(3):
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            before = check(kiosk).newest.id
            while newest_link(kiosk.database.reading()).id < before + 25:
                pass
            writer.send_signal(signal.SIGKILL)

        result = check(kiosk)
        assert result.is_good
        assert result.rows == result.newest.id


@needs_fork
@may_fork
@pytest.mark.slow
def test_a_death_at_any_line_of_a_recording_leaves_a_whole_chain(tmp_path: Path) -> None:
    step = 0

    def work() -> None:
        database = Database(tmp_path / "logbook.db", "demo")
        with database.transaction() as db:
            db.execute(ATTEMPT, {"reader": str(step)})
            db.execute("update attempt set reason = 'y' where id = 1")

    work()
    while died(step := step + 1, work, ("kiosk/logbook/chain", "kiosk/logbook/database")):
        database = Database(tmp_path / "logbook.db", "demo")
        result = check_logbook(database)
        database.close()
        assert result.is_good, step
    assert step > 40


def purge(kiosk: Kiosk) -> None:
    kept = replace(kiosk.settings.retention, visits_years=10)
    periods = retention_periods(replace(kiosk.settings, retention=kept))
    with kiosk.database.transaction() as db:
        db.execute("update outbox set state = 'accepted' where state = 'queued'")
        db.execute(
            "insert into outbox_event (outbox, at, state) select id, '2026', state"
            " from outbox where state = 'accepted'"
        )
    purging = Purge(kiosk.database, periods, lambda: YEARS_LATER, pause=lambda: None)
    assert purging.run(YEARS_LATER, SYSTEM).deleted["visits"] == 3


def test_what_a_purge_deleted_is_explained_and_cannot_be_guessed(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    a_day(kiosk)
    purge(kiosk)

    assert check(kiosk).faults == ()
    with raw(tmp_path / "logbook.db") as conn:
        kept = "select count(*) from link where source in (2, 3, 4) and salt is not null"
        assert conn.execute(kept).fetchone() == (0,)
        assert conn.execute("select count(*) from visit").fetchone() == (0,)


def test_what_an_erasure_took_is_explained_and_cannot_be_guessed(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    record(kiosk, BHYT17, "one")
    kiosk.scan(BHYT17)
    held = kiosk.privacy.persons.held(NUMBER)
    with raw(tmp_path / "logbook.db") as conn:
        conn.execute("update outbox set state = 'accepted'")
        conn.execute("update outbox_event set state = 'accepted'")
    kiosk.privacy.erasure.erase(held, LATER, "desk", "asked")

    faults = [fault for fault in check(kiosk).faults if fault.table != "outbox_event"]
    assert faults == []
    with raw(tmp_path / "logbook.db") as conn:
        salts = conn.execute("select salt is null from link where source = 3 order by id")
        assert salts.fetchall() == [(1,), (0,)]  # the one with the telephone number is gone


def test_rows_that_the_program_deletes_without_a_purge_are_named(kiosk: Kiosk) -> None:
    with kiosk.database.transaction() as db:
        db.execute(ATTEMPT, {"reader": "x"})
    with kiosk.database.transaction() as db:
        db.execute("delete from attempt")

    [fault] = check(kiosk).faults
    assert (fault.kind, fault.table, fault.row) == (FaultKind.UNEXPLAINED, "attempt", "1")


def test_an_encrypted_logbook_is_checked_and_signed(tmp_path: Path) -> None:
    pytest.importorskip("sqlcipher3")
    database = Database(tmp_path / "logbook.db", "site", keys=[FileKey("01" * 32)])
    with database.transaction() as db:
        db.execute(ATTEMPT, {"reader": "x"})
    proofs = Proofs(database, tmp_path)
    proofs.roots.make(NOW)

    assert proofs.check().is_good
    with database.transaction() as db:
        db.execute("update link set hash = zeroblob(32) where id = 2")
    assert proofs.check().faults[0].link == 2
