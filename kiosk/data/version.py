"""One version of the synced data: all files that one manifest names, open."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from kiosk.data.errors import DataUnreadable
from kiosk.data.manifest import Manifest, ManifestEntry
from kiosk.registry import Registry, RegistryUnreadable, Snapshot
from verify import BadKeys, Issuers, Revocations, read_jwks, read_revocations

T = TypeVar("T")


class DataVersion(NamedTuple):
    """One version of all synced data, open.  A set that was never adopted is None."""

    manifest: Manifest
    registry: Registry | None = None
    issuers: Issuers | None = None
    revocations: Revocations | None = None

    def close(self) -> None:
        """Close the files that are open."""
        if self.registry is not None:
            self.registry.close()


NO_VERSION = DataVersion(Manifest({}))


def open_version(folder: Path, manifest: Manifest, before: DataVersion = NO_VERSION) -> DataVersion:
    """Open the files that a manifest names in `folder`, except for those that `before` has open.

    Raises DataUnreadable, naming the file, if one cannot be opened; then no new file stays open.
    """

    def is_new(*names: str) -> bool:
        entries = before.manifest.sets
        return any(manifest.sets.get(name) != entries.get(name) for name in names)

    registry, issuers, revocations = before.registry, before.issuers, before.revocations
    if is_new("keys"):
        issuers = _read(folder, manifest.sets.get("keys"), _keys_as_of)
    if is_new("revocations"):
        revocations = _read(folder, manifest.sets.get("revocations"), _revocations_as_of)
    if is_new("registry", "changes"):
        registry = _registry(folder, manifest)
    return DataVersion(manifest, registry, issuers, revocations)


def salvage(folder: Path, manifest: Manifest) -> DataVersion:
    """Open what can be opened of a version, so that one damaged file leaves the others usable.

    A damaged set counts as empty: no key is trusted, and no card's revocation status is known.
    """
    sets = manifest.sets
    version = DataVersion(manifest)
    with contextlib.suppress(DataUnreadable):
        version = version._replace(registry=_registry(folder, manifest))
    try:
        version = version._replace(issuers=_read(folder, sets.get("keys"), _keys_as_of))
    except DataUnreadable:
        version = version._replace(issuers=Issuers(issued=sets["keys"].issued))
    try:
        revocations = _read(folder, sets.get("revocations"), _revocations_as_of)
    except DataUnreadable as exc:
        issued = sets["revocations"].issued
        revocations = Revocations(issued=issued, missing=(str(exc),), lost=True)
    return version._replace(revocations=revocations)


def _registry(folder: Path, manifest: Manifest) -> Registry | None:
    opened: list[Snapshot] = []
    try:
        for name in ("registry", "changes"):
            if name in manifest.sets:
                opened.append(Snapshot(folder / manifest.sets[name].file))
        return Registry(*opened) if opened else None
    except RegistryUnreadable as exc:
        for snapshot in opened:
            snapshot.close()
        raise DataUnreadable(str(exc)) from exc


def _keys_as_of(text: str, issued: datetime) -> Issuers:
    return replace(read_jwks(text), issued=issued)


def _revocations_as_of(text: str, issued: datetime) -> Revocations:
    return replace(read_revocations(text), issued=issued)


def _read(
    folder: Path, entry: ManifestEntry | None, read: Callable[[str, datetime], T]
) -> T | None:
    """Read a set; `read` gets its text and when the manifest says that it was made.

    Returns None without an entry.  Raises DataUnreadable, naming the file, if it cannot be read.
    """
    if entry is None:
        return None
    try:
        return read((folder / entry.file).read_text("utf-8-sig"), entry.issued)
    except (BadKeys, OSError, ValueError) as exc:
        raise DataUnreadable(f"{entry.file}: {exc}") from exc
