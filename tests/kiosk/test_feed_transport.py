"""Whatever a server or a stick sends, the data in use stay, and the next update works."""

from __future__ import annotations

import os
import re
import shutil
import socket
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import DataError
from kiosk.feed.errors import FeedNotThere, FeedNotWhole, FeedTooSlow, FeedUnreachable
from kiosk.feed.sources import FolderSource, Stream, WebSource
from tests.feed_server import (
    NEW,
    OLD,
    Publisher,
    Request,
    Scene,
    client,
    line,
    now,
    quiet,
    scene,
    serving,
    stick,
    until,
    web,
)
from tests.sampling import sample_more_and_all

PAGE = b"<!doctype html><title>Wi-Fi</title>Please sign in"
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
FILES = ["timestamp.json", "snapshot.json", "targets.json", "registry"]


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as playing:
        playing.publish_new()
        yield playing


def when(name: str, answer: Callable[[Request], bool]) -> Callable[[Request], bool]:
    """Return an answer that is given only if the path of the request contains `name`."""
    return lambda request: name in request.path and answer(request)


def is_part(folder: Path) -> bool:
    return bool(list(folder.glob("*.part")))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda request: request.respond(200, PAGE, Content_Type="text/html"), FeedUnreachable),
        (lambda request: request.respond(200, PAGE), None),
        (lambda request: request.respond(200), None),
        (lambda request: request.respond(500, PAGE), FeedUnreachable),
        (lambda request: request.respond(503, PAGE, Retry_After="86400"), FeedUnreachable),
        (lambda request: request.respond(403, PAGE), FeedNotThere),
        (lambda request: request.respond(416, PAGE), FeedUnreachable),
        (lambda request: request.respond(206, PAGE), FeedUnreachable),
        (lambda request: request.respond(204), FeedUnreachable),
        (lambda request: request.respond(302, PAGE), FeedUnreachable),
        (lambda request: request.respond(302, PAGE, Location="http://[bad"), FeedUnreachable),
        (
            lambda request: request.respond(302, PAGE, Location="file:///etc/passwd"),
            FeedUnreachable,
        ),
        (lambda request: request.respond(301, PAGE, Location=request.path), FeedUnreachable),
        (lambda request: raw(request, OK + b"Content-Length: 9999\r\n\r\n{}"), FeedUnreachable),
        (lambda request: raw(request, b"\x16\x03\x01" * 99), FeedUnreachable),
        (lambda request: raw(request, b""), FeedUnreachable),
        (lambda request: raw(request, OK + b"A: b\r\n" * 999), FeedUnreachable),
        (lambda request: raw(request, OK + b"A: " + b"a" * 99_999), FeedUnreachable),
        (
            lambda request: raw(request, CHUNKED + b"zz\r\n"),
            FeedUnreachable,
        ),
    ],
)  # fmt: skip
def test_any_answer_but_the_file_is_refused(
    kiosk: Scene, answer: Callable[[Request], bool], error: type[DataError] | None
) -> None:
    for name in ("", *FILES):
        kiosk.site.answer = when(name, answer)
        # Content that is not an error is malformed metadata, or a target that is too short.
        kiosk.refuses(error or (FeedUnreachable if name == "registry" else FeedNotWhole))
    kiosk.recovers()


def raw(request: Request, content: bytes) -> bool:
    """Send some bytes as they are, and end the connection."""
    request.wfile.write(content)
    request.cut()
    return True


