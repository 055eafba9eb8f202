"""The feed's metadata on the publisher's disk: read, signed, and put where they are served.

What is new stands there before timestamp.json names it, and that is replaced in one step: who
fetches meanwhile gets the version before or the new one.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError

from kiosk.errors import SettingsError

# How long each role's signature holds.  The timestamp's is the hard limit of a frozen feed.
HOLDS = {
    "root": timedelta(days=365),
    "targets": timedelta(days=90),
    "snapshot": timedelta(days=30),
    "timestamp": timedelta(days=7),
}


class MetadataRepository:
    """The metadata of one feed."""

    def __init__(self, feed: Path) -> None:
        self.folder = feed / "metadata"

    def root(self) -> Metadata[Root]:
        """Return the newest root; SettingsError where there is no feed."""
        versions = [int(path.name.partition(".")[0]) for path in self.folder.glob("*.root.json")]
        if not versions:
            raise SettingsError(f"{self.folder}: no feed is here; make one with `feed init`")
        return self._read(f"{max(versions)}.root.json")

    def timestamp(self) -> Metadata[Timestamp]:
        """Return what names the newest version."""
        return self._read("timestamp.json")

    def snapshot(self) -> Metadata[Snapshot]:
        """Return the newest version's snapshot."""
        version = self.timestamp().signed.snapshot_meta.version
        return self._read(f"{version}.snapshot.json")

    def targets(self) -> Metadata[Targets]:
        """Return the newest version's targets."""
        version = self.snapshot().signed.meta["targets.json"].version
        return self._read(f"{version}.targets.json")

    def is_trusted(self) -> bool:
        """Tell whether the newest version is signed by those whom the newest root names."""
        root = self.root().signed
        served: list[Metadata[Any]] = [self.targets(), self.snapshot()]
        return all(
            root.get_verification_result(one.signed.type, one.signed_bytes, one.signatures)
            for one in served
        )

    def put_root(self, root: Metadata[Root]) -> None:
        """Put a root that is signed by enough."""
        self._write(f"{root.signed.version}.root.json", root)

    def put_targets(self, targets: Targets, keys: dict[str, CryptoSigner], now: datetime) -> None:
        """Sign a new version of the targets, and what leads to it."""
        targets.expires = whole_second(now + HOLDS["targets"])
        self._sign(targets, keys, f"{targets.version}.targets.json")
        snapshot = Snapshot()
        if self._has_begun():
            snapshot = self.snapshot().signed
            snapshot.version += 1
        snapshot.meta["targets.json"] = MetaFile(targets.version)
        self.put_snapshot(snapshot, keys, now)

    def put_snapshot(
        self, snapshot: Snapshot, keys: dict[str, CryptoSigner], now: datetime
    ) -> None:
        """Sign a snapshot, and the timestamp that names it."""
        snapshot.expires = whole_second(now + HOLDS["snapshot"])
        self._sign(snapshot, keys, f"{snapshot.version}.snapshot.json")
        self.put_timestamp(snapshot.version, keys, now)

    def put_timestamp(self, snapshot: int, keys: dict[str, CryptoSigner], now: datetime) -> None:
        """Say that this is the newest, as of now."""
        timestamp = Timestamp()
        if self._has_begun():
            timestamp = self.timestamp().signed
            timestamp.version += 1
        timestamp.snapshot_meta = MetaFile(snapshot)
        timestamp.expires = whole_second(now + HOLDS["timestamp"])
        timestamp.unrecognized_fields["issued"] = whole_second(now).isoformat()
        self._sign(timestamp, keys, "timestamp.json")

    def _has_begun(self) -> bool:
        return (self.folder / "timestamp.json").exists()

    def _sign(self, signed: Any, keys: dict[str, CryptoSigner], name: str) -> None:
        metadata = Metadata(signed)
        metadata.sign(keys[signed.type])
        self._write(name, metadata)

    def _read(self, name: str) -> Metadata[Any]:
        try:
            return Metadata.from_bytes((self.folder / name).read_bytes())
        except (OSError, DeserializationError, RepositoryError) as exc:
            raise SettingsError(f"{self.folder / name}: cannot be read") from exc

    def _write(self, name: str, metadata: Metadata[Any]) -> None:
        write_atomically(self.folder / name, metadata.to_bytes())


def whole_second(moment: datetime) -> datetime:
    """Return a moment as signed metadata hold it."""
    return moment.replace(microsecond=0)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is there only when all of it is on disk."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.chmod(0o644)  # whoever serves it may be another account
    os.replace(part, path)
