"""Adopt a version of the registry: all of it, or none.

A file is on disk under its own name before the pointer names it, and the pointer is replaced in
one step; Windows cannot replace a file that is open, so the files themselves are never replaced.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
from datetime import datetime
from pathlib import Path

from kiosk.errors import FeedError
from kiosk.feed.building import BUCKETS, Progress, build
from kiosk.feed.records import read_records
from kiosk.lock import only_one
from verify import POINTER, Pointed, RegistryUnreadable, Snapshot, read_pointer

SALT_BYTES = 32
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
    """Adopt changes to the registry in use; return how many rows they have.

    A file of changes holds all since the whole was built: it takes the place of the one before.
    FeedError where there is no registry to change, or the changes are older than what is in use.
    """
    with only_one(folder, "registry"):
        try:
            pointed = read_pointer(folder)
            if pointed is None:
                raise FeedError(f"{folder}: there is no registry to change; build one first")
            base = Snapshot(folder / pointed.base)
            newest = Snapshot(folder / pointed.changes) if pointed.changes else base
        except RegistryUnreadable as exc:
            raise FeedError(f"the registry in use cannot be read ({exc}); build it anew") from exc
        about, before = base.about, newest.about.issued
        newest.close()
        base.close()
        if issued <= before:
            raise FeedError(f"changes made {issued}, but what is in use was made {before}")
        version = _newest_version(folder) + 1
        name = f"changes-{version}.db"
        rows = build(folder / name, read_records(source, about.salt), version, issued,
                     about.salt, about.version, progress)  # fmt: skip
        _point(folder, Pointed(pointed.base, name))
        return rows


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