def test_a_malformed_date_header_is_ignored(kiosk: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 99 Foo 2026", "", "x" * 999]
    for date in odd:
        monkeypatch.setattr(Request, "date_time_string", lambda *_args: date)  # noqa: B023
        kiosk.feed.update(web(kiosk.site), quiet)
    monkeypatch.undo()
    kiosk.recovers()


def test_a_login_page_does_not_cost_what_was_downloaded(kiosk: Scene) -> None:
    cut_at = cut_registry(kiosk)
    kiosk.site.answer = when(
        "registry",
        lambda request: request.respond(200, PAGE, Content_Type="text/html; charset=utf-8"),
    )
    kiosk.refuses(FeedUnreachable, match="login")

    kiosk.site.sent = 0
    kiosk.recovers()
    assert kiosk.site.sent < cut_at


def cut_registry(kiosk: Scene) -> int:
    """Cut the download of the registry near its end; return how many bytes were sent."""
    sent = 0

    def cut(request: Request, content: bytes) -> bytes | None:
        nonlocal sent
        if "registry" not in request.path:
            return content
        sent = len(content) * 9 // 10
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.body(content[:sent])
        request.cut()
        return None

    kiosk.site.misbehave = cut
    kiosk.refuses(FeedUnreachable)
    kiosk.site.misbehave = None
    assert is_part(kiosk.folder)
    return sent


@pytest.mark.parametrize(
    "content_range",
    ["bytes 0-99/100", "bytes 7-99/100", "bytes */100", "", "lines 1-2", "bytes 99999999-/1"],
)
def test_a_part_of_a_file_that_was_not_requested_is_not_accepted(
    kiosk: Scene, content_range: str
) -> None:
    cut_registry(kiosk)
    asked = []

    def other(request: Request) -> bool:
        asked.append(request.headers.get("Range"))
        is_odd = request.headers.get("Range") is not None
        return is_odd and request.respond(206, b"x" * 99, Content_Range=content_range)

    kiosk.site.answer = when("registry", other)
    kiosk.feed.update(web(kiosk.site), quiet)

    assert until(kiosk.folder, 1) == NEW  # requested again, from its beginning
    assert asked[0] is not None
    assert asked[1:] == [None]


def test_a_file_shorter_than_the_downloaded_part_is_requested_from_its_beginning(
    kiosk: Scene,
) -> None:
    cut_registry(kiosk)
    kiosk.site.answer = when(
        "registry", lambda request: "Range" in request.headers and request.respond(416)
    )
    kiosk.feed.update(web(kiosk.site), quiet)
    assert until(kiosk.folder, 1) == NEW


@pytest.mark.parametrize("more", [b"x", b"x" * 1_000_000])
def test_a_file_longer_than_signed_is_refused_even_if_it_continues_a_download(
    kiosk: Scene, more: bytes
) -> None:
    kiosk.site.misbehave = lambda request, content: (
        content + more if "registry" in request.path else content
    )
    kiosk.refuses(FeedNotWhole)
    cut_registry(kiosk)
    kiosk.site.misbehave = lambda request, content: (
        content + more if "registry" in request.path else content
    )
    kiosk.refuses(FeedNotWhole)
    kiosk.recovers()


@pytest.mark.parametrize("spoil", [lambda part: b"x" + part[1:], lambda part: part + b"x" * 10**6])
def test_a_part_that_was_changed_on_the_disk_is_fetched_again(
    kiosk: Scene, spoil: Callable[[bytes], bytes]
) -> None:
    cut_registry(kiosk)
    (part,) = kiosk.folder.glob("*.part")
    part.write_bytes(spoil(part.read_bytes()))

    kiosk.recovers()


def test_a_redirect_to_another_port_is_followed_and_its_content_is_verified(
    kiosk: Scene,
) -> None:
    with serving(kiosk.publisher.feed) as other:
        other.misbehave = lambda _request, content: content[::-1]
        for name in FILES:
            kiosk.site.answer = when(
                name, lambda request: request.respond(302, PAGE, Location=other.url + request.path)
            )
            kiosk.refuses(FeedNotWhole)
        other.misbehave = None
        kiosk.feed.update(web(kiosk.site), quiet)
    assert until(kiosk.folder, 1) == NEW


def without_end(request: Request, head: bytes, block: bytes, pause_s: float = 0.0) -> bool:
    """Send a block again and again until the client closes the connection, or for 30 seconds."""
    ends_at = time.monotonic() + 30
    try:
        request.wfile.write(head)
        while time.monotonic() < ends_at:
            request.body(block)
            time.sleep(pause_s)
    except OSError:
        pass
    request.close_connection = True
    return True


@pytest.mark.parametrize(
    ("head", "block"),
    [
        (OK + b"\r\n", b"x" * 65_536),
        (CHUNKED, b"8000\r\n" + b"x" * 0x8000 + b"\r\n"),
        (OK + b"Content-Encoding: gzip\r\n\r\n", zlib.compress(b"\0" * 10**7, wbits=31)),
    ],
)
def test_a_file_without_an_end_is_cut_off(kiosk: Scene, head: bytes, block: bytes) -> None:
    for name in FILES:
        kiosk.site.answer = when(name, lambda request: without_end(request, head, block))
        kiosk.site.sent = 0
        kiosk.refuses(FeedNotWhole)
        assert kiosk.site.sent < 30_000_000
    kiosk.recovers()


def test_the_body_of_a_redirect_is_not_read(kiosk: Scene) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n"
    kiosk.site.answer = when("snapshot", lambda request: without_end(request, head, b"x" * 65_536))

    kiosk.refuses(FeedNotThere)
    assert kiosk.site.sent < 30_000_000
    kiosk.recovers()


@pytest.mark.parametrize("name", ["timestamp", "registry"])
@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 ", b"O"),  # the first line
        (OK + b"A: ", b"a"),  # a header
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (OK + b"Content-Length: 9999\r\n\r\n", b"x"),
        (OK + b"\r\n", b"x"),
        (CHUNKED, b"0"),  # the length of a part of the body
        (CHUNKED + b"0\r\n", b"a: b\r\n"),  # what may follow a body
        (OK + b"Content-Length: 9999\r\n\r\n", b""),  # silence
    ],
)
def test_an_answer_that_arrives_byte_by_byte_is_given_up_in_time(
    kiosk: Scene, monkeypatch: pytest.MonkeyPatch, name: str, head: bytes, drop: bytes
) -> None:
    monkeypatch.setattr("kiosk.feed.sources.MAX_SILENCE_S", 0.5)
    monkeypatch.setattr("kiosk.feed.sources.MAX_METADATA_S", 0.5)
    kiosk.site.answer = when(name, lambda request: without_end(request, head, drop, 0.02))
    began = time.monotonic()

    kiosk.refuses(FeedTooSlow, web(kiosk.site, 0.5))
    assert time.monotonic() - began < 15  # the server continues for 30
    monkeypatch.undo()
    kiosk.recovers()


