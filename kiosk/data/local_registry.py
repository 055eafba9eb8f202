"""Build a registry from a file, or changes to it, and adopt it: all of it, or nothing.

1. One process at a time changes the data in use (ADOPTION_LOCK).
2. A registry that came by a feed is not changed here, because the feed would undo it.
3. Records that are older than those in use are refused.
"""

from __future__ import annotations

import contextlib
import secrets
from datetime import datetime
from pathlib import Path

from kiosk.data.adopt import ADOPTION_LOCK, adopt_manifest, adopted_manifest, next_version
from kiosk.data.errors import DataUnreadable
from kiosk.data.manifest import Manifest, ManifestEntry, read_manifest
from kiosk.data.version import open_version, salvage
from kiosk.errors import DataError
from kiosk.registry import Registry, read_records, write_changes, write_registry
from kiosk.runtime.lock import exclusive_lock
from kiosk.runtime.progress import ReportProgress

SALT_BYTES = 32


def build_registry(
    folder: Path, source: Path, issued: datetime, report: ReportProgress, full: bool = False
) -> int:
    """Build a registry from a file of all cards, adopt it, and return how many rows it has.

    `issued` (aware) is when the records were made.  A `full` registry keeps names and dates as
    readable text, and so do its changes.

    Raises BadRecords if a line of `source` is malformed, AlreadyRunning if another process changes
    the data, and DataError if the registry comes by a feed, the records are older than those in
    use, or the disk is full.  Then the registry in use stays.
    """
    with exclusive_lock(folder, ADOPTION_LOCK):
        before = _manifest_without_feed(folder)
        newest = before.sets.get("changes") or before.sets.get("registry")
        if newest and issued < newest.issued:
            raise DataError(f"records made {issued}, but what is in use was made {newest.issued}")
        number, salt = next_version(folder), secrets.token_bytes(SALT_BYTES)
        name = f"registry-{number}.db"
        records = read_records(source, salt, full)
        rows = write_registry(
            folder / name, records, number, issued, salt, report=report, full=full
        )
        sets = {key: entry for key, entry in before.sets.items() if key != "changes"}
        sets["registry"] = ManifestEntry(name, number, issued)
        adopt_manifest(folder, before._replace(sets=sets))
        return rows


def change_registry(folder: Path, source: Path, issued: datetime, report: ReportProgress) -> int:
    """Adopt changes to the registry in use, and return how many rows have changed since its build.

    The changes are merged with those in use, into a new file of both; a file may repeat what was
    changed before.  `issued` (aware) is when they were made.

    Raises the errors of `build_registry`, and DataError if there is no registry to change, it
    cannot be read, or the changes are not newer than what is in use.
    """
    with exclusive_lock(folder, ADOPTION_LOCK):
        manifest = _manifest_without_feed(folder)
        if "registry" not in manifest.sets:
            raise DataError(f"{folder}: there is no registry to change; build one first")
        try:
            version = open_version(folder, manifest)
        except DataUnreadable as exc:
            raise DataError(f"the registry in use cannot be read ({exc}); build it again") from exc
        assert version.registry is not None  # the manifest names one
        with contextlib.closing(version.registry) as registry:
            if issued <= registry.issued:
                raise DataError(
                    f"changes made {issued}, but what is in use was made {registry.issued}"
                )
            number = next_version(folder)
            name = f"changes-{number}.db"
            rows = write_changes(
                folder / name, source, registry.base, registry.changes, number, issued, report
            )
        sets = {**manifest.sets, "changes": ManifestEntry(name, number, issued)}
        adopt_manifest(folder, manifest._replace(sets=sets))
        return rows


def _manifest_without_feed(folder: Path) -> Manifest:
    """Return the manifest in use; raises DataError if its registry came by a feed."""
    manifest = adopted_manifest(folder)
    if "registry" in manifest.sets and manifest.sets["registry"].origin:
        raise DataError(f"{folder}: the registry comes by the feed, which would undo this")
    return manifest


def registry_in_use(folder: Path) -> tuple[Registry | None, str | None]:
    """Return the registry that the manifest in `folder` names, open, and what cannot be opened.

    The first is None if there is no registry, the second if nothing failed.
    """
    manifest = None
    try:
        manifest = read_manifest(folder) or Manifest({})
        return open_version(folder, manifest).registry, None
    except DataUnreadable as exc:
        return salvage(folder, manifest).registry if manifest else None, str(exc)
