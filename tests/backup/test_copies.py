"""Backups are made, verified, kept and restored; nothing that ends a run leaves half a one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.backup import BackupCopy, Copies, make_backup, restore
from kiosk.backup.copies import STAMP
from kiosk.logbook import SYSTEM, hash_at, read_facts
from kiosk.runtime.file_encryption import encrypt
from kiosk.runtime.file_key import FileKey
from kiosk.settings import BackupSettings
from tests.backup.cases import Site, copied, empty_site, used_site
from tests.cast import NOW
from tests.kills import died, may_fork, needs_fork
from tests.process import call, card, serving

ROOMS = ("kiosk/backup/", "kiosk/logbook/file_copy", "kiosk/runtime/files")


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return used_site(tmp_path_factory.mktemp("used"))


@pytest.fixture
def site(used: Site, tmp_path: Path) -> Site:
    return copied(used, tmp_path)


def folder_of(site: Site) -> Path:
    return site.data / "backups"


def decisions(site: Site) -> list[tuple[str, int | None, int | None]]:
    db = sqlite3.connect(site.logbook)
    rows = db.execute("select kind, lost_from, lost_to from logbook_decision").fetchall()
    db.close()
    return rows


def test_a_backup_is_made_while_the_desk_works_and_holds_what_a_restore_needs(site: Site) -> None:
    (site.config.parent / "rooms.json").write_text("[]", "utf-8")
    (site.data.parent / "else where").mkdir()
    with serving(*site.options) as server:
        server.confirm(card("giang"), "k3")
        done = call("backup", "--to", str(site.data.parent / "else where"), *site.options)
        server.confirm(card("khoi"), "k4")
        server.end()

    made = json.loads(done.stdout)
    copy = Path(made["backup"])
    facts = read_facts(copy)
    assert (made["verified"], made["logbook_faults"], made["visits"]) == (True, 0, 3)
    assert made["link"] == facts.link.id
    assert hash_at(site.logbook, facts.link.id) == facts.link.hash
    with zipfile.ZipFile(copy.with_suffix(".zip")) as archive:
        assert set(archive.namelist()) == {"kiosk.toml", "rooms.json"}
    assert sorted(file.suffix for file in copy.parent.iterdir()) == [".db", ".json", ".zip"]
    assert site.guard().state.trouble is None


def test_a_folder_that_is_not_there_is_told_and_not_made(site: Site) -> None:
    """A stick that is missing, or a share: its mount point must not be filled."""
    stick = site.data.parent / "stick" / "backups"

    done = call("backup", "--to", str(stick), *site.options)

    assert done.returncode == 2
    assert b"is not there" in done.stderr
    assert b"Plug in the stick" in done.stderr
    assert not stick.parent.exists()


def test_a_restored_backup_is_a_link_and_says_what_was_lost(site: Site) -> None:
    with serving(*site.options) as server:
        server.confirm(card("giang"), "k3")
        server.end()
    before, content = read_facts(site.logbook), site.logbook.read_bytes()

    refused = call("restore", *site.options)
    done = call("restore", "--why", "thử lại", *site.options)

    assert refused.returncode == 2
    assert b"--why" in refused.stderr
    restored = json.loads(done.stdout)
    lost = [row for row in decisions(site) if row[0] == "restored"]
    assert lost == [("restored", restored["facts"]["link"][0] + 1, before.link.id)]
    assert (Path(restored["aside"]) / "logbook.db").read_bytes() == content
    assert site.guard().state.trouble is None
    assert read_facts(site.logbook).visits == 2


def test_the_backup_of_another_site_is_restored_only_when_that_is_meant(
    site: Site, tmp_path: Path
) -> None:
    other = empty_site(tmp_path / "other")
    with serving(*other.options) as server:  # a new machine: nothing is recorded yet
        server.end()
    [copy] = folder_of(site).glob("*.db")
    here = read_facts(other.logbook)
    new = call("restore", str(copy), "--why", "máy mới", *other.options)
    theirs = tmp_path / "theirs"
    with serving(*empty_site(theirs).options) as server:
        server.confirm(card("an"), "k1")
        server.end()
    busy = Site(theirs / "data", theirs / "settings" / "kiosk.toml", theirs)
    refused = call("restore", str(copy), "--why", "nhầm", *busy.options)
    meant = call("restore", str(copy), "--other-logbook", "--why", "thử", *busy.options)

    assert here.visits == 0
    assert (new.returncode, refused.returncode, meant.returncode) == (0, 2, 0)
    assert b"another logbook" in refused.stderr
    assert busy.guard().state.trouble is None


@pytest.mark.parametrize("name", ["a file", "a file/below"])
def test_a_folder_that_is_none_is_said_in_one_line(name: str, site: Site, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("x", "utf-8")

    done = call("backup", "--to", str(tmp_path / name), *site.options)

    assert done.returncode == 2
    assert b"no backup was made" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_rehearsal_changes_nothing_and_runs_beside_the_program(site: Site) -> None:
    with serving(*site.options):
        done = call("restore", "--rehearse", *site.options)
        refused = call("restore", "--why", "thử", *site.options)

    found = json.loads(done.stdout)
    assert found["facts"]["visits"] == 2
    assert refused.returncode == 2
    assert b"stop it first" in refused.stderr
    assert not (site.data / "aside").exists()


@pytest.mark.parametrize("end", ["cut", "flipped", "other"])
def test_a_backup_that_is_not_whole_is_not_restored(end: str, site: Site) -> None:
    [copy] = folder_of(site).glob("*.db")
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 0xFF
    copy.write_bytes(bytes({"cut": content[:50_000], "flipped": content, "other": b"text"}[end]))
    before = site.logbook.read_bytes()

    for words in (("--rehearse",), ("--why", "thử")):
        done = call("restore", *words, *site.options)
        assert done.returncode == 2, done.stdout
    assert site.logbook.read_bytes() == before
    assert not (site.data / "aside").exists()


def test_a_person_may_go_on_with_an_older_logbook_and_that_is_recorded(site: Site) -> None:
    newest = read_facts(site.logbook).link
    shutil.copy(site.before / "logbook.db", site.logbook)
    older = read_facts(site.logbook).link

    silent = call("restore", "--accept", *site.options)
    done = call("restore", "--accept", "--why", "bản mới đã hỏng", *site.options)

    assert silent.returncode == 2
    assert done.returncode == 0
    assert decisions(site) == [("accepted", older.id + 1, newest.id)]
    assert site.guard().state.trouble is None


def test_a_new_logbook_is_begun_only_when_a_person_decides(site: Site) -> None:
    site.logbook.write_bytes(b"")
    for name in ("sync", "backup"):
        assert call(name, *site.options).returncode == 2
    assert site.logbook.stat().st_size == 0

    done = call("restore", "--accept", "--why", "không có bản sao", *site.options)

    assert json.loads(done.stdout)["decided"] == "begun"
    assert decisions(site)[0][0] == "begun"
    assert site.guard().state.trouble is None


def test_old_backups_are_deleted_but_never_the_newest(tmp_path: Path) -> None:
    copies = Copies(BackupSettings(days=3, weeks=2, months=3), tmp_path)
    copies.folder.mkdir()
    sample = describe(NOW)
    for day in range(120):
        write(copies, sample, NOW - timedelta(days=day))
    untold = copies.folder / "logbook-20200101T000000Z.db"
    untold.write_bytes(b"brought by hand")

    deleted = copies.rotate()
    kept = [copy.made_at for copy in copies.all() if copy.made_at]

    assert len(deleted) == 120 - len(kept)
    assert kept[:3] == [NOW - timedelta(days=day) for day in range(3)]
    assert {moment.month for moment in kept} == {11, 10, 9}
    assert len(kept) == 3 + 1 + 2  # days, one more week, two more months
    assert untold.exists()
    assert copies.rotate() == []


def describe(moment: datetime) -> str:
    fields = {
        "made_at": moment.isoformat(), "program": "", "schema": "", "instance": "x", "link": 1,
        "hash": "", "visits": 0, "readings": 0, "bytes": 1, "sha256": "", "seconds": 0.0,
        "encrypted": False, "verified": True, "logbook_faults": 0, "with_it": [],
    }  # fmt: skip
    return json.dumps(fields)


def write(copies: Copies, sample: str, moment: datetime) -> None:
    file = copies.folder / f"{moment.astimezone(UTC).strftime(STAMP)}.db"
    file.write_bytes(b"x")
    file.with_suffix(".json").write_text(
        json.dumps(json.loads(sample) | {"made_at": moment.isoformat()}), "utf-8"
    )


def test_too_little_space_is_said_before_anything_is_written(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(site.data)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)

    done = call("backup", *site.options)

    assert done.returncode == 2
    assert b"MB are free; expected" in done.stderr
    assert len(list(folder_of(site).glob("*.db"))) == 1


@needs_fork
@may_fork
@pytest.mark.parametrize("limit", [50_000, 400_000])
def test_a_disk_that_fills_up_leaves_the_backups_before_it(limit: int, site: Site) -> None:
    import resource

    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        with contextlib.suppress(BaseException):
            os._exit(call("backup", *site.options).returncode)
        os._exit(99)
    _, status = os.waitpid(child, 0)

    names = [file.name for file in folder_of(site).iterdir()]
    assert os.waitstatus_to_exitcode(status) == 2
    assert len([name for name in names if name.endswith(".db")]) == 1
    assert call("backup", *site.options).returncode == 0
    assert not [file for file in folder_of(site).iterdir() if ".part" in file.name]


def test_the_copy_of_an_encrypted_logbook_is_encrypted_with_its_key(
    site: Site, tmp_path: Path
) -> None:
    pytest.importorskip("sqlcipher3")
    key, target = FileKey.make(), Copies(BackupSettings(), tmp_path / "copies")
    encrypt(site.logbook, key)
    (tmp_path / "copies" / "backups").mkdir(parents=True)

    copy = make_backup(site.logbook, target, [key], lambda: NOW)

    assert not copy.file.read_bytes().startswith(b"SQLite format 3")
    assert read_facts(copy.file, [key]) == read_facts(site.logbook, [key])


def whole_backups(site: Site) -> list[BackupCopy]:
    return site.guard().copies.all()


def a_backup(site: Site) -> Callable[[], object]:
    guard = site.guard()
    return lambda: make_backup(site.logbook, guard.copies, (), lambda: NOW, [site.config])


def check_backups(site: Site) -> None:
    for copy in whole_backups(site):
        assert copy.description is not None
        assert read_facts(copy.file).link == copy.description.mark
    guard = site.guard()
    again = make_backup(site.logbook, guard.copies, (), lambda: NOW, [site.config])
    names = {file.name for file in folder_of(site).iterdir()}
    assert again.is_verified
    assert names == {
        copy.file.with_suffix(ending).name
        for copy in whole_backups(site)
        for ending in (".db", ".json", ".zip")
    }


def a_restore(site: Site) -> Callable[[], object]:
    guard = site.guard()
    copy = guard.copies.newest()
    assert copy is not None
    return lambda: restore(guard, copy, {}, "thử", SYSTEM, lambda: NOW)


def check_restore(site: Site) -> None:
    """Whatever was done: the logbook is the old one, or a trouble is found, or it is restored."""
    found = site.guard().state
    if found.trouble is None:
        assert read_facts(site.logbook).visits in (2, 3)
        if read_facts(site.logbook).visits == 2:
            assert ("restored",) in [row[:1] for row in decisions(site)]
    again = a_restore(site)
    again()
    assert site.guard().state.trouble is None
    assert read_facts(site.logbook).visits == 2
    aside = [file for file in (site.data / "aside").rglob("logbook.db")]
    assert 3 in [read_facts(file).visits for file in aside]


def newer(site: Site) -> None:
    with serving(*site.options) as server:
        server.confirm(card("giang"), "k3")
        server.end()


@pytest.fixture(scope="module")
def ahead(used: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with a visit after its backup."""
    site = copied(used, tmp_path_factory.mktemp("ahead"))
    newer(site)
    return site


@needs_fork
@may_fork
@pytest.mark.parametrize("step", [1, 20, 60, 110, 160, 200])
def test_a_backup_may_be_killed_at_a_line(step: int, site: Site) -> None:
    died(step, a_backup(site), ROOMS)
    check_backups(site)


@needs_fork
@may_fork
@pytest.mark.parametrize("step", [5, 60, 120, 150, 170, 190, 210, 240])
def test_a_restore_may_be_killed_at_a_line(step: int, ahead: Site, tmp_path: Path) -> None:
    site = copied(ahead, tmp_path)
    died(step, a_restore(site), ROOMS)
    check_restore(site)


@needs_fork
@may_fork
@pytest.mark.slow
@pytest.mark.parametrize("what", ["backup", "restore"])
def test_a_backup_or_a_restore_may_be_killed_at_any_line(
    what: str, ahead: Site, tmp_path: Path
) -> None:
    work, check = {"backup": (a_backup, check_backups), "restore": (a_restore, check_restore)}[what]
    step = 1
    while True:
        site = copied(ahead, tmp_path / str(step))
        ended = died(step, work(site), ROOMS, times=1)
        check(site)
        shutil.rmtree(tmp_path / str(step))
        if not ended:
            break
        step += 1
    assert step > 100
