"""A logbook that cannot be read is reported as such over HTTP, and not taken for an empty one."""

from __future__ import annotations

import json
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation
from kiosk.logbook import Database
from kiosk.logbook.errors import LogbookUnavailable, NotRecorded
from kiosk.runtime.webserver import WebServer
from tests.cast import payload
from tests.conftest import Kiosk

Repair = Callable[[], object]
MINUTE = timedelta(minutes=1)
THREADS = 4  # of the program, and of its visitors

READS = ("/", "/desk/recent", "/desk/status", "/desk/attempts/1", "/desk/attempts/1/entitlement",
         "/logbook", "/logbook/tray", "/logbook/visits/x", "/logbook/nightly",
         "/logbook/visits/x/evidence.json", "/logbook/visits/x/evidence.pdf",
         "/logbook/nightly/days.csv", "/logbook/difficulties", "/readers/", "/api/visits",
         "/api/visits?since=2026-11-24T00:00:00Z", "/healthz", "/events")  # fmt: skip


def break_pages(path: Path) -> Repair:
    """Overwrite all pages except the first, as a failing disk may."""
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    return lambda: path.write_bytes(whole)


def overwrite(path: Path) -> Repair:
    """Replace the file's content with something else."""
    whole = path.read_bytes()
    path.write_bytes(b"not a database" * 1000)
    return lambda: path.write_bytes(whole)


def take_away(path: Path) -> Repair:
    """Remove the file, as if its disk were gone."""
    away = path.with_suffix(".away")
    path.rename(away)
    path.mkdir()

    def put_back() -> None:
        path.rmdir()
        away.rename(path)

    return put_back


def lock(path: Path) -> Repair:
    """Lock the file exclusively, as another program may."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("pragma locking_mode = exclusive")
    other.execute("begin exclusive")
    return other.close


@pytest.fixture
def url(kiosk: Kiosk, client: FlaskClient) -> Iterator[str]:
    """Serve a logbook with one visit that no thread has opened yet; return the address."""
    kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "k1")
    kiosk.database._busy_timeout_s = 0.05
    kiosk.database.close()
    server = WebServer(client.application, "127.0.0.1", 0, THREADS)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


def call(url: str, body: Any = None, **headers: str) -> tuple[int, str, str]:
    """Return the status, media type and text of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} | headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read().decode()
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, exc.headers.get_content_type(), exc.read().decode()


@pytest.mark.parametrize(
    ("fault", "paths"),
    [
        (break_pages, READS),
        (overwrite, READS),
        (take_away, READS),
        # SQLite itself tries for ten seconds, at each of them.
        pytest.param(lock, ("/", "/api/visits"), marks=pytest.mark.slow),
        pytest.param(lock, READS, marks=pytest.mark.long),
    ],
)
def test_every_page_and_call_reports_a_logbook_that_cannot_be_read(
    kiosk: Kiosk, url: str, fault: Callable[[Path], Repair], paths: tuple[str, ...]
) -> None:
    repair = fault(kiosk.database._path)

    # At once, since each may wait until SQLite gives up.
    with ThreadPoolExecutor(THREADS) as pool:
        scan = pool.submit(call, url + "/api/scans", {"payload": payload("an").decode()})
        answers = dict(zip(paths, pool.map(lambda path: call(url + path), paths), strict=True))

    for path, (status, media_type, text) in answers.items():
        assert (status, media_type) == (507, "application/problem+json"), path
        problem = json.loads(text)
        assert problem["title"] == "logbook_unavailable", path
        assert "cannot be read" in problem["detail"]
        assert "recorded" not in problem["detail"]
    status, _, text = scan.result()
    assert (status, json.loads(text)["title"]) == (507, "not_recorded")

    repair()
    assert call(url + "/logbook")[0] == 200
    assert [visit["ticket"] for visit in json.loads(call(url + "/api/visits")[2])["visits"]] == [1]


def test_the_error_page_is_in_the_language_of_the_browser(kiosk: Kiosk, url: str) -> None:
    take_away(kiosk.database._path)
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

    vietnamese = call(url + "/logbook/tray", **browser)
    english = call(url + "/?lang=en", **browser)

    assert vietnamese[:2] == english[:2] == (507, "text/html")
    assert "Không đọc được sổ" in vietnamese[2]
    assert "The logbook cannot be read" in english[2]


def test_pages_that_do_not_need_the_logbook_still_work(kiosk: Kiosk, url: str) -> None:
    take_away(kiosk.database._path)

    for path in ("/data", "/entitlement"):
        status, _, text = call(url + path)
        assert status == 200
        assert "⚠ ?" in text


def test_an_open_stream_reports_the_problem_and_continues_afterwards(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    kiosk.scan(payload("an"))
    response = client.get("/events?last=0", buffered=False)
    chunks = (chunk.decode() for chunk in response.iter_encoded() if chunk)
    assert next(chunks).startswith("retry:")
    assert "event: verdict" in next(chunks)
    assert "event: status" in next(chunks)

    other = sqlite3.connect(kiosk.database._path)
    other.execute("alter table attempt rename to away")
    kiosk.notifier.notify()
    problem = next(chunks)
    kiosk.notifier.notify()
    assert next(chunks) == ": still here\n\n"  # the problem is reported once
    other.execute("alter table away rename to attempt")
    other.close()
    kiosk.scan(payload("an"))

    assert 'event: problem\ndata: {"title": "logbook_unavailable"}' in problem
    assert "event: verdict" in next(chunks)
    assert "event: status" in next(chunks)
    response.close()


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda kiosk: kiosk.outbox.counts(), id="counts"),
        pytest.param(lambda kiosk: kiosk.outbox.next_due(), id="next_due"),
        pytest.param(lambda kiosk: kiosk.outbox.history("x"), id="history"),
        pytest.param(lambda kiosk: kiosk.outbox.claim(kiosk.clock(), MINUTE), id="claim"),
        pytest.param(lambda kiosk: kiosk.visits.newest_at(), id="newest_at"),
        pytest.param(lambda kiosk: kiosk.visits.oldest_at(), id="oldest_at"),
        pytest.param(lambda kiosk: kiosk.visits.newest(), id="newest"),
        pytest.param(lambda kiosk: kiosk.attempts.last_id(), id="last_id"),
        pytest.param(lambda kiosk: kiosk.attempts.get(1), id="get"),
    ],
)
def test_a_failed_read_raises_logbook_unavailable(
    kiosk: Kiosk, read: Callable[[Kiosk], object]
) -> None:
    kiosk.database.close()
    overwrite(kiosk.database._path)

    with pytest.raises(LogbookUnavailable):
        read(kiosk)


def test_a_failed_read_within_a_transaction_raises_not_recorded(kiosk: Kiosk) -> None:
    with pytest.raises(NotRecorded), kiosk.database.transaction():
        kiosk.database.rows("select * from no_such_table")
    with kiosk.database.transaction() as db:  # the transaction was rolled back
        assert db.execute("select count(*) from visit").fetchone()[0] == 0


def test_a_connection_without_its_settings_is_not_used(tmp_path: Path) -> None:
    """Without `synchronous = full` a power cut could lose a visit that was shown as recorded."""
    path = tmp_path / "logbook.db"
    database = Database(path, busy_timeout_s=0.05)
    database.close()
    unlock = lock(path)
    with pytest.raises(LogbookUnavailable):
        database.rows("select 1")
    unlock()

    assert database.rows("pragma synchronous")[0][0] == 2
    assert database.rows("pragma foreign_keys")[0][0] == 1
