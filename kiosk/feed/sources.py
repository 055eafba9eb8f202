"""Where a feed is read from: a web server, or a folder such as a USB stick.

Nothing that comes from a source is believed here; what it may say is for trust.py.
"""

from __future__ import annotations

import contextlib
import email.utils
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
from kiosk.runtime.http_client import CONNECT_TIMEOUT_S, watched_pool

BLOCK = 256 * 1024  # bytes
SILENCE_S = 30.0  # after which a server is given up
METADATA_S = 60.0  # for one file of metadata, which is small
MOST_REDIRECTS = 3
GONE = (403, 404, 410)


class Stream(NamedTuple):
    """A file as it comes: its bytes from `start` on."""

    start: int
    blocks: Generator[bytes, None, None]  # close it when no more is wanted


class FeedSource(Protocol):
    """Reads the files of a feed, named from its root: `metadata/…` and `targets/…`."""

    name: str  # for people

    def read(self, path: str, start: int = 0) -> Stream:
        """Return a file from `start` on, or from 0 where that cannot be had.

        FeedNotThere, FeedUnreachable or FeedTooSlow, also while the blocks come.
        """

    def drift(self) -> timedelta | None:
        """Return how far its clock stands ahead of ours; None where it told none."""


class WebSource:
    """A feed on a web server that holds nothing but files."""

    def __init__(self, url: str, now: Callable[[], datetime], longest_s: float) -> None:
        """`longest_s` is how long one file may take; what came by then is kept."""
        self.name = self._url = url.rstrip("/")
        self._now, self._longest_s = now, longest_s
        self._pool = watched_pool()
        self._drift: timedelta | None = None

    def drift(self) -> timedelta | None:
        """Return how far the server's clock stands ahead of ours."""
        return self._drift

    def read(self, path: str, start: int = 0) -> Stream:
        """Return a file from `start` on."""
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        longest_s = METADATA_S if path.startswith("metadata/") else self._longest_s
        deadline = time.monotonic() + longest_s
        answer = self._ask(f"{self._url}/{path}", headers)
        self._note_clock(answer.headers.get("Date"))
        if answer.status == 200 and not _is_page(answer):
            return Stream(0, _blocks(answer, deadline))
        if answer.status == 206 and _begins_at(answer, start):
            return Stream(start, _blocks(answer, deadline))
        answer.close()
        if answer.status == 200:
            raise FeedUnreachable(f"{path}: a web page came; does the network want a login?")
        if start and answer.status in (206, 416):
            return self.read(path)
        if answer.status in GONE:
            raise FeedNotThere(f"{path}: HTTP {answer.status}")
        raise FeedUnreachable(f"{path}: HTTP {answer.status}")

    def _ask(self, url: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        """Return the answer that stands at the end of a few redirects."""
        for _ in range(1 + MOST_REDIRECTS):
            with _translate_http_errors(time.monotonic() + SILENCE_S):
                answer = self._pool.request(
                    "GET",
                    url,
                    headers=headers,
                    timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=SILENCE_S),
                    retries=False,
                    redirect=False,  # the library would read what stands below one, to its end
                    preload_content=False,
                )
                where = answer.get_redirect_location()
                if not where:
                    return answer
                answer.close()
                url = urljoin(url, where)
        raise FeedUnreachable(f"more than {MOST_REDIRECTS} redirects, one after the other")

    def _note_clock(self, said: str | None) -> None:
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            moment = email.utils.parsedate_to_datetime(said or "")
            self._drift = moment - self._now() if moment.tzinfo else None


def _begins_at(answer: urllib3.BaseHTTPResponse, start: int) -> bool:
    return answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _is_page(answer: urllib3.BaseHTTPResponse) -> bool:
    return answer.headers.get("Content-Type", "").lower().startswith("text/html")


def _blocks(answer: urllib3.BaseHTTPResponse, deadline: float) -> Generator[bytes, None, None]:
    """Yield a body as it comes, never unpacked: a server may not make much of little."""
    # The library may wait for the end of a line that drips in, or of lines without an end.
    watchdog = threading.Timer(max(deadline - time.monotonic(), 0.0), _shut, [answer])
    watchdog.daemon = True
    watchdog.start()
    try:
        while True:
            with _translate_http_errors(deadline):
                block = answer.read1(BLOCK, decode_content=False)
            if block:
                yield block
            if time.monotonic() > deadline:
                raise FeedTooSlow("not through in the time that it may take")
            if not block:
                return
    finally:
        watchdog.cancel()
        answer.close()


def _shut(answer: urllib3.BaseHTTPResponse) -> None:
    with contextlib.suppress(OSError, RuntimeError, ValueError):  # it may have ended by itself
        answer.shutdown()


@contextlib.contextmanager
def _translate_http_errors(deadline: float) -> Iterator[None]:
    """Turn every error that a transport can leak into one of ours."""
    try:
        yield
    except urllib3.exceptions.NewConnectionError as exc:  # to the library a timeout, too
        raise FeedUnreachable(type(exc).__name__) from exc
    except (urllib3.exceptions.TimeoutError, TimeoutError) as exc:
        raise FeedTooSlow(type(exc).__name__) from exc
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
        kind = FeedTooSlow if time.monotonic() > deadline else FeedUnreachable
        raise kind(type(exc).__name__) from exc


class FolderSource:
    """A feed in a folder: a copy of what the web server holds, on a stick or a share."""

    def __init__(self, folder: Path) -> None:
        self.name, self._folder = str(folder), folder

    def drift(self) -> timedelta | None:
        """Return None: a stick has no clock."""
        return None

    def read(self, path: str, start: int = 0) -> Stream:
        """Return a file from `start` on."""
        if not os.path.isdir(self._folder):
            raise FeedUnreachable(f"{self._folder} is not there")
        if not os.path.isfile(self._folder / path):  # a pipe or a device would never end
            raise FeedNotThere(path)
        return Stream(start, self._blocks(path, start))

    def _blocks(self, path: str, start: int) -> Generator[bytes, None, None]:
        try:
            with (self._folder / path).open("rb") as file:
                file.seek(start)
                while block := file.read(BLOCK):
                    yield block
        except OSError as exc:
            raise FeedUnreachable(f"{path}: {exc.strerror or type(exc).__name__}") from exc
