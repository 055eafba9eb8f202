"""Adopt a version of the synced data: name its files in the manifest, then remove unused files.

1. A file is on disk under its own name before the manifest names it.
2. The manifest is replaced in one step.  The files that it names are never replaced, because
   Windows cannot replace a file that is open.
3. Files that the manifest no longer names are removed after that.
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

ADOPTION_LOCK = "change"  # the name of the lock that whoever changes the data must hold
VERSIONED_FILE = re.compile(r"(registry|changes|keys|revocations|tables)-(\d+)\b.*", re.ASCII)


def adopted_manifest(folder: Path) -> Manifest:
    """Return the manifest in use; an empty one if it is missing or malformed.

    Raises DataError if it cannot be read just now: to take that for an empty manifest would
    remove all data.
    """
    try:
        return read_manifest(folder) or Manifest({})
    except ManifestMalformed:
        return Manifest({})
    except DataUnreadable as exc:
        raise DataError(f"the version in use cannot be read: {exc}") from exc


def next_version(folder: Path) -> int:
    """Return a version number that is higher than that of any file in `folder`."""
    found = (VERSIONED_FILE.fullmatch(path.name) for path in folder.iterdir())
    return max((int(match[2]) for match in found if match), default=0) + 1


def adopt_manifest(folder: Path, manifest: Manifest) -> None:
    """Put a version in use: write its manifest in one step, then remove files without a use.

    The caller holds ADOPTION_LOCK.  Raises DiskFull if the disk is full or fails; then the version
    before stays in use.
    """
    part = folder / f"{MANIFEST_FILE}.part"
    try:
        folder_to_disk(folder)  # the names of the new files
        with part.open("w", encoding="utf-8") as file:
            file.write(manifest_text(manifest))
            file.flush()
            os.fsync(file.fileno())
        replace_while_read(part, folder / MANIFEST_FILE)
        folder_to_disk(folder)
    except OSError as exc:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise DiskFull(f"{MANIFEST_FILE} cannot be written: {exc.strerror}") from exc
    with contextlib.suppress(OSError):  # the version is in use anyway; the next one tries again
        remove_unnamed(folder, manifest)


def remove_parts(folder: Path, expected: set[str]) -> None:
    """Remove unfinished downloads of files that are not in `expected` (names without `.part`).

    They belong to a version that a newer one has replaced.
    """
    for part in folder.glob("*.part"):
        if VERSIONED_FILE.fullmatch(part.name) and part.name.removesuffix(".part") not in expected:
            with contextlib.suppress(OSError):
                part.unlink()


def remove_unnamed(folder: Path, manifest: Manifest) -> None:
    """Remove files that `manifest` does not name: older versions, and remains of a killed build.

    Raises OSError if the folder cannot be read or a file cannot be removed.
    """
    named = manifest.files()
    for path in folder.iterdir():
        if path.name in named:
            continue
        is_versioned = VERSIONED_FILE.fullmatch(path.name) is not None
        if path.is_dir() and (is_versioned or path.name.startswith(BUCKET_PREFIX)):
            shutil.rmtree(path, ignore_errors=True)
        elif is_versioned:
            with contextlib.suppress(PermissionError):  # Windows: still open; removed next time
                path.unlink()