def test_the_part_of_a_slow_download_is_kept(kiosk: Scene) -> None:
    def slow(request: Request, content: bytes) -> bytes | None:
        if "registry" not in request.path:
            return content
        start = int(request.headers.get("Range", "bytes=0-")[6:-1])
        request.send_response(206 if start else 200)
        request.send_header("Content-Range", f"bytes {start}-/{len(content)}")
        request.send_header("Content-Length", str(len(content) - start))
        request.end_headers()
        request.body(content[start : start + 5_000])
        without_end(request, b"", b"")
        return None

    kiosk.site.misbehave = slow
    for sent in (5_000, 10_000):
        kiosk.refuses(FeedTooSlow, web(kiosk.site, 0.3))
        (part,) = kiosk.folder.glob("*.part")
        assert part.stat().st_size == sent
    kiosk.recovers()


def test_a_missing_server_name_or_tls_is_unreachable(kiosk: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    plain = kiosk.site.url.removeprefix("http://")
    for url in (
        f"http://127.0.0.1:{port}",
        "http://feed.invalid",
        f"https://{plain}",
        "http://[::bad",
        "ftp://127.0.0.1/feed",
    ):
        kiosk.refuses(FeedUnreachable, WebSource(url, now, 5.0))
    kiosk.recovers()


def test_a_connection_that_is_reset_is_unreachable(kiosk: Scene) -> None:
    def torn(request: Request) -> bool:
        request.wfile.write(OK + b"Content-Length: 99999\r\n\r\nbegun")
        linger = struct.pack("ii", 1, 0)
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        request.connection.close()
        request.close_connection = True
        return True

    for name in FILES:
        kiosk.site.answer = when(name, torn)
        kiosk.refuses(FeedUnreachable)
    kiosk.recovers()


class Pulled(FolderSource):
    """A stick that is pulled out after some blocks have been read."""

    def __init__(self, folder: Path, after: int) -> None:
        super().__init__(folder)
        self._stick, self._left = folder, after

    def read(self, path: str, start: int = 0) -> Stream:
        stream = super().read(path, start)
        return Stream(stream.start, self._pull(stream.blocks))

    def _pull(self, blocks: Iterator[bytes]) -> Generator[bytes, None, None]:
        for block in blocks:
            if self._left == 0:
                self._stick.rename(self._stick.with_name("pulled"))
                raise_if_gone = FolderSource(self._stick).read("metadata/timestamp.json")
                yield from raise_if_gone.blocks
            self._left -= 1
            yield block


@pytest.mark.parametrize("after", range(6))
def test_the_version_in_use_stays_if_the_stick_is_pulled_out(
    kiosk: Scene, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr("kiosk.feed.sources.READ_BYTES", 4_096)
    stick_folder = kiosk.publisher.copy().feed

    kiosk.refuses(FeedUnreachable, Pulled(stick_folder, after))
    stick_folder.with_name("pulled").rename(stick_folder)
    kiosk.feed.update(stick(stick_folder), quiet)
    assert until(kiosk.folder, 1) == NEW


def test_an_unreadable_stick_or_one_with_a_pipe_for_a_file_is_refused(kiosk: Scene) -> None:
    stick_folder = kiosk.publisher.copy().feed
    timestamp = stick_folder / "metadata" / "timestamp.json"
    content = timestamp.read_bytes()
    timestamp.unlink()
    if hasattr(os, "mkfifo"):
        os.mkfifo(timestamp)
        kiosk.refuses(FeedNotThere, stick(stick_folder))
        timestamp.unlink()
    timestamp.mkdir()
    kiosk.refuses(FeedNotThere, stick(stick_folder))
    timestamp.rmdir()
    timestamp.write_bytes(content)
    kiosk.refuses(FeedUnreachable, stick(Path("\0")))
    kiosk.feed.update(stick(stick_folder), quiet)
    assert until(kiosk.folder, 1) == NEW


class ReplacingSource:
    """A source that gives other content for one file."""

    name = "replacing"

    def __init__(self, feed: Path, path: str, content: bytes) -> None:
        self._feed, self._path, self._content = FolderSource(feed), path, content

    def drift(self) -> None:
        return None

    def read(self, path: str, start: int = 0) -> Stream:
        if path.endswith(self._path):
            return Stream(0, (content for content in [self._content]))
        return self._feed.read(path, start)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Publisher, Path]:
    folder = tmp_path_factory.mktemp("made")
    publisher = Publisher(folder / "publisher")
    publisher.init()
    publisher.cards(line(1, f"{OLD}"))
    client(folder / "kiosk", publisher.root).update(stick(publisher.feed), quiet)
    publisher.cards(line(1, f"{NEW}"))
    return publisher, folder / "kiosk"


DEEP = st.integers(1, 3_000).map(lambda depth: b'{"signed":' * depth + b"1" + b"}" * depth)
ODD = st.sampled_from(
    [b"", b"{}", b"[]", b"null", b'{"signed":{},"signatures":[]}', b"\xff\xfe", b"1e999",
     b'{"signed":{"_type":"timestamp"},"signatures":[]}', b"9" * 9_999, b'{"signed": NaN}']
)  # fmt: skip


@given(
    name=st.sampled_from(["/2.root.json", "timestamp.json", "snapshot.json", "targets.json"]),
    content=st.binary(max_size=300) | DEEP | ODD,
)
def test_any_bytes_in_place_of_metadata_are_refused(
    made: tuple[Publisher, Path], name: str, content: bytes
) -> None:
    refuses(made, name, content)


def refuses(made: tuple[Publisher, Path], name: str, content: bytes) -> None:
    """Check that the kiosk refuses a feed with this content in place of a file."""
    publisher, as_made = made
    with tempfile.TemporaryDirectory() as place:
        folder = shutil.copytree(as_made, Path(place) / "kiosk", symlinks=True)
        with pytest.raises(DataError):
            client(folder, publisher.root).update(
                ReplacingSource(publisher.feed, name, content), quiet
            )
        assert until(folder, 1) == OLD


@pytest.mark.parametrize("name", FILES[:3])
@sample_more_and_all("one_in", sample=41, more=5, whole=1)
def test_one_changed_bit_of_signed_metadata_is_refused(
    made: tuple[Publisher, Path], name: str, one_in: int
) -> None:
    path = sorted((made[0].feed / "metadata").glob(f"*{name}"))[-1]
    whole = path.read_bytes()
    expires = whole.index(b'"expires":"') + len(b'"expires":"')
    date = slice(expires, expires + len("2026-12-05T06:54:46Z"))
    for flip in range(8 * whole.index(b'"signed":'), 8 * len(whole), one_in):
        place, bit = divmod(flip, 8)
        content = bytearray(whole)
        content[place] ^= 1 << bit
        # The Update Framework reads "2026-12- 5t06:54:46z" as the same moment, and checks the
        # signature of what it has read, so such a bit changes nothing.
        is_in_date = date.start <= place < date.stop
        if not is_in_date or moment(content[date]) != moment(whole[date]):
            refuses(made, name, bytes(content))


def moment(written: bytes | bytearray) -> datetime | None:
    """Return the moment that a date of metadata is read as; None if it is no date."""
    try:
        return datetime.strptime(written.decode(), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


@pytest.mark.parametrize("name", FILES[:3])
def test_a_date_in_small_letters_is_the_date_that_was_signed(
    made: tuple[Publisher, Path], tmp_path: Path, name: str
) -> None:
    publisher, as_made = made
    content = sorted((publisher.feed / "metadata").glob(f"*{name}"))[-1].read_bytes()
    small = re.sub(rb'(?<="expires":")[^"]+', lambda date: date[0].lower(), content)
    assert small != content
    folder = shutil.copytree(as_made, tmp_path / "kiosk", symlinks=True)

    client(folder, publisher.root).update(ReplacingSource(publisher.feed, name, small), quiet)
    assert until(folder, 1) == NEW


def watchdogs(others: list[threading.Thread]) -> list[threading.Thread]:
    """Return the watchdog threads that still run, except for `others` of earlier tests."""
    new = [thread for thread in threading.enumerate() if thread not in others]
    found = [thread for thread in new if isinstance(thread, threading.Timer)]
    for thread in found:
        thread.join(10)
    return [thread for thread in found if thread.is_alive()]


def test_watchdog_threads_end_with_the_download(kiosk: Scene) -> None:
    before = threading.enumerate()
    kiosk.recovers()

    assert watchdogs(before) == []


def test_threads_and_connections_end_if_the_download_is_refused(kiosk: Scene) -> None:
    before = threading.enumerate()
    head = OK + b"\r\n"
    kiosk.site.answer = when("registry", lambda request: without_end(request, head, b"x" * 65_536))
    with pytest.raises(FeedNotWhole) as refused:
        kiosk.feed.update(web(kiosk.site), quiet)

    assert watchdogs(before) == [], refused  # the error still refers to the objects of the download
