"""Slow and many connections do not keep the program from a clerk."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
import urllib.error
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from kiosk.runtime import web_channel
from kiosk.runtime.web_channel import MAX_PER_ADDRESS
from kiosk.runtime.webserver import WebServer
from tests.process import Server, serving, until

STRANGER = "127.0.0.2"  # another address than the clerk's, on the same machine
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = b"POST /api/pictures HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999\r\n\r\n"


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with serving("--demo") as server:
        yield server


def port_of(server: Server) -> int:
    port = urlsplit(server.url).port
    assert port is not None
    return port


class Drippers:
    """Connections that send a byte now and then, and come back when they are closed."""

    def __init__(self, port: int, count: int, begin: bytes, address: str) -> None:
        self._port, self._begin, self._address = port, begin, address
        self._open: list[socket.socket] = []
        self._stop = threading.Event()
        self.closed = 0
        for _ in range(count):
            self._connect()
        self._thread = threading.Thread(target=self._drip)
        self._thread.start()

    def _connect(self) -> None:
        with contextlib.suppress(OSError):
            connection = socket.create_connection(
                ("127.0.0.1", self._port), timeout=2, source_address=(self._address, 0)
            )
            self._open.append(connection)
            connection.sendall(self._begin)

    def _drip(self) -> None:
        while not self._stop.wait(0.2):
            for connection in list(self._open):
                try:
                    connection.sendall(b"x")
                    connection.setblocking(False)
                    ended = connection.recv(1) == b""
                except BlockingIOError:
                    ended = False
                except OSError:
                    ended = True
                finally:
                    connection.setblocking(True)
                if ended:
                    self.closed += 1
                    self._open.remove(connection)
                    connection.close()
                    self._connect()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()
        for connection in self._open:
            connection.close()


@contextlib.contextmanager
def dripping(server: Server, count: int, begin: bytes, address: str) -> Iterator[Drippers]:
    drippers = Drippers(port_of(server), count, begin, address)
    try:
        yield drippers
    finally:
        drippers.end()


def calls_of_a_clerk(server: Server, seconds: float) -> list[float]:
    """Return how long each call of a clerk took, of new connections, one after the other.

    A connection whose request is not complete yet may have to give way to a newer one, so a call
    is made a second time if its connection is closed.  Raises an error if that is not answered.
    """
    times = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        begun = time.monotonic()
        try:
            answer = server.post("/api/scans", {"payload": "x"})
        except (ConnectionError, urllib.error.URLError):
            answer = server.post("/api/scans", {"payload": "x"})
        assert answer["outcome"]
        times.append(time.monotonic() - begun)
        time.sleep(0.05)
    return times


@pytest.mark.parametrize("begin", [HEAD, BODY], ids=["head", "body"])
@pytest.mark.parametrize("address", [STRANGER, "127.0.0.1"], ids=["stranger", "same"])
def test_a_clerk_is_answered_while_connections_drip(
    running: Server, begin: bytes, address: str
) -> None:
    with dripping(running, MAX_PER_ADDRESS + 20, begin, address) as drippers:
        times = calls_of_a_clerk(running, 1.5)

    assert len(times) > 1
    assert max(times) < 8  # as it was, none came back before the test gave up
    assert drippers.closed > 0


@pytest.mark.slow
@pytest.mark.parametrize("begin", [HEAD, BODY], ids=["head", "body"])
def test_a_clerk_is_answered_while_400_connections_drip(running: Server, begin: bytes) -> None:
    with dripping(running, 400, begin, STRANGER):
        times = sorted(calls_of_a_clerk(running, 25))

    assert len(times) > 50
    assert times[len(times) // 2] < 0.5
    assert times[-1] < 5


@pytest.mark.slow
def test_a_clerk_is_answered_while_many_addresses_drip(running: Server) -> None:
    with contextlib.ExitStack() as stack:
        for last in range(2, 14):
            stack.enter_context(dripping(running, MAX_PER_ADDRESS, HEAD, f"127.0.0.{last}"))
        times = calls_of_a_clerk(running, 10)

    assert len(times) > 20
    assert max(times) < 5


@pytest.fixture
def quick(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server that waits for a request for a second only, and has little room."""
    monkeypatch.setattr(web_channel, "HEAD_S", 1.0)
    monkeypatch.setattr(web_channel, "MAX_BODY_BYTES", 1024 * 1024)
    server = WebServer(client.application, "127.0.0.1", 0, threads=4)
    server.start()
    yield server.port
    server.stop()


@pytest.mark.parametrize("bytes_sent", [b"", b"G", b"\r\n"], ids=["silent", "head", "empty"])
def test_who_sends_no_whole_request_is_closed_in_time(quick: int, bytes_sent: bytes) -> None:
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", quick), timeout=0.2) as connection:
        while time.monotonic() - begun < 25:
            try:
                connection.sendall(bytes_sent)
                if connection.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break

    assert 0.9 < time.monotonic() - begun < 20


def test_a_stream_of_events_is_not_too_slow(quick: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", quick, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", "/events?stream=slow")
        answer = connection.getresponse()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            assert answer.readline()
        answer.close()


def test_bodies_that_fill_the_memory_are_answered_and_small_ones_taken(quick: int) -> None:
    def post(size: int) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", quick, timeout=10)
        stack.callback(connection.close)
        connection.putrequest("POST", "/api/pictures")
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        return connection

    with contextlib.ExitStack() as stack:
        first, second = post(1_000_000), post(500_000)
        first.send(bytes(900_000))
        time.sleep(0.3)
        with contextlib.suppress(OSError):  # the answer may come before all is sent
            second.send(bytes(400_000))
        refused = second.getresponse()
        small = post(100)
        small.send(bytes(100))
        taken = small.getresponse()

        assert (refused.status, refused.headers["Retry-After"]) == (503, "2")
        assert taken.status == 400  # read, and no picture
        refused.close()
        taken.close()
        first.close()
        until(lambda: status_of_large(quick) == 400)


def status_of_large(port: int) -> int:
    """Return the status of the answer to a body that fits in only if no other is there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("POST", "/api/pictures", bytes(900_000))
        with connection.getresponse() as answer:
            return answer.status


def test_a_body_beyond_every_limit_is_refused_before_it_comes(quick: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", quick, timeout=10)
    with contextlib.closing(connection):
        connection.putrequest("POST", "/api/pictures")
        connection.putheader("Content-Length", str(10**9))
        connection.endheaders()
        with connection.getresponse() as answer:
            assert answer.status == 413
