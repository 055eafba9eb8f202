"""Where a feed is read from: a web server, or a folder such as a USB stick.

Nothing that comes from a source is believed here; what it may say is for trust.py.
"""

from __future__ import annotations

import contextlib
import email.utils
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

import urllib3

from kiosk.connections import CONNECT_TIMEOUT_S, watched_pool
from kiosk.errors import FeedError, FeedNotThere, FeedTooSlow, FeedUnreachable

BLOCK = 256 * 1024  # bytes
SILENCE_S = 30.0  # after which a server is given up
METADATA_S = 60.0  # for one file of metadata, which is small
RETRIES = urllib3.Retry(total=3, connect=0, read=0, redirect=3, status=0, other=0)
GONE = (403, 404, 410)


class Stream(NamedTuple):
    """A file as it comes: its bytes from `start` on."""

    start: int
    blocks: Iterator[bytes]


class Source(Protocol):
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
        with _as_ours():
            answer = self._pool.request(
                "GET",
                f"{self._url}/{path}",
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=SILENCE_S),
                retries=RETRIES,
                preload_content=False,
            )
        self._note_clock(answer.headers.get("Date"))
        if answer.status in (200, 206):
            begins = start if answer.status == 206 and _begins_at(answer, start) else 0
            return Stream(begins, self._blocks(answer, deadline))
        answer.close()
        if start and (answer.status == 416 or answer.status == 206):
            return self.read(path)
        if answer.status in GONE:
            raise FeedNotThere(f"{path}: HTTP {answer.status}")
        raise FeedUnreachable(f"{path}: HTTP {answer.status}")

    def _blocks(self, answer: urllib3.BaseHTTPResponse, deadline: float) -> Iterator[bytes]:
        """Yield the body as it comes, never unpacked: a server may not make much of little."""
        try:
            while True:
                with _as_ours():
                    block = answer.read1(BLOCK, decode_content=False)
                if not block:
                    return
                yield block
                if time.monotonic() > deadline:
                    raise FeedTooSlow("not through in the time that it may take")
        finally:
            answer.close()

    def _note_clock(self, said: str | None) -> None:
        with contextlib.suppress(TypeError, ValueError):
            moment = email.utils.parsedate_to_datetime(said or "")
            self._drift = moment - self._now() if moment.tzinfo else None


def _begins_at(answer: urllib3.BaseHTTPResponse, start: int) -> bool:
    return answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")


@contextlib.contextmanager
def _as_ours() -> Iterator[None]:
    """Turn every error that a transport can leak into one of ours."""
    try:
        yield
    except FeedError:
        raise
    except (urllib3.exceptions.TimeoutError, TimeoutError) as exc:
        raise FeedTooSlow(type(exc).__name__) from exc
    except urllib3.exceptions.MaxRetryError as exc:
        slow = isinstance(exc.reason, urllib3.exceptions.TimeoutError)
        kind = FeedTooSlow if slow else FeedUnreachable
        raise kind(type(exc.reason or exc).__name__) from exc
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
        raise FeedUnreachable(type(exc).__name__) from exc


class FolderSource:
    """A feed in a folder: a copy of what the web server holds, on a stick or a share."""

    def __init__(self, folder: Path) -> None:
        self.name, self._folder = str(folder), folder

    def drift(self) -> timedelta | None:
        """Return None: a stick has no clock."""
        return None

    def read(self, path: str, start: int = 0) -> Stream:
        """Return a file from `start` on."""
        if not self._folder.is_dir():
            raise FeedUnreachable(f"{self._folder} is not there")
        return Stream(start, self._blocks(path, start))

    def _blocks(self, path: str, start: int) -> Iterator[bytes]:
        try:
            with (self._folder / path).open("rb") as file:
                file.seek(start)
                while block := file.read(BLOCK):
                    yield block
        except FileNotFoundError as exc:
            if not self._folder.is_dir():  # pulled out meanwhile
                raise FeedUnreachable(f"{self._folder} is not there any more") from exc
            raise FeedNotThere(path) from exc
        except OSError as exc:
            raise FeedUnreachable(f"{path}: {exc.strerror or type(exc).__name__}") from exc
