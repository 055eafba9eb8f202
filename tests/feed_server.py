"""A feed for tests: published with real keys, served by a real HTTP server that can misbehave."""

from __future__ import annotations

import contextlib
import functools
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import TargetFile

from kiosk.data.manifest import read_manifest
from kiosk.errors import DataError
from kiosk.feed.sources import FeedSource, FolderSource, WebSource
from kiosk.feed.update import Feed
from kiosk.publisher import (
    NewVersion,
    add_root_signature,
    init_feed,
    prepare_root,
    publish_version,
    renew_key,
    sign_feed,
)
from kiosk.publisher.keys import online_signers
from kiosk.publisher.repository import MetadataRepository
from tests.cast import Clock
from tests.data_store import store_at
from verify import BUILD_TIME, Card

HEADING = "number,citizen_number,holder,born,standing,valid_from,valid_until,living_area"


def now() -> datetime:
    """Return the machine's time (aware), because python-tuf uses no other clock."""
    return datetime.now(UTC)


def quiet(*_progress: object) -> None:
    """Ignore the progress."""


def fine(_tables: Path) -> None:
    """Accept all tables."""


def line(tail: int, until: str = "2026-12-31", standing: str = "") -> str:
    """Return the line of an invented card in a CSV of card records."""
    return f"DN401{tail:010d},,,,{standing},2026-01-01,{until},"


@dataclass
class Publisher:
    """A feed and its keys, in a folder of the test."""

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
        """The root metadata as an operator gets it by hand."""
        return (self.feed / "metadata" / "1.root.json").read_bytes()

    def init(self) -> None:
        init_feed(self.feed, self.keys, self.clock())

    def records(self, *lines: str) -> Path:
        path = self.folder / "records.csv"
        path.write_text("\n".join([HEADING, *lines]) + "\n", "utf-8")
        return path

    def cards(self, *lines: str) -> int:
        """Publish a registry with these lines."""
        return self.publish(cards=self.records(*lines))

    def publish(self, issued: datetime | None = None, **new: Any) -> int:
        material = NewVersion(issued or self.clock(), **new)
        return publish_version(self.feed, self.keys, material, self.clock(), quiet)

    def sign(self) -> dict[str, object]:
        return sign_feed(self.feed, self.keys, self.clock())

    def rotate(self, role: str, old: str = "", *signed_by: str) -> None:
        """Prepare a new root: with a new key for `role`, or, with no role, only a later expiry.

        `old` names the key that is replaced, if the role is `root`.  Two of the root's keys sign,
        unless others are named; `sign` then publishes the root.
        """
        new = renew_key(self.keys, old or role) if role else None
        prepare_root(self.feed, self.clock(), role, new, old)
        for name in signed_by or ("root-2", "root-3"):
            add_root_signature(self.feed, self.keys / f"{name}.pem")

    def signers(self) -> dict[str, CryptoSigner]:
        """Return the online keys."""
        return online_signers(self.keys, self.repository.root().signed)

    @property
    def repository(self) -> MetadataRepository:
        return MetadataRepository(self.feed)

    def publish_target(self, path: str, content: bytes, **odd: Any) -> None:
        """Publish a version, correctly signed, that names a file with any path and content.

        `odd` are members of the file's entry that differ from what they should be.
        """
        targets = self.repository.targets().signed
        targets.version += 1
        about = {"set": path.partition("-")[0], "version": targets.version,
                 "issued": self.clock().replace(microsecond=0).isoformat()}  # fmt: skip
        entry = {"length": len(content), "hashes": {"sha256": sha256(content).hexdigest()},
                "custom": about | odd.pop("custom", {})} | odd  # fmt: skip
        target = TargetFile.from_dict(entry, path)
        for name, other in list(targets.targets.items()):
            if other.custom["set"] == about["set"]:
                del targets.targets[name]
        targets.targets[path] = target
        stored = self.feed / "targets" / f"{sha256(content).hexdigest()}.{path}"
        if stored.parent == self.feed / "targets":
            stored.write_bytes(content)
        self.repository.put_targets(targets, self.signers(), self.clock())

    def copy(self) -> Publisher:
        """Return a copy of the feed in another folder; the two are independent from now on."""
        other = Publisher(self.folder.with_name(f"{self.folder.name}'"), Clock(self.clock()))
        shutil.copytree(self.folder, other.folder, dirs_exist_ok=True)
        return other


