"""The event streams over HTTP: a new stream takes the place of the oldest one, for good."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Notifier
from kiosk.runtime.webserver import WebServer
from kiosk.web.guard import STREAMS
from tests.conftest import Kiosk

LIMIT = 4  # streams that the kiosk of these tests lets in
TIMEOUT_S = 20

Connect = Callable[..., "Stream"]
Follow = Callable[..., "list[Stream]"]


class Stream:
    """A stream that another program reads."""

    def __init__(self, port: int, path: str, last: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        headers = {"Last-Event-ID": last} if last else {}
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()

    def read_until_status(self) -> None:
        """Read until the stream has a place."""
        self.read_until("event: status")

    def read_until(self, text: str) -> None:
        """Read until a line has a text."""
        assert any(text in line for line in self._lines())

    def read_some(self) -> str:
        """Read until there is a picture, or the program ends the stream."""
        read = ""
        for line in self._lines():
            read += line
            if "data: {" in line:
                break
        return read

    def read_rest(self) -> str:
        """Read until the program ends the stream."""
        return "".join(self._lines())

    def close(self) -> None:
        self.connection.close()
        self.answer.close()

    def _lines(self) -> Iterator[str]:
        deadline = time.monotonic() + TIMEOUT_S
        while line := self.answer.readline():
            assert time.monotonic() < deadline, "the stream did not end in time"
            yield line.decode()


@pytest.fixture
def connect(client: FlaskClient, stop: threading.Event) -> Iterator[Connect]:
    """Open a stream; it is closed after the test."""
    server = WebServer(client.application, "127.0.0.1", 0, threads=6 * LIMIT)
    server.start()
    with contextlib.ExitStack() as streams:

        def connect(name: str, last: str = "", path: str = "/events?stream=") -> Stream:
            stream = Stream(server.port, path + name, last)
            streams.callback(stream.close)
            return stream

        yield connect
        stop.set()
        server.stop()


@pytest.fixture
def follow(connect: Connect) -> Follow:
    """Open streams one after the other, each with a place."""

    def follow(names: str) -> list[Stream]:
        streams = []
        for name in names:
            streams.append(connect(name))
            streams[-1].read_until_status()
        return streams

    return follow


def test_the_oldest_stream_ends_with_a_closed_event_and_is_not_let_in_again(
    connect: Connect, follow: Follow, kiosk: Kiosk
) -> None:
    oldest = follow("abcde")[0]

    assert 'id: closed\nevent: closed\ndata: {"reason": "too_many"}\n' in oldest.read_rest()
    assert connect("", last="closed").answer.status == 204  # after which a browser stops
    assert connect("a", last="0").read_rest().count("event:") == 1  # if it missed the closed event
    assert sorted(kiosk.notifier._streams.values()) == ["b", "c", "d", "e"]


def test_a_page_whose_stream_was_closed_comes_in_under_a_new_name(follow: Follow) -> None:
    streams = follow("abcde")
    streams[0].read_rest()
    follow("f")

    assert "event: closed" in streams[1].read_rest()


def test_a_stream_that_connects_again_takes_the_place_it_had(
    connect: Connect, follow: Follow, kiosk: Kiosk
) -> None:
    follow("abcd")
    connect("c", last="0").read_until_status()  # its connection was lost without notice

    assert sorted(kiosk.notifier._streams.values()) == ["a", "b", "c", "d"]


def test_a_stream_whose_page_has_gone_makes_room_at_once(follow: Follow, kiosk: Kiosk) -> None:
    streams = follow("abcd")
    for name in "uvwxyz":
        streams.pop().close()
        streams += follow(name)
        assert sorted(kiosk.notifier._streams.values()) == ["a", "b", "c", name]


def test_evicted_streams_without_a_name_are_not_remembered() -> None:
    notifier = Notifier(1)
    first, second, third = (notifier.enter() for _ in range(3))

    assert [notifier.may_stay(number) for number in (first, second, third)] == [False, False, True]


def test_one_newcomer_at_most_waits_until_another_stream_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kiosk.desk.notifier.LEAVE_TIMEOUT_S", 600.0)
    notifier = Notifier(2)
    for _ in range(2):
        notifier.enter()
    newcomers = [threading.Thread(target=notifier.enter, daemon=True) for _ in range(6)]
    for newcomer in newcomers:
        newcomer.start()
    deadline = time.monotonic() + 10
    while sum(newcomer.is_alive() for newcomer in newcomers) > 1:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for number in range(8):  # ends the wait of the last one, too
        notifier.leave(number)


def test_streams_of_patients_displays_take_no_place_of_a_desk(
    connect: Connect, follow: Follow, kiosk: Kiosk
) -> None:
    follow("abcd")
    displays = [connect("", path="/display/patient/events") for _ in range(LIMIT)]
    for display in displays:
        display.read_until("data: {")

    one_too_many = connect("", path="/display/patient/events")

    assert one_too_many.read_rest() == "retry: 5000\n\n"
    assert sorted(kiosk.notifier._streams.values()) == ["a", "b", "c", "d"]
    displays.pop().close()
    deadline = time.monotonic() + TIMEOUT_S
    while "data: {" not in connect("", path="/display/patient/events").read_some():
        assert time.monotonic() < deadline, "the place of a display that has gone is not free"


def test_all_streams_are_known_to_the_guard(client: FlaskClient) -> None:
    paths = {rule.rule for rule in client.application.url_map.iter_rules()}
    assert set(STREAMS) <= paths
    assert set(STREAMS) >= {path for path in paths if path.endswith("/events")}


@pytest.mark.parametrize("path", STREAMS)
@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403)])
def test_another_site_opens_no_stream(
    client: FlaskClient, site: str, status: int, path: str
) -> None:
    response = client.get(path, headers={"Sec-Fetch-Site": site}, buffered=False)

    assert response.status_code == status
    response.close()
