"""What the program finds when it starts, and what it does then."""

from __future__ import annotations

import json
import shutil
import sqlite3
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from kiosk.backup import LogbookTrouble
from tests.backup.cases import CASES, Case, Site, copied, empty_site, used_site
from tests.process import Server, call, card, serving

BY_NAME = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return used_site(tmp_path_factory.mktemp("used"))


@pytest.fixture
def site(used: Site, tmp_path: Path) -> Site:
    return copied(used, tmp_path)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def ready(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url + "/readyz") as answer:
            return answer.status, json.load(answer)["logbook"]
    except urllib.error.HTTPError as exc:
        return exc.code, json.load(exc)["logbook"]


def confirm(server: Server, attempt: int) -> int:
    """Record a visit; return the status of the answer."""
    key = {"Idempotency-Key": "k3"}
    try:
        server.post("/api/visits", {"attempt": attempt}, **key)
    except urllib.error.HTTPError as exc:
        return exc.code
    return 200


def visits(logbook: Path) -> int:
    db = sqlite3.connect(logbook)
    (count,) = db.execute("select count(*) from visit").fetchone()
    db.close()
    return int(count)


@BY_NAME
def test_each_case_is_found_and_nothing_is_changed(case: Case, site: Site) -> None:
    case.happens(site)
    before = files(site.data)

    assert site.guard().state.trouble == case.trouble
    assert files(site.data) == before


@pytest.mark.slow
@BY_NAME
def test_the_program_starts_in_each_case_and_records_only_in_the_right_logbook(
    case: Case, site: Site
) -> None:
    case.happens(site)
    logbook = site.logbook.read_bytes() if site.logbook.exists() else None

    with serving(*site.options) as server:
        attempt = server.post("/api/scans", {"payload": card("giang")})
        state, code = ready(server.url), confirm(server, attempt["attempt"])
        server.end()

    assert state == ((200, "ok") if case.trouble is None else (503, str(case.trouble)))
    assert code == (200 if case.trouble is None else 507)
    assert attempt["outcome"] in ("admit", "unconfirmed", "desk")
    if case.trouble is not None:
        assert (site.logbook.read_bytes() if site.logbook.exists() else None) == logbook
        assert site.guard().state.trouble == case.trouble


def test_a_vanished_logbook_is_not_replaced_and_each_page_says_so(site: Site) -> None:
    site.logbook.unlink()

    with serving(*site.options) as server:
        judged = server.post("/api/scans", {"payload": card("giang")})
        pages = [
            urllib.request.urlopen(server.url + path).read().decode()
            for path in ("/", "/logbook", "/queue", "/day", "/logbook/file", "/data")
        ]
        code = confirm(server, judged["attempt"])
        state, (_, log) = ready(server.url), server.end()

    assert judged["outcome"] == "unconfirmed"
    assert code == 507
    assert state == (503, "gone")
    assert all('class="alarm"' in page for page in pages)
    assert not site.logbook.exists()
    assert "the logbook is missing" in log


def test_a_write_ahead_log_lost_before_the_marker_is_noticed(tmp_path: Path) -> None:
    site = empty_site(tmp_path)
    with serving(*site.options) as server:
        server.confirm(card("an"), "k1")
        assert call("backup", *site.options).returncode == 0
        server.confirm(card("binh"), "k2")
        wal = site.logbook.with_name("logbook.db-wal").stat().st_size
        site.guard().write(clean=False)  # as the program does each minute
        server.kill()
    shutil.copytree(site.data, site.before)
    assert wal
    assert site.guard().state.trouble is None
    assert site.guard().state.was_cut_off
    shutil.rmtree(site.data)
    shutil.copytree(site.before, site.data, ignore=shutil.ignore_patterns("*-wal", "*-shm"))

    assert site.guard().state.trouble is LogbookTrouble.OLDER


def test_a_logbook_of_a_newer_program_is_refused_with_one_line(site: Site) -> None:
    db = sqlite3.connect(site.logbook)
    db.execute(
        "insert into _sqlite_migrations (migration_set, name, applied_at)"
        " values ('logbook', 'm999_something_new', '')"
    )
    db.commit()
    db.close()
    before = site.logbook.read_bytes()

    for words in (("serve", "--port", "0"), ("backup",), ("doctor",)):
        done = call(*words, *site.options)
        text = done.stderr.decode()
        assert done.returncode == 2
        assert "m999_something_new" in text
        assert "knows them up to" in text
        assert len(text.strip().splitlines()) == 1
    assert site.logbook.read_bytes() == before


def test_a_missing_marker_is_written_again_with_a_warning(site: Site) -> None:
    site.marker.unlink()

    with serving(*site.options) as server:
        _, log = server.end()

    assert "has no marker" in log
    assert site.guard().state.marker is not None


def test_a_clock_put_back_over_midnight_does_not_matter_to_the_marker(site: Site) -> None:
    marker, _ = site.guard().places.read()
    assert marker is not None
    site.guard().write(clean=True)  # by a clock that stands years before

    found = site.guard().state
    assert found.trouble is None
    assert found.marker is not None
    assert found.marker.at < marker.at


def test_two_programs_do_not_serve_one_logbook(site: Site) -> None:
    with serving(*site.options):
        done = call("serve", "--port", "0", *site.options)

    assert done.returncode == 2
    assert b"runs on it already" in done.stderr


def test_the_older_data_directory_put_back_whole_is_noticed_by_the_second_marker(
    site: Site,
) -> None:
    with serving(*site.options) as server:  # the marker beside the settings knows this folder
        server.confirm(card("giang"), "k3")
        server.end()
    shutil.rmtree(site.data)
    shutil.copytree(site.before, site.data)

    assert site.guard().state.trouble is LogbookTrouble.OLDER
