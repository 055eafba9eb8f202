"""Adopt a version of the registry: all of it, or none.

A file is on disk under its own name before the pointer names it, and the pointer is replaced in
one step; Windows cannot replace a file that is open, so the files themselves are never replaced.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import secrets
import shutil
from array import array
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from kiosk.errors import FeedError
from kiosk.feed.building import BUCKETS, Progress, build
from kiosk.feed.reading import read_records
from kiosk.feed.records import NO_LINE, Rows
from kiosk.lock import only_one
from verify import POINTER, Pointed, RegistryUnreadable, Snapshot, read_pointer

SALT_BYTES = 32
HELD_AT_ONCE = 10_000  # rows
OURS = re.compile(r"(registry|changes)-(\d+)\.(db|part)\Z", re.ASCII)


def build_registry(folder: Path, source: Path, issued: datetime, progress: Progress) -> int:
    """Build a registry from a file of all cards and adopt it; return how many rows it has.

    BadRecords or FeedError leave the one before in use.
    """
    with only_one(folder, "registry"):
        version = _newest_version(folder) + 1
        name, salt = f"registry-{version}.db", secrets.token_bytes(SALT_BYTES)
        rows = build(folder / name, read_records(source, salt), version, issued, salt,
                     progress=progress)  # fmt: skip
        _point(folder, Pointed(name, ""))
        return rows


def change_registry(folder: Path, source: Path, issued: datetime, progress: Progress) -> int:
    """Adopt changes to the registry in use; return how many rows it has changed since it was built.

    They are laid over the changes before, into a new file of both; what was taken up already may
    be in them again.  FeedError where there is no registry to change, or the changes are older
    than what is in use.
    """
    with only_one(folder, "registry"):
        try:
            return _change(folder, source, issued, progress)
        except RegistryUnreadable as exc:
            raise FeedError(f"the registry in use cannot be read ({exc}); build it anew") from exc


def _change(folder: Path, source: Path, issued: datetime, progress: Progress) -> int:
    pointed = read_pointer(folder)
    if pointed is None:
        raise FeedError(f"{folder}: there is no registry to change; build one first")
    with contextlib.ExitStack() as stack:
        base = stack.enter_context(contextlib.closing(Snapshot(folder / pointed.base)))
        before = None
        if pointed.changes:
            before = Snapshot(folder / pointed.changes)
            stack.callback(before.close)
        about, made = base.about, (before or base).about.issued
        if issued <= made:
            raise FeedError(f"changes made {issued}, but what is in use was made {made}")
        version = _newest_version(folder) + 1
        name = f"changes-{version}.db"
        new = read_records(source, about.salt)
        rows = build(folder / name, itertools.chain(_held(before), new), version, issued,
                     about.salt, about.version, progress)  # fmt: skip
    _point(folder, Pointed(pointed.base, name))
    return rows


def _held(changes: Snapshot | None) -> Iterator[Rows]:
    """Yield the rows of changes in use; they come from no line, so they give way to new ones."""
    for batch in changes.rows(HELD_AT_ONCE) if changes else ():
        keys, rows = zip(*batch, strict=True)
        yield Rows(array("q", keys), array("q", rows), array("I", [NO_LINE] * len(keys)))


def _newest_version(folder: Path) -> int:
    found = (OURS.match(path.name) for path in folder.iterdir())
    return max((int(match[2]) for match in found if match), default=0)


def _point(folder: Path, pointed: Pointed) -> None:
    """Make the pointer name these files, in one step; then let go of what nothing names."""
    part = folder / f"{POINTER}.part"
    try:
        with part.open("w", encoding="utf-8") as file:
            json.dump(pointed._asdict(), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, folder / POINTER)
        _folder_to_disk(folder)
    except OSError as exc:
        raise FeedError(f"{POINTER} cannot be written: {exc}") from exc
    _tidy(folder, pointed)


def _tidy(folder: Path, pointed: Pointed) -> None:
    """Remove what no pointer names: older versions, and what a kill left of a building."""
    for path in folder.iterdir():
        if path.name in pointed:
            continue
        if path.is_dir() and path.name.startswith(BUCKETS):
            shutil.rmtree(path, ignore_errors=True)
        elif OURS.match(path.name):
            with contextlib.suppress(PermissionError):  # somebody reads it still; next time
                path.unlink()


def _folder_to_disk(folder: Path) -> None:
    if os.name == "nt":
        return  # a folder cannot be opened there; renaming is written through
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
