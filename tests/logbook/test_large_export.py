"""All visits of a large logbook are taken out while scans go on, by a client that stalls."""

from __future__ import annotations

import contextlib
import csv
import io
import shutil
import socket
import sqlite3
import threading
import time
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from bench.chain import PAYLOAD
from bench.logbook_rows import UNTIL, fill
from kiosk.desk import Confirmation
from kiosk.runtime.webserver import WebServer
from kiosk.web.app import create_app
from tests.conftest import Kiosk
from tests.sampling import sample_and_all

pytestmark = pytest.mark.slow
MEMORY_BYTES = 40_000_000  # far below the table of all visits
LOG_BYTES = 20_000_000  # that the write-ahead log may have, however long a client stalls
PATIENCE_S = 20  # in which a visit is recorded, on a machine that others use
SCANS = 60


@contextlib.contextmanager
def served(kiosk: Kiosk) -> Iterator[int]:
    """Serve the pages of a kiosk; yield the port."""
    server = WebServer(create_app(kiosk, threading.Event()), "127.0.0.1", 0, threads=4)
    adjusted = server._server.adj  # so that a table of this size fills all buffers on the way
    adjusted.outbuf_high_watermark = 200_000
    adjusted.socket_options = [(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)]
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


def ask(port: int) -> socket.socket:
    """Ask for all visits as a table; return the connection, from which nothing was read yet."""
    body = urlencode({"q": "", "why": "kiểm tra"}).encode()
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
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


@pytest.fixture
def large(kiosk: Kiosk, tmp_path: Path, count: int) -> Kiosk:
    """Return a kiosk on a logbook with many visits."""
    kiosk.database.close()
    for file in tmp_path.glob("logbook.db*"):
        file.unlink()
    made = tmp_path / "made" / "logbook.db"
    fill(made, count)
    with contextlib.closing(sqlite3.connect(made)) as conn:
        conn.execute("update identity set use = 'demo'")
        conn.commit()
        conn.execute("pragma wal_checkpoint(truncate)")
    shutil.move(made, tmp_path / "logbook.db")
    kiosk.clock.moment = UNTIL + timedelta(days=1)  # after all of them
    return Kiosk(kiosk.settings, tmp_path, demo=True, now=kiosk.clock)


@sample_and_all("count", 6_000, 50_000, pytest.mark.long)
def test_a_client_that_stalls_holds_up_no_scan_no_memory_and_no_log(
    large: Kiosk, count: int
) -> None:
    with served(large) as port, ask(port) as client:
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
    kinds = [row["kind"] for row in large.database.rows("select kind from export order by id")]
    assert kinds == ["visits.csv", "visits.csv whole"]
