"""A look at a folder for backups: may it be written, has it space, is it on another disk?"""

from __future__ import annotations

import os
import secrets
import shutil
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

SPACE_NEEDED = 1.2  # times the logbook, as for a backup


class PlaceResult(StrEnum):
    """What was found out about a folder for backups."""

    GOOD = "good"
    SAME_DISK = "same_disk"  # it can be used, and is lost with the disk
    INSIDE_DATA = "inside_data"
    NOT_A_FOLDER = "not_a_folder"
    MISSING = "missing"  # neither it nor the folder above it is there: a stick that is not in?
    NOT_WRITABLE = "not_writable"
    FULL = "full"


class PlaceLook(NamedTuple):
    """The result, and the free bytes; None if they cannot be known."""

    result: PlaceResult
    free: int | None = None

    @property
    def can_be_used(self) -> bool:
        """Whether backups can be made there."""
        return self.result in (PlaceResult.GOOD, PlaceResult.SAME_DISK)


def look_at_place(place: Path, data: Path, logbook_bytes: int) -> PlaceLook:
    """Return whether backups of a logbook of so many bytes can go to a folder.

    `data` is the data directory.  The folder is made if the one above it is there.
    """
    if data.resolve() in (place.resolve(), *place.resolve().parents):
        return PlaceLook(PlaceResult.INSIDE_DATA)
    try:
        if not place.exists():
            if not place.parent.is_dir():
                return PlaceLook(PlaceResult.MISSING)
            place.mkdir(mode=0o700)
        if not place.is_dir():
            return PlaceLook(PlaceResult.NOT_A_FOLDER)
        _write_something(place)
        free = shutil.disk_usage(place).free
        is_same = os.stat(place).st_dev == os.stat(data).st_dev
    except OSError:
        return PlaceLook(PlaceResult.NOT_WRITABLE)
    if free < logbook_bytes * SPACE_NEEDED:
        return PlaceLook(PlaceResult.FULL, free)
    return PlaceLook(PlaceResult.SAME_DISK if is_same else PlaceResult.GOOD, free)


def _write_something(place: Path) -> None:
    """Write a small file into a folder and delete it again. Raises OSError."""
    probe = place / f".tiepdon-{secrets.token_hex(4)}"
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, b"Tiep Don: can a backup be written here?\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        probe.unlink()
