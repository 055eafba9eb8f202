"""A feed for tests: published with real keys, served by a real HTTP server that can misbehave."""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from kiosk.feed import Feed, FolderSource, WebSource
from kiosk.publisher import Material, init_feed, publish, sign_feed
from tests.cast import Clock
from verify import BUILT

HEADING = "number,citizen_number,holder,born,standing,valid_from,valid_until,living_area"


def now() -> datetime:
    """Return the machine's time: The Update Framework looks at nothing else."""
    return datetime.now(UTC)


def quiet(*_told: object) -> None:
    """Tell nobody."""


def fine(_tables: Path) -> None:
    """Find all tables good."""


def line(tail: int, until: str = "2026-12-31", standing: str = "") -> str:
    """Return the record of an invented card."""
    return f"DN401{tail:010d},,,,{standing},2026-01-01,{until},"


@dataclass
class Publisher:
    """A feed and its keys, in a folder of a test."""

    folder: Path
    clock: Clock = field(default_factory=lambda: Clock(now()))

    @property
    def feed(self) -> Path:
        return self.folder / "feed"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def root(self) -> bytes:
        """The root metadata as an operator is given it."""
        return (self.feed / "metadata" / "1.root.json").read_bytes()

    def init(self) -> None:
        init_feed(self.feed, self.keys, self.clock())

    def records(self, *lines: str) -> Path:
        path = self.folder / "records.csv"
        path.write_text("\n".join([HEADING, *lines]) + "\n", "utf-8")
        return path

    def cards(self, *lines: str) -> int:
        """Publish a registry of these."""
        return self.publish(cards=self.records(*lines))

    def publish(self, **new: Any) -> int:
        material = Material(self.clock(), **new)
        return publish(self.feed, self.keys, material, self.clock(), quiet)

    def sign(self) -> dict[str, object]:
        return sign_feed(self.feed, self.keys, self.clock())


Misbehaviour = Callable[["Request", bytes], "bytes | None"]


@dataclass
class Site:
    """The server: what it holds, how it misbehaves, and what it has sent."""

    folder: Path
    misbehave: Misbehaviour | None = None  # what to send instead; None: nothing more
    ranges: bool = True
    asked: list[str] = field(default_factory=list)
    sent: int = 0  # bytes of bodies
    url: str = ""


class Request(BaseHTTPRequestHandler):
    """One request; `site` is set by the server."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any, site: Site) -> None:
        self.site = site
        super().__init__(*args)

    def do_GET(self) -> None:
        self.site.asked.append(self.path)
        path = self.site.folder / self.path.lstrip("/")
        content = path.read_bytes() if path.is_file() else None
        if content is None:
            self.send_error(404)
            return
        if self.site.misbehave is not None:
            content = self.site.misbehave(self, content)
            if content is None:
                self.close_connection = True
                return
        start = int(self.headers.get("Range", "bytes=0-")[6:-1]) if self.site.ranges else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.body(content[start:])

    def body(self, content: bytes) -> None:
        """Send bytes, and count them."""
        self.wfile.write(content)
        self.site.sent += len(content)

    def cut(self) -> None:
        """End the connection in the middle."""
        self.wfile.flush()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Site]:
    """Serve a folder on a port of its own."""
    site = Site(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Request, site=site))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def client(folder: Path, root: bytes, floor: Callable[[], Any] = lambda: BUILT) -> Feed:
    """Return the kiosk's side, on its own folder."""
    folder.mkdir(exist_ok=True)
    return Feed(folder, root, floor, fine)


def web(site: Site, longest_s: float = 30.0) -> WebSource:
    return WebSource(site.url, now, longest_s)


def stick(folder: Path) -> FolderSource:
    return FolderSource(folder)
