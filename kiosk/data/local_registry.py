"""Build a registry from a file, or changes to it, and adopt it: all of it, or none."""

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
    """Build a registry from a file of all cards and adopt it; return how many rows it has.

    A `full` one keeps names and dates in the clear, and so will its changes.  BadRecords or
    DataError leave the one before in use.
    """
    with exclusive_lock(folder, ADOPTION_LOCK):
        before = _not_of_a_feed(folder)
        newest = before.sets.get("changes") or before.sets.get("registry")
        if newest and issued < newest.issued:
            raise DataError(f"records made {issued}, but what is in use was made {newest.issued}")
        number, salt = next_version(folder), secrets.token_bytes(SALT_BYTES)
        name = f"registry-{number}.db"
        rows = write_registry(folder / name, read_records(source, salt, full), number, issued, salt,
                     report=report, full=full)  # fmt: skip
        sets = {what: one for what, one in before.sets.items() if what != "changes"}
        sets["registry"] = ManifestEntry(name, number, issued)
        adopt_manifest(folder, before._replace(sets=sets))
        return rows


def change_registry(folder: Path, source: Path, issued: datetime, report: ReportProgress) -> int:
    """Adopt changes to the registry in use; return how many rows it has changed since it was built.

    They are laid over the changes before, into a new file of both; what was taken up already may
    be in them again.  DataError where there is no registry to change, or the changes are older
    than what is in use.
    """
    with exclusive_lock(folder, ADOPTION_LOCK):
        pointed = _not_of_a_feed(folder)
        if "registry" not in pointed.sets:
            raise DataError(f"{folder}: there is no registry to change; build one first")
        try:
            held = open_version(folder, pointed)
        except DataUnreadable as exc:
            raise DataError(f"the registry in use cannot be read ({exc}); build it anew") from exc
        assert held.registry is not None  # it is pointed at
        with contextlib.closing(held.registry) as registry:
            if issued <= registry.issued:
                made = registry.issued
                raise DataError(f"changes made {issued}, but what is in use was made {made}")
            number = next_version(folder)
            name = f"changes-{number}.db"
            rows = write_changes(folder / name, source, registry.base, registry.changes, number,
                                 issued, report)  # fmt: skip
        changed = {**pointed.sets, "changes": ManifestEntry(name, number, issued)}
        adopt_manifest(folder, pointed._replace(sets=changed))
        return rows


def _not_of_a_feed(folder: Path) -> Manifest:
    """Return what is in use; DataError where the registry in it came by a feed."""
    pointed = adopted_manifest(folder)
    if "registry" in pointed.sets and pointed.sets["registry"].origin:
        raise DataError(f"{folder}: the registry comes by the feed, which would undo this")
    return pointed


def registry_in_use(folder: Path) -> tuple[Registry | None, str | None]:
    """Return the registry that the manifest in `folder` names, open, and what cannot be opened.

    None for no registry, and for no failure.
    """
    manifest = None
    try:
        manifest = read_manifest(folder) or Manifest({})
        return open_version(folder, manifest).registry, None
    except DataUnreadable as exc:
        return salvage(folder, manifest).registry if manifest else None, str(exc)