Misbehaviour = Callable[["Request", bytes], "bytes | None"]


@dataclass
class Site:
    """The server: its files, how it misbehaves, and what it has sent."""

    folder: Path
    # Returns the content to send in place of the file's; None: it has answered by itself.
    misbehave: Misbehaviour | None = None
    # Answers in place of the server; returns whether it did.
    answer: Callable[[Request], bool] | None = None
    ranges: bool = True
    asked: list[str] = field(default_factory=list)
    sent: int = 0  # bytes of all bodies
    url: str = ""


class Request(BaseHTTPRequestHandler):
    """One request; `site` is set by the server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # otherwise each answer waits 40 ms for an acknowledgement

    def __init__(self, *args: Any, site: Site) -> None:
        self.site = site
        super().__init__(*args)

    def do_GET(self) -> None:
        self.site.asked.append(self.path)
        if self.site.answer is not None and self.site.answer(self):
            return
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
        """Send a part of a body, and count its bytes."""
        self.wfile.write(content)
        self.site.sent += len(content)

    def respond(self, status: int, content: bytes = b"", **headers: str) -> bool:
        """Send an answer; an underscore in a header's name stands for a hyphen."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        with contextlib.suppress(OSError):  # the client may have closed the connection
            self.body(content)
        return True

    def cut(self) -> None:
        """End the connection at once."""
        self.wfile.flush()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Site]:
    """Serve a folder on a free port."""
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


def client(folder: Path, root: bytes, floor: Callable[[], Any] = lambda: BUILD_TIME) -> Feed:
    """Return the kiosk's client of the feed, on the kiosk's own folder."""
    folder.mkdir(exist_ok=True)
    return Feed(folder, root, floor, fine)


def web(site: Site, max_file_s: float = 30.0) -> WebSource:
    return WebSource(site.url, now, max_file_s)


def stick(folder: Path) -> FolderSource:
    return FolderSource(folder)


def until(folder: Path, tail: int) -> date | None:
    """Return the last valid day of a card by the registry in use; None if it has no record."""
    store = store_at(folder)
    found = store.registered(Card(f"{tail:010d}"))
    assert store.failure is None
    store.close()
    return found.valid_until if found else None


OLD, NEW = date(2026, 12, 31), date(2027, 6, 30)


@dataclass
class Scene:
    """A kiosk that has adopted the version OLD, its publisher, and the server between them."""

    publisher: Publisher
    site: Site
    folder: Path

    @property
    def feed(self) -> Feed:
        return client(self.folder, self.publisher.root)

    def publish_new(self) -> None:
        """Publish the version NEW."""
        self.publisher.cards(line(1, f"{NEW}"))

    def refuses(
        self, error: type[DataError], source: FeedSource | None = None, match: str = "."
    ) -> str:
        """Check that an update fails with this error and changes nothing; return the message."""
        before, was = read_manifest(self.folder), until(self.folder, 1)
        with pytest.raises(DataError, match=match) as raised:
            self.feed.update(source or web(self.site), quiet)
        assert type(raised.value) is error, repr(raised.value)
        assert read_manifest(self.folder) == before
        assert until(self.folder, 1) == was
        return str(raised.value)

    def recovers(self, day: date = NEW) -> None:
        """Stop all misbehaviour, and check that the next update succeeds."""
        self.site.misbehave = self.site.answer = None
        self.feed.update(web(self.site), quiet)
        assert until(self.folder, 1) == day
        manifest = read_manifest(self.folder)
        assert manifest is not None
        signed = self.publisher.repository.timestamp().signed
        assert manifest.confirmed == datetime.fromisoformat(signed.unrecognized_fields["issued"])


@contextlib.contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Set a scene up in a folder of the test."""
    publisher = Publisher(folder / "publisher")
    publisher.init()
    publisher.cards(line(1, f"{OLD}"), line(2))
    with serving(publisher.feed) as site:
        playing = Scene(publisher, site, folder / "kiosk")
        playing.feed.update(web(site), quiet)
        yield playing
