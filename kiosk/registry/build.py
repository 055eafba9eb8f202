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
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

import numpy as np

from kiosk.errors import DataError
from kiosk.registry.errors import BadRecords
from kiosk.registry.person import PEOPLE_SCHEMA as REGISTRY_PEOPLE_SCHEMA
from kiosk.registry.records import NO_LINE, Rows
from kiosk.registry.snapshot import FORM as REGISTRY_FORM
from kiosk.registry.snapshot import SCHEMA as REGISTRY_SCHEMA
from kiosk.runtime.progress import ReportProgress

BUCKET_PREFIX = "registry-buckets-"  # of the temporary folder of a build
BUCKET_BITS = 7  # 128 buckets: of a hundred million records each has less than a million
BATCH = 50_000  # rows that are given to SQLite at once
TOGETHER = 50  # of these by one statement
INSERT = "insert into card values (?, ?)"
KEEP = "insert or replace into person values (?, ?, ?, ?, ?, ?)"
SHAPE = np.dtype([("key", "<i8"), ("row", "<i8"), ("line", "<u4")])


def _silent(_what: str, _done: int, _total: int | None = None) -> None:
    """ReportProgress nobody."""


def write_registry(
    path: Path, records: Iterable[Rows], version: int, issued: datetime, salt: bytes,
    base: int = 0, report: ReportProgress = _silent, full: bool = False,
) -> int:  # fmt: skip
    """Write a file of the registry; return how many rows it has.

    `issued` (aware) is when the records were made; `base` is the version that they change, 0
    where they are all.  Of two for one number the one that comes from no line gives way; two lines
    for one number are BadRecords, and a disk that is full or fails is a DataError.  Then there is
    no file.
    """
    part = path.with_suffix(".part")
    try:
        part.unlink(missing_ok=True)
        with (
            contextlib.closing(_begin(part, full)) as connection,
            tempfile.TemporaryDirectory(dir=path.parent, prefix=BUCKET_PREFIX) as folder,
        ):
            buckets, dealt = _deal(_keeping(records, connection), Path(folder), report)
            if not dealt and not base:
                raise BadRecords("a heading and nothing else; wanted all cards")
            rows = _write(connection, buckets, dealt, report)
            _end(connection, {"form": REGISTRY_FORM, "version": version, "base": base,
                              "rows": rows, "issued": issued.isoformat(), "salt": salt.hex()},
                 full)  # fmt: skip
        _to_disk(part)
        os.replace(part, path)
    except (OSError, sqlite3.Error) as exc:
        raise DataError(f"{path.name} cannot be written: {exc}") from exc
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    return rows


def _deal(blocks: Iterable[Rows], folder: Path, report: ReportProgress) -> tuple[list[Path], int]:
    """Deal the records into files by the highest bits of their keys; return how many they are."""
    paths = [folder / f"{bucket:03d}" for bucket in range(1 << BUCKET_BITS)]
    done = 0
    with contextlib.ExitStack() as stack:
        files: list[IO[bytes]] = [stack.enter_context(path.open("wb")) for path in paths]
        for block in blocks:
            dealt = np.empty(len(block.keys), SHAPE)
            dealt["key"], dealt["row"], dealt["line"] = block[:3]
            where = (dealt["key"] >> (63 - BUCKET_BITS)).astype(np.uint8)
            dealt = dealt[np.argsort(where, kind="stable")]
            edges = np.cumsum([0, *np.bincount(where, minlength=len(files))])
            for file, (start, end) in zip(files, itertools.pairwise(edges), strict=True):
                file.write(dealt[start:end].data)
            done += len(dealt)
            report("reading", done, int(done / block.come) if block.come else None)
    return paths, done


def _begin(part: Path, full: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(part, isolation_level=None)
    # Nobody else sees the file before it is whole: it needs no journal of its own.
    for pragma in ("journal_mode = off", "synchronous = off", "locking_mode = exclusive"):
        connection.execute(f"pragma {pragma}")
    connection.executescript(REGISTRY_SCHEMA)
    if full:
        connection.execute("pragma secure_delete = on")  # no name stays that a change took out
        connection.executescript(REGISTRY_PEOPLE_SCHEMA)
    connection.execute("begin")
    return connection


def _keeping(blocks: Iterable[Rows], connection: sqlite3.Connection) -> Iterator[Rows]:
    """Pass blocks on, and write down what they report of people; the newest counts."""
    for block in blocks:
        if block.people:
            connection.executemany(KEEP, block.people)
        yield block


def _write(
    connection: sqlite3.Connection, buckets: list[Path], dealt: int, report: ReportProgress
) -> int:
    rows = 0
    for bucket in buckets:
        for batch in _sorted(bucket):
            _insert(connection, batch)
            rows += len(batch)
            report("writing", rows, dealt)
        bucket.unlink()
    return rows


def _end(connection: sqlite3.Connection, about: dict[str, object], full: bool) -> None:
    """Say what the file is, and look whether all of it is there."""
    said = about | ({"full": "yes"} if full else {})
    rows = [(name, str(value)) for name, value in said.items()]
    connection.executemany("insert into about values (?, ?)", rows)
    connection.execute("commit")
    for table in ("card", "person") if full else ("card",):
        count = connection.execute(f"select count(*) from {table}").fetchone()[0]
        if count != about["rows"]:
            raise DataError(f"the new registry is not whole: {count} of {about['rows']} rows")
    told = connection.execute("pragma quick_check(1)").fetchone()[0]
    if told != "ok":
        raise DataError(f"the new registry is not whole: {told}")


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


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
