"""Adopt a version: point at its files, all at once, and let go of what nothing names.

A file is on disk under its own name before the pointer names it, and the pointer is replaced in
one step; Windows cannot replace a file that is open, so the files themselves are never replaced.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from pathlib import Path

from kiosk.data.errors import DataUnreadable, DiskFull, ManifestMalformed
from kiosk.data.manifest import MANIFEST_FILE, Manifest, manifest_text, read_manifest
from kiosk.errors import DataError
from kiosk.registry import BUCKET_PREFIX
from kiosk.runtime.files import folder_to_disk, replace_while_read

ADOPTION_LOCK = "change"  # of what is held: one at a time
VERSIONED_FILE = re.compile(r"(registry|changes|keys|revocations|tables)-(\d+)\b.*", re.ASCII)


def adopted_manifest(folder: Path) -> Manifest:
    """Return what is in use; nothing where the pointer means nothing.

    DataError where it cannot be read just now: who took that for nothing would remove it all.
    """
    try:
        return read_manifest(folder) or Manifest({})
    except ManifestMalformed:
        return Manifest({})
    except DataUnreadable as exc:
        raise DataError(f"what is in use cannot be told: {exc}") from exc


def next_version(folder: Path) -> int:
    """Return a number that no file of a version has."""
    found = (VERSIONED_FILE.fullmatch(path.name) for path in folder.iterdir())
    return max((int(match[2]) for match in found if match), default=0) + 1


def adopt_manifest(folder: Path, pointed: Manifest) -> None:
    """Make the pointer name these files, in one step; then let go of what nothing names.

    DiskFull where the disk is full or fails: then the version before stays.
    """
    part = folder / f"{MANIFEST_FILE}.part"
    try:
        folder_to_disk(folder)  # the files' own names
        with part.open("w", encoding="utf-8") as file:
            file.write(manifest_text(pointed))
            file.flush()
            os.fsync(file.fileno())
        replace_while_read(part, folder / MANIFEST_FILE)
        folder_to_disk(folder)
    except OSError as exc:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise DiskFull(f"{MANIFEST_FILE} cannot be written: {exc.strerror}") from exc
    with contextlib.suppress(OSError):  # it is adopted all the same; next time
        remove_unnamed(folder, pointed)


def remove_parts(folder: Path, coming: set[str]) -> None:
    """Remove what came of files that are not to come any more: a newer version took their place."""
    for part in folder.glob("*.part"):
        if VERSIONED_FILE.fullmatch(part.name) and part.name.removesuffix(".part") not in coming:
            with contextlib.suppress(OSError):
                part.unlink()


def remove_unnamed(folder: Path, pointed: Manifest) -> None:
    """Remove what no pointer names: older versions, and what a kill left of a building."""
    named = pointed.files()
    for path in folder.iterdir():
        if path.name in named:
            continue
        if path.is_dir() and (
            path.name.startswith(BUCKET_PREFIX) or VERSIONED_FILE.fullmatch(path.name)
        ):
            shutil.rmtree(path, ignore_errors=True)
        elif VERSIONED_FILE.fullmatch(path.name):
            with contextlib.suppress(PermissionError):  # somebody reads it still; next time
                path.unlink()
