"""The sources of a feed: a web server, or a folder such as a USB stick.

1. Nothing from a source is trusted here; trust.py decides what may be believed.
2. A source raises FeedNotThere, FeedUnreachable or FeedTooSlow and nothing else, also while the
   content is being read.
3. Every wait has a limit, and content is never unpacked, so that no server can hold a thread or
   fill the memory.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urljoin

import urllib3

from kiosk.feed.errors import FeedNotThere, FeedTooSlow, FeedUnreachable
from kiosk.runtime.http_client import CONNECT_TIMEOUT_S, ProxyRefused, WatchedPool
from kiosk.runtime.proxies import DIRECT, Proxies
from kiosk.runtime.server_time import ServerClock

READ_BYTES = 256 * 1024  # at once
MAX_SILENCE_S = 30.0  # of a server, before it counts as unreachable
MAX_METADATA_S = 60.0  # for one file of metadata, which is small
MAX_REDIRECTS = 3
NOT_THERE_STATUSES = (403, 404, 410)


class Stream(NamedTuple):
    """The content of a file from the byte `start` on."""

    start: int
    blocks: Generator[bytes, None, None]  # the caller must close it


class FeedSource(Protocol):
    """Reads the files of a feed; their paths begin with `metadata/` or `targets/`."""

    name: str  # shown on pages

    def read(self, path: str, start: int = 0) -> Stream:
        """Return the content of a file from `start` on, or from 0 if the source cannot do that.

        Raises FeedNotThere, FeedUnreachable or FeedTooSlow, also while the blocks are read.
        """

    def drift(self) -> timedelta | None:
        """Return how far the source's clock is ahead of ours; None if it is not known."""


class WebSource:
    """A feed on a web server; any server of static files will do."""

    def __init__(
        self,
        url: str,
        now: Callable[[], datetime],
        max_file_s: float,
        proxies: Proxies = DIRECT,
    ) -> None:
        """`max_file_s` is how long one file of `targets/` may take; `now` returns aware times.

        `proxies` are the way out.
        """
        self.name = self._url = url.rstrip("/")
        self._now, self._max_file_s = now, max_file_s
        self._pool = WatchedPool(proxies)
        self._server_clock = ServerClock()

    def drift(self) -> timedelta | None:
        """Return how far the server's clock is ahead of ours now, by its newest answer.

        Our clock may have been set since that answer.
        """
        moment = self._server_clock.now()
        return None if moment is None else moment - self._now()

    def read(self, path: str, start: int = 0) -> Stream:
        """Return the content of a file, as `FeedSource` describes it."""
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        max_s = MAX_METADATA_S if path.startswith("metadata/") else self._max_file_s
        deadline = time.monotonic() + max_s
        asked_at_s = self._server_clock.steady()
        answer = self._ask(f"{self._url}/{path}", headers)
        self._server_clock.note(answer.headers.get("Date"), asked_at_s)
        if answer.status == 200 and not _is_web_page(answer):
            return Stream(0, _blocks(answer, deadline))
        if answer.status == 206 and _starts_at(answer, start):
            return Stream(start, _blocks(answer, deadline))
        answer.close()
        if answer.status == 200:
            raise FeedUnreachable(f"{path}: a web page came; does the network need a login?")
        if start and answer.status in (206, 416):
            return self.read(path)
        if answer.status in NOT_THERE_STATUSES:
            raise FeedNotThere(f"{path}: HTTP {answer.status}")
        raise FeedUnreachable(f"{path}: HTTP {answer.status}")

    def _ask(self, url: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        """Return the answer after at most MAX_REDIRECTS redirects; its body is still unread."""
        for _ in range(1 + MAX_REDIRECTS):
            with _translate_http_errors(time.monotonic() + MAX_SILENCE_S):
                answer = self._pool.request(
                    "GET",
                    url,
                    headers=headers,
                    timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=MAX_SILENCE_S),
                    retries=False,
                    redirect=False,  # the library would read the body of a redirect, to its end
                    preload_content=False,
                )
                location = answer.get_redirect_location()
                if not location:
                    return answer
                answer.close()
                url = urljoin(url, location)
        raise FeedUnreachable(f"more than {MAX_REDIRECTS} redirects in a row")


def _starts_at(answer: urllib3.BaseHTTPResponse, start: int) -> bool:
    return answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _is_web_page(answer: urllib3.BaseHTTPResponse) -> bool:
    return answer.headers.get("Content-Type", "").lower().startswith("text/html")


def _blocks(answer: urllib3.BaseHTTPResponse, deadline: float) -> Generator[bytes, None, None]:
    """Yield the content of an answer, not unpacked, so that little data cannot become much."""
    # The library itself may wait for the end of a line that arrives byte by byte, or never ends.
    watchdog = threading.Timer(max(deadline - time.monotonic(), 0.0), _shut_down, [answer])
    watchdog.daemon = True
    watchdog.start()
    try:
        while True:
            with _translate_http_errors(deadline):
                block = answer.read1(READ_BYTES, decode_content=False)
            if block:
                yield block
            if time.monotonic() > deadline:
                raise FeedTooSlow("the file did not arrive in the time that it may take")
            if not block:
                return
    finally:
        watchdog.cancel()
        answer.close()


def _shut_down(answer: urllib3.BaseHTTPResponse) -> None:
    with contextlib.suppress(OSError, RuntimeError, ValueError):  # it may have ended already
        answer.shutdown()


@contextlib.contextmanager
def _translate_http_errors(deadline: float) -> Iterator[None]:
    """Translate every error that the library or the system can raise into one of ours."""
    try:
        yield
    except ProxyRefused as exc:
        raise FeedUnreachable(str(exc)) from exc
    except urllib3.exceptions.NewConnectionError as exc:  # it is also a TimeoutError
        raise FeedUnreachable(type(exc).__name__) from exc
    except (urllib3.exceptions.TimeoutError, TimeoutError) as exc:
        raise FeedTooSlow(type(exc).__name__) from exc
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
        kind = FeedTooSlow if time.monotonic() > deadline else FeedUnreachable
        raise kind(type(exc).__name__) from exc


class FolderSource:
    """A feed in a folder: a copy of the web server's files, on a stick or a network share."""

    def __init__(self, folder: Path) -> None:
        self.name, self._folder = str(folder), folder

    def drift(self) -> timedelta | None:
        """Return None: a stick has no clock."""
        return None

    def read(self, path: str, start: int = 0) -> Stream:
        """Return the content of a file, as `FeedSource` describes it."""
        if not os.path.isdir(self._folder):
            raise FeedUnreachable(f"{self._folder} is not there")
        if not os.path.isfile(self._folder / path):  # a pipe or a device would never end
            raise FeedNotThere(path)
        return Stream(start, self._blocks(path, start))

    def _blocks(self, path: str, start: int) -> Generator[bytes, None, None]:
        try:
            with (self._folder / path).open("rb") as file:
                file.seek(start)
                while block := file.read(READ_BYTES):
                    yield block
        except OSError as exc:
            raise FeedUnreachable(f"{path}: {exc.strerror or type(exc).__name__}") from exc
