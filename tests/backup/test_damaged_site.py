"""A site whose logbook is damaged: the program says so after a cut, and what is computed is made
again."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from pathlib import Path

import pytest

from kiosk.backup import described
from tests.backup.cases import Site, copied, used_site
from tests.backup.test_damage import PAGE, overwrite
from tests.process import Server, call, card, serving, until

COMPUTED = ("visit_search", "visit_words_data", "visit_fact", "search_value")
INDEXES = ("visit_arrived", "attempt_counted", "visit_search_phone")


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return used_site(tmp_path_factory.mktemp("used"))


@pytest.fixture
def site(used: Site, tmp_path: Path) -> Site:
    return copied(used, tmp_path)


def rows(site: Site, table: str) -> list[tuple[object, ...]]:
    """Return the rows of a table; of the index of words what it finds, whatever its pages."""
    with sqlite3.connect(site.logbook) as db:
        if table == "visit_words_data":
            table = "visit_words where visit_words match 'mau OR an OR binh OR nguyen'"
            return db.execute(f"select rowid from {table} order by 1").fetchall()
        return db.execute(f"select * from {table} order by 1, 2").fetchall()


def damage(site: Site, name: str) -> None:
    """Overwrite the page with which a table or an index begins."""
    with sqlite3.connect(site.logbook) as db:
        (root,) = db.execute("select rootpage from sqlite_schema where name = ?", [name]).fetchone()
        db.execute("pragma wal_checkpoint(truncate)")
    db.close()
    overwrite(site.logbook, (root - 1) * PAGE, b"\xff" * PAGE)


@pytest.mark.parametrize("name", [*COMPUTED, *INDEXES])
def test_what_is_computed_from_visits_is_made_again(name: str, site: Site) -> None:
    before = {table: rows(site, table) for table in COMPUTED}
    damage(site, name)
    damaged = site.logbook.read_bytes()

    done = call("logbook", "rebuild", "--why", "thử", *site.options)

    assert done.returncode == 0, done.stderr.decode()
    said = json.loads(done.stdout)
    assert said["faults_before"] > 0
    assert {table: rows(site, table) for table in COMPUTED} == before
    assert (Path(said["aside"]) / "logbook.db").read_bytes() == damaged
    assert call("logbook", "check", *site.options).returncode == 0
    with sqlite3.connect(site.logbook) as db:
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
        decided = "select kind, trouble, reason, author from logbook_decision"
        faults = f"faults: {said['faults_before']}"
        assert db.execute(decided).fetchall() == [("rebuilt", faults, "thử", "system")]
        newest = "select source, act from link order by id desc limit 1"
        assert db.execute(newest).fetchone() == (60, 1)
    assert site.guard().state.trouble is None


def test_damaged_records_are_not_made_again(site: Site) -> None:
    damage(site, "ticket")
    damaged = site.logbook.read_bytes()

    done = call("logbook", "rebuild", *site.options)

    assert done.returncode == 2
    assert "restore a backup" in done.stderr.decode()
    assert site.logbook.read_bytes() == damaged
    assert not list(site.data.glob("*.rebuilding*"))


def test_a_damaged_logbook_is_kept_beside_the_backups_and_is_none(site: Site) -> None:
    folder = site.data / "backups"
    [whole] = folder.glob("*.db")
    damage(site, "ticket")

    done = [call("backup", *site.options) for _ in range(3)]
    doctor = call("doctor", *site.options).stdout.decode()

    assert {each.returncode for each in done} == {2}
    *_older, faulty = sorted(folder.glob("*.faulty"))
    assert str(faulty) in done[-1].stderr.decode()
    assert len(list(folder.glob("*.faulty"))) <= 2
    assert list(folder.glob("*.db")) == [whole]
    assert faulty.name in doctor
    assert site.guard().copies.newest() == described(whole)


def test_a_faulty_copy_is_restored_only_when_that_is_meant(site: Site) -> None:
    damage(site, "ticket")
    call("backup", *site.options)
    [faulty] = (site.data / "backups").glob("*.faulty")

    refused = call("restore", str(faulty), "--why", "thử", *site.options)
    done = call("restore", str(faulty), "--faulty", "--why", "thử", *site.options)

    assert refused.returncode == 2
    assert b"--faulty" in refused.stderr
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["faults"] > 0
    assert b"is damaged" in done.stderr


def read(server: Server, key: str) -> int:
    """Read a card, so that something is recorded; return its reading."""
    return int(server.post("/api/scans", {"payload": card(key)})["attempt"])


def page_of(url: str) -> str:
    request = urllib.request.Request(url, headers={"Accept": "text/html"})
    with urllib.request.urlopen(request) as answer:
        return str(answer.read().decode())


def test_after_a_cut_the_program_reads_all_pages_and_says_what_is_damaged(site: Site) -> None:
    with serving(*site.options) as server:
        read(server, "an")
        server.kill()
    damage(site, "outbox_event_outbox")

    with serving(*site.options) as server:
        until(lambda: server.get("/healthz")["logbook"]["faults"])
        desk = page_of(f"{server.url}/?lang=en")
        page = page_of(f"{server.url}/logbook/file?lang=en")
        assert read(server, "binh")
        _code, log = server.end()

    assert "The logbook’s file is damaged in places" in desk
    assert "faults. Restore a backup from before the damage" in page
    assert "the logbook is damaged: " in log


def test_after_a_cut_a_whole_logbook_is_said_to_be_whole(site: Site) -> None:
    with serving(*site.options) as server:
        read(server, "an")
        server.kill()

    with serving(*site.options) as server:
        until(lambda: server.get("/healthz")["logbook"]["faults"] == 0)
        page = page_of(f"{server.url}/logbook/file?lang=en")

    assert "none is damaged" in page
