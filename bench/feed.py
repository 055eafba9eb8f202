"""How much of a large file is transferred again after its download was cut.

    python -m bench.feed [megabytes]

Prints a line of JSON: seconds, bytes sent before and after the cut, and the peak of memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
import tracemalloc
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from tuf.api.metadata import TargetFile

from kiosk.feed.download import download
from kiosk.feed.errors import FeedUnreachable
from tests.feed_server import Request, quiet, serving, web

MB = 10**6
NAME = "registry-1.db"


class Found(NamedTuple):
    """Bytes and seconds; `most_memory` is the most that Python allocated at once."""

    size: int
    seconds: float
    sent_first: int
    sent_again: int
    most_memory: int


def big_file(feed: Path, size: int) -> Path:
    """Write a file of random bytes into the folder of a feed, a megabyte at a time."""
    (feed / "targets").mkdir(parents=True)
    path, digest = feed / "targets" / "new", sha256()
    with path.open("wb") as file:
        for start in range(0, size, MB):
            block = os.urandom(min(MB, size - start))
            digest.update(block)
            file.write(block)
    return path.rename(path.with_name(f"{digest.hexdigest()}.{NAME}"))


def target_of(content: Path) -> TargetFile:
    """Return the entry of a file in a version of the feed."""
    hashes = {"sha256": content.name.partition(".")[0]}
    return TargetFile(content.stat().st_size, hashes, NAME)


def fetch(folder: Path, size: int, cut_at: float) -> Found:
    """Download a file that is cut after a share of it, and then what is missing."""
    content = big_file(folder / "feed", size)
    target, path = target_of(content), folder / "came"

    def send(request: Request) -> bool:
        """Send the file in blocks, so that the server's memory does not count as the kiosk's."""
        start = int(request.headers.get("Range", "bytes=0-")[6:-1])
        request.send_response(206 if start else 200)
        request.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        request.send_header("Content-Length", str(size - start))
        request.end_headers()
        end = size if start else int(size * cut_at)
        with content.open("rb") as file, contextlib.suppress(OSError):
            file.seek(start)
            while file.tell() < end:
                request.body(file.read(min(MB, end - file.tell())))
        if end < size:
            request.cut()
        return True

    with serving(folder / "feed") as site:
        site.answer = send
        tracemalloc.start()
        began = time.monotonic()
        with contextlib.suppress(FeedUnreachable):
            download(web(site, 600), target, path, quiet)
        sent_first = site.sent
        sent_again = download(web(site, 600), target, path, quiet)
        seconds = time.monotonic() - began
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    path.unlink()
    return Found(size, round(seconds, 2), sent_first, sent_again, most)


def main() -> None:
    """Measure once."""
    size = int(sys.argv[1] if len(sys.argv) > 1 else 500) * MB
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(fetch(Path(folder), size, cut_at=0.6)._asdict()))


if __name__ == "__main__":
    main()
