"""All visits of a large logbook are taken out while scans go on, by clients that stall."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
import socket
import sqlite3
import threading
import time
import tracemalloc
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from bench.chain import PAYLOAD
from bench.logbook_rows import UNTIL, fill
from kiosk.desk import Confirmation
from kiosk.runtime.web_channel import ANSWER_S
from kiosk.runtime.webserver import WebServer
from kiosk.web.app import create_app
from tests.conftest import Kiosk
from tests.process import until

MEMORY_BYTES = 40_000_000  # far below the table of all visits
LOG_BYTES = 20_000_000  # that the write-ahead log may have, however long a client stalls
PATIENCE_S = 20  # in which a visit is recorded, on a machine that others use
SCANS = 60
SIZES = [  # visits
    pytest.param(20_000, id="more", marks=pytest.mark.slow),
    pytest.param(50_000, id="all", marks=pytest.mark.long),
]
FILES = Path("/proc/self/fd")  # absent where it cannot be seen which files are open


@contextlib.contextmanager
def served(kiosk: Kiosk, answer_s: float = ANSWER_S) -> Iterator[WebServer]:
    """Serve the pages of a kiosk."""
    app = create_app(kiosk, threading.Event())
    server = WebServer(app, "127.0.0.1", 0, threads=4, answer_s=answer_s)
    # So that a table of this size fills all buffers on the way.
    inner(server).adj.socket_options = [(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)]
    server.start()
    try:
        yield server
    finally:
        server.stop()


def inner(server: WebServer) -> Any:
    """Return the server of waitress, which knows its connections and threads."""
    return server._server


def ask(port: int) -> socket.socket:
    """Ask for all visits as a table; return the connection, from which nothing was read yet."""
    body = urlencode({"q": "", "why": "kiểm tra"}).encode()
    connection = socket.socket()
    connection.settimeout(60)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    connection.connect(("127.0.0.1", port))
    head = (
        f"POST /logbook/export.csv?lang=en HTTP/1.0\r\nHost: localhost:{port}\r\n"
        f"Origin: http://localhost:{port}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    return connection


def record(kiosk: Kiosk, number: int) -> float:
    """Scan and record a visit, and correct it; return the seconds that it took."""
    begun = time.monotonic()
    attempt = kiosk.scan(PAYLOAD.format(tail=number))
    words = Confirmation(clerk_reason="xét sau")
    visit = kiosk.desk.confirm(attempt, words, f"while {number}")[0].id
    kiosk.corrections.correct(visit, {"phone": "0999123456"}, "số", kiosk.clock())
    return time.monotonic() - begun


def log_bytes(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size


def kinds_of_exports(kiosk: Kiosk) -> list[str]:
    return [row["kind"] for row in kiosk.database.rows("select kind from export order by id")]


def temporary_files() -> set[str]:
    """Return the files that this process has open and that no folder names."""
    found = set()
    for file in FILES.iterdir() if FILES.exists() else ():
        with contextlib.suppress(OSError):  # closed meanwhile
            found.add(os.readlink(file))
    return {name for name in found if name.startswith("/") and name.endswith("(deleted)")}


@pytest.fixture(scope="module", params=SIZES)
def count(request: pytest.FixtureRequest) -> int:
    """Return how many visits the logbook has."""
    assert isinstance(request.param, int)
    return request.param


@pytest.fixture(scope="module")
def filled(count: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a logbook with many visits, which nobody has open."""
    path = tmp_path_factory.mktemp("filled") / "logbook.db"
    fill(path, count)
    with contextlib.closing(sqlite3.connect(path)) as conn:
        conn.execute("update identity set use = 'demo'")
        conn.commit()
        conn.execute("pragma wal_checkpoint(truncate)")
    return path


@pytest.fixture
def large(kiosk: Kiosk, tmp_path: Path, filled: Path) -> Kiosk:
    """Return a kiosk on a logbook with many visits."""
    kiosk.database.close()
    for file in tmp_path.glob("logbook.db*"):
        file.unlink()
    shutil.copy(filled, tmp_path / "logbook.db")
    kiosk.clock.moment = UNTIL + timedelta(days=1)  # after all of them
    return Kiosk(kiosk.settings, tmp_path, demo=True, now=kiosk.clock)


def test_a_client_that_stalls_for_a_while_gets_each_visit_once_and_holds_up_no_scan(
    large: Kiosk, count: int
) -> None:
    with served(large) as server, ask(server.port) as client:
        first = client.recv(1000)
        tracemalloc.start()
        took = [record(large, number) for number in range(SCANS // 2)]  # while the client stalls
        assert large.database.empty_write_ahead_log()  # no reading holds it
        received = bytearray(first)
        while len(received) < 300_000:
            received += client.recv(65_536)
        took += [record(large, number) for number in range(SCANS // 2, SCANS)]
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert log_bytes(large.database.path) < LOG_BYTES
        while block := client.recv(1 << 20):
            received += block

    table = received.partition(b"\r\n\r\n")[2].decode().removeprefix("\ufeff")
    visits = [row[0] for row in csv.reader(io.StringIO(table))][1:]
    assert len(set(visits)) == len(visits) == count  # each once, and none that came meanwhile
    assert max(took) < PATIENCE_S
    assert most < MEMORY_BYTES
    assert kinds_of_exports(large) == ["visits.csv", "visits.csv whole"]


def test_clients_that_stop_reading_are_closed_in_time_and_leave_nothing_behind(
    large: Kiosk,
) -> None:
    with served(large, answer_s=5) as server, contextlib.ExitStack() as stack:
        waitress, before = inner(server), temporary_files()
        stalled = [stack.enter_context(ask(server.port)) for _ in range(3)]  # of four threads
        for client in stalled:
            assert client.recv(10_000)
        begun = time.monotonic()
        most = 0
        while waitress.active_channels:
            assert time.monotonic() - begun < 60
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/", timeout=20) as answer:
                assert answer.status == 200  # others go on
            record(large, most := most + 1)
            assert large.database.empty_write_ahead_log()
            assert temporary_files() <= before
        assert time.monotonic() - begun > 4.5

        until(lambda: waitress.task_dispatcher.active_count == 0)
        for client in stalled:
            rest = 0
            with contextlib.suppress(ConnectionError):
                while block := client.recv(1 << 20):
                    rest += len(block)
            assert rest < 400_000  # what was on its way, and no more
    assert kinds_of_exports(large) == ["visits.csv"] * 3  # none of them whole
    assert log_bytes(large.database.path) < LOG_BYTES


def test_a_client_that_reads_slowly_gets_all_of_the_table(large: Kiosk, count: int) -> None:
    with served(large, answer_s=4) as server, ask(server.port) as client:
        received, begun = bytearray(), time.monotonic()
        while block := client.recv(200_000 if time.monotonic() - begun < 12 else 1 << 20):
            received += block
            if time.monotonic() - begun < 12:
                threading.Event().wait(0.05)
    assert received.count(b"\r\n") > count
    assert kinds_of_exports(large) == ["visits.csv", "visits.csv whole"]
