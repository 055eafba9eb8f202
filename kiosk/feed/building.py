"""Build one file of the registry: sorted, in one transaction, checked, and only then named.

Records come in any order and there may be a hundred million.  They are dealt into buckets by
their keys, on disk; each bucket is sorted by itself, and one after the other they are in order.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

import numpy as np

from kiosk.errors import BadRecords, FeedError
from kiosk.feed.pointing import BUCKETS
from kiosk.feed.records import NO_LINE, Rows
from verify import REGISTRY_FORM, REGISTRY_SCHEMA

BUCKET_BITS = 7  # 128 buckets: of a hundred million records each has less than a million
BATCH = 50_000  # rows that are given to SQLite at once
TOGETHER = 50  # of these by one statement
INSERT = "insert into card values (?, ?)"
SHAPE = np.dtype([("key", "<i8"), ("row", "<i8"), ("line", "<u4")])
Progress = Callable[[str, int], None]  # what is being done, and how many records have been


def _silent(_what: str, _done: int) -> None:
    """Tell nobody."""


def build(
    path: Path, records: Iterable[Rows], version: int, issued: datetime, salt: bytes,
    base: int = 0, progress: Progress = _silent,
) -> int:  # fmt: skip
    """Write a file of the registry; return how many rows it has.

    `issued` (aware) is when the records were made; `base` is the version that they change, 0
    where they are all.  Of two for one number the one that comes from no line gives way; two lines
    for one number are BadRecords, and a disk that is full or fails is a FeedError.  Then there is
    no file.
    """
    part = path.with_suffix(".part")
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=BUCKETS) as folder:
            buckets = _deal(records, Path(folder), progress)
            rows = _write(part, buckets, version, issued, salt, base, progress)
        _to_disk(part)
        os.replace(part, path)
    except (OSError, sqlite3.Error) as exc:
        raise FeedError(f"{path.name} cannot be written: {exc}") from exc
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    return rows


def _deal(blocks: Iterable[Rows], folder: Path, progress: Progress) -> list[Path]:
    """Deal the records into files by the highest bits of their keys."""
    paths = [folder / f"{bucket:03d}" for bucket in range(1 << BUCKET_BITS)]
    done = 0
    with contextlib.ExitStack() as stack:
        files: list[IO[bytes]] = [stack.enter_context(path.open("wb")) for path in paths]
        for block in blocks:
            dealt = np.empty(len(block.keys), SHAPE)
            dealt["key"], dealt["row"], dealt["line"] = block
            where = (dealt["key"] >> (63 - BUCKET_BITS)).astype(np.uint8)
            dealt = dealt[np.argsort(where, kind="stable")]
            edges = np.cumsum([0, *np.bincount(where, minlength=len(files))])
            for file, (start, end) in zip(files, itertools.pairwise(edges), strict=True):
                file.write(dealt[start:end].data)
            done += len(dealt)
            progress("reading", done)
    return paths


def _write(
    part: Path, buckets: list[Path], version: int, issued: datetime, salt: bytes, base: int,
    progress: Progress,
) -> int:  # fmt: skip
    part.unlink(missing_ok=True)
    connection = sqlite3.connect(part, isolation_level=None)
    try:
        # Nobody else sees the file before it is whole: it needs no journal of its own.
        for pragma in ("journal_mode = off", "synchronous = off", "locking_mode = exclusive"):
            connection.execute(f"pragma {pragma}")
        connection.executescript(REGISTRY_SCHEMA)
        connection.execute("begin")
        rows = 0
        for bucket in buckets:
            for batch in _sorted(bucket):
                _insert(connection, batch)
                rows += len(batch)
                progress("writing", rows)
            bucket.unlink()
        about = {"form": REGISTRY_FORM, "version": version, "base": base, "rows": rows,
                 "issued": issued.isoformat(), "salt": salt.hex()}  # fmt: skip
        said = [(name, str(value)) for name, value in about.items()]
        connection.executemany("insert into about values (?, ?)", said)
        connection.execute("commit")
        _check(connection, rows)
    finally:
        connection.close()
    return rows


def _sorted(bucket: Path) -> Iterator[np.ndarray]:
    """Yield a bucket's rows by their keys; BadRecords where two lines have one key.

    A row that comes from no line was dealt before the others, and gives way.
    """
    found = np.fromfile(bucket, SHAPE)
    found = found[np.argsort(found["key"], kind="stable")]
    gives_way = found["line"] == NO_LINE
    gives_way[:-1] &= found["key"][1:] == found["key"][:-1]
    gives_way[-1:] = False
    found = found[~gives_way]
    twice = np.nonzero(found["key"][1:] == found["key"][:-1])[0]
    if len(twice):
        lines = sorted(int(found["line"][twice[0] + step]) for step in (0, 1))
        raise BadRecords(f"lines {lines[0]} and {lines[1]}: one number twice; wanted it once")
    for start in range(0, len(found), BATCH):
        one = found[start : start + BATCH]
        yield np.stack([one["key"], one["row"]], axis=1)


def _insert(connection: sqlite3.Connection, batch: np.ndarray) -> None:
    """Insert rows, many by one statement: that takes half the time."""
    whole = len(batch) - len(batch) % TOGETHER
    many = batch[:whole].reshape(-1, 2 * TOGETHER).tolist()
    connection.executemany(f"{INSERT}{', (?, ?)' * (TOGETHER - 1)}", many)
    connection.executemany(INSERT, batch[whole:].tolist())


def _check(connection: sqlite3.Connection, rows: int) -> None:
    count = connection.execute("select count(*) from card").fetchone()[0]
    said = connection.execute("pragma quick_check(1)").fetchone()[0]
    if count != rows or said != "ok":
        raise FeedError(f"the new registry is not whole: {count} of {rows} rows, {said}")


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
