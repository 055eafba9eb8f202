"""Build one file of the registry.

1. Records come in any order, and there may be a hundred million of them.  They are distributed
   into buckets on disk by the highest bits of their keys.  Each bucket is sorted in memory; one
   bucket after the other gives all rows in order.
2. Two lines with the same number stop the build: nobody here can know which of them is right.
3. The file is written in one transaction and checked.  Only then does it get its name.
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
from kiosk.registry.person import PEOPLE_SCHEMA
from kiosk.registry.records import NO_LINE, Rows
from kiosk.registry.snapshot import FORMAT, SCHEMA
from kiosk.runtime.progress import ReportProgress

BUCKET_PREFIX = "registry-buckets-"  # of the name of a build's temporary folder
BUCKET_BITS = 7  # 128 buckets: of a hundred million records each gets less than a million
KEY_BITS = 63
INSERT_BATCH_ROWS = 50_000
ROWS_PER_STATEMENT = 50
INSERT_CARD = "insert into card values (?, ?)"
REPLACE_PERSON = "insert or replace into person values (?, ?, ?, ?, ?, ?)"
BUCKET_RECORD = np.dtype([("key", "<i8"), ("row", "<i8"), ("line", "<u4")])


def _ignore_progress(_what: str, _done: int, _total: int | None = None) -> None:
    """Do nothing with the progress."""


def write_registry(
    path: Path,
    records: Iterable[Rows],
    version: int,
    issued: datetime,
    salt: bytes,
    base: int = 0,
    report: ReportProgress = _ignore_progress,
    full: bool = False,
) -> int:
    """Write a file of the registry and return how many rows it has.

    `issued` (aware) is when the records were made.  `base` is the version that these records
    change; 0 if they are all records.  `salt` is the key of the hashes.  A `full` file also holds
    what `records` say of people.

    If two records have the same key and one of them comes from no line, that one is replaced.
    Raises BadRecords if two lines have the same number, if there are no records (but changes may
    be none), or as `records` does; DataError if the disk is full or fails.  Then there is no file.
    """
    part = path.with_suffix(".part")
    try:
        part.unlink(missing_ok=True)
        with (
            contextlib.closing(_create(part, full)) as connection,
            tempfile.TemporaryDirectory(dir=path.parent, prefix=BUCKET_PREFIX) as folder,
        ):
            blocks = _store_people(records, connection)
            buckets, count = _fill_buckets(blocks, Path(folder), report)
            if not count and not base:
                raise BadRecords("a heading and nothing else; expected all cards")
            rows = _write_cards(connection, buckets, count, report)
            about: dict[str, object] = {
                "form": FORMAT,
                "version": version,
                "base": base,
                "rows": rows,
                "issued": issued.isoformat(),
                "salt": salt.hex(),
            }
            _finish(connection, about, full)
        _to_disk(part)
        os.replace(part, path)
    except (OSError, sqlite3.Error) as exc:
        raise DataError(f"{path.name} cannot be written: {exc}") from exc
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    return rows


def _create(part: Path, full: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(part, isolation_level=None)
    # Nobody else opens the file before it is complete, so it needs no journal.
    for pragma in ("journal_mode = off", "synchronous = off", "locking_mode = exclusive"):
        connection.execute(f"pragma {pragma}")
    connection.executescript(SCHEMA)
    if full:
        # A name that a change has removed must not stay in free pages of the file.
        connection.execute("pragma secure_delete = on")
        connection.executescript(PEOPLE_SCHEMA)
    connection.execute("begin")
    return connection


def _store_people(blocks: Iterable[Rows], connection: sqlite3.Connection) -> Iterator[Rows]:
    """Yield the blocks unchanged, and store what they say of people; a later row replaces one."""
    for block in blocks:
        if block.people:
            connection.executemany(REPLACE_PERSON, block.people)
        yield block


def _fill_buckets(
    blocks: Iterable[Rows], folder: Path, report: ReportProgress
) -> tuple[list[Path], int]:
    """Write the records into files by the highest bits of their keys.

    Returns the files, in the order of the keys, and how many records there are.
    """
    paths = [folder / f"{bucket:03d}" for bucket in range(1 << BUCKET_BITS)]
    done = 0
    with contextlib.ExitStack() as stack:
        files: list[IO[bytes]] = [stack.enter_context(path.open("wb")) for path in paths]
        for block in blocks:
            records = np.empty(len(block.keys), BUCKET_RECORD)
            records["key"], records["row"], records["line"] = block[:3]
            bucket_of = (records["key"] >> (KEY_BITS - BUCKET_BITS)).astype(np.uint8)
            records = records[np.argsort(bucket_of, kind="stable")]
            edges = np.cumsum([0, *np.bincount(bucket_of, minlength=len(files))])
            for file, (start, end) in zip(files, itertools.pairwise(edges), strict=True):
                file.write(records[start:end].data)
            done += len(records)
            report("reading", done, int(done / block.read_share) if block.read_share else None)
    return paths, done


def _write_cards(
    connection: sqlite3.Connection, buckets: list[Path], count: int, report: ReportProgress
) -> int:
    rows = 0
    for bucket in buckets:
        for batch in _sorted_batches(bucket):
            _insert(connection, batch)
            rows += len(batch)
            report("writing", rows, count)
        bucket.unlink()
    return rows


def _sorted_batches(bucket: Path) -> Iterator[np.ndarray]:
    """Yield a bucket's rows in the order of their keys, as arrays of (key, row).

    Raises BadRecords if two lines have the same key.  A record that comes from no line was put
    into the bucket before the others and is left out if a line has the same key.
    """
    found = np.fromfile(bucket, BUCKET_RECORD)
    found = found[np.argsort(found["key"], kind="stable")]
    is_replaced = found["line"] == NO_LINE
    is_replaced[:-1] &= found["key"][1:] == found["key"][:-1]
    is_replaced[-1:] = False
    found = found[~is_replaced]
    duplicates = np.nonzero(found["key"][1:] == found["key"][:-1])[0]
    if len(duplicates):
        first, second = sorted(int(found["line"][duplicates[0] + step]) for step in (0, 1))
        raise BadRecords(f"lines {first} and {second}: the same number; expected it once")
    for start in range(0, len(found), INSERT_BATCH_ROWS):
        batch = found[start : start + INSERT_BATCH_ROWS]
        yield np.stack([batch["key"], batch["row"]], axis=1)


def _insert(connection: sqlite3.Connection, batch: np.ndarray) -> None:
    """Insert rows, many with one statement: that takes half the time."""
    end = len(batch) - len(batch) % ROWS_PER_STATEMENT
    groups = batch[:end].reshape(-1, 2 * ROWS_PER_STATEMENT).tolist()
    connection.executemany(f"{INSERT_CARD}{', (?, ?)' * (ROWS_PER_STATEMENT - 1)}", groups)
    connection.executemany(INSERT_CARD, batch[end:].tolist())


def _finish(connection: sqlite3.Connection, about: dict[str, object], full: bool) -> None:
    """Write what the file says of itself, and check that all rows are in it."""
    entries = about | ({"full": "yes"} if full else {})
    rows = [(name, str(value)) for name, value in entries.items()]
    connection.executemany("insert into about values (?, ?)", rows)
    connection.execute("commit")
    for table in ("card", "person") if full else ("card",):
        count = connection.execute(f"select count(*) from {table}").fetchone()[0]
        if count != about["rows"]:
            expected = about["rows"]
            raise DataError(
                f"the new registry is damaged: {count} rows in {table}; expected {expected}"
            )
    result = connection.execute("pragma quick_check(1)").fetchone()[0]
    if result != "ok":
        raise DataError(f"the new registry is damaged: {result}")


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
