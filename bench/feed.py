"""How much of a large file is transferred again after its download was cut.

    python -m bench.feed [MEGABYTES] [--no-goals]

Prints lines of JSON: what was sent in all, as a multiple of the file, which is the floor, with the
seconds and the bytes sent before and after the cut; and the peak of memory.  Exit 1 if more than a
hundredth was sent again, or Python allocated more than 16 MiB, unless there is --no-goals.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import time
import tracemalloc
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from tuf.api.metadata import TargetFile

from bench.goals import Goals
from kiosk.feed.download import download
from kiosk.feed.errors import FeedUnreachable
from tests.feed_server import Request, quiet, serving, web

MB = 10**6
MAX_SENT, MAX_MIB = 1.01, 16  # as a multiple of the file; of memory
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
    """Measure once; exit 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("megabytes", type=int, nargs="?", default=500)
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    wanted = parser.parse_args()
    goals = Goals(not wanted.no_goals)
    with tempfile.TemporaryDirectory() as folder:
        found = fetch(Path(folder), wanted.megabytes * MB, cut_at=0.6)
    ratio = (found.sent_first + found.sent_again) / found.size
    unit, figures = "times the file", found._asdict() | {"ratio": round(ratio, 3)}
    goals.check("sent for a download that was cut", ratio, MAX_SENT, unit=unit, **figures)
    goals.check("memory of the download", found.most_memory / 2**20, MAX_MIB, unit="MiB")
    goals.end()


if __name__ == "__main__":
    main()
