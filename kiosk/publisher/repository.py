"""The metadata of the feed on the publisher's disk: read, sign and put them where they are served.

Every new file is in place before timestamp.json names it, and timestamp.json is replaced in one
step. A client that fetches meanwhile gets either the version before or the new one.
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

# For how long the metadata of each role are valid. The timestamp's is the longest time for which
# an attacker can hold a kiosk at an old version.
VALIDITY = {
    "root": timedelta(days=365),
    "targets": timedelta(days=90),
    "snapshot": timedelta(days=30),
    "timestamp": timedelta(days=7),
}
# The web server that serves the feed may run under another account.
PUBLIC_FILE_MODE = 0o644
PUBLIC_FOLDER_MODE = 0o755


class MetadataRepository:
    """The metadata of one feed, in the folder `metadata` of the feed."""

    def __init__(self, feed: Path) -> None:
        self.folder = feed / "metadata"

    def root(self) -> Metadata[Root]:
        """Return the newest root. Raises SettingsError if there is no feed."""
        versions = [int(path.name.partition(".")[0]) for path in self.folder.glob("*.root.json")]
        if not versions:
            raise SettingsError(f"{self.folder}: no feed is here; make one with `feed init`")
        return self._read(f"{max(versions)}.root.json")

    def timestamp(self) -> Metadata[Timestamp]:
        """Return the timestamp, which names the newest snapshot."""
        return self._read("timestamp.json")

    def snapshot(self) -> Metadata[Snapshot]:
        """Return the snapshot of the newest version."""
        version = self.timestamp().signed.snapshot_meta.version
        return self._read(f"{version}.snapshot.json")

    def targets(self) -> Metadata[Targets]:
        """Return the targets of the newest version."""
        version = self.snapshot().signed.meta["targets.json"].version
        return self._read(f"{version}.targets.json")

    def is_trusted(self) -> bool:
        """Return whether the newest version is signed with the keys that the newest root names."""
        root = self.root().signed
        served: list[Metadata[Any]] = [self.targets(), self.snapshot()]
        return all(
            root.get_verification_result(
                metadata.signed.type, metadata.signed_bytes, metadata.signatures
            )
            for metadata in served
        )

    def put_root(self, root: Metadata[Root]) -> None:
        """Serve a root that has enough signatures."""
        self._write(f"{root.signed.version}.root.json", root)

    def put_targets(self, targets: Targets, keys: dict[str, CryptoSigner], now: datetime) -> None:
        """Sign a new version of the targets, and the snapshot and timestamp that lead to it."""
        targets.expires = whole_second(now + VALIDITY["targets"])
        self._sign(targets, keys, f"{targets.version}.targets.json")
        snapshot = Snapshot()
        if self._is_published():
            snapshot = self.snapshot().signed
            snapshot.version += 1
        snapshot.meta["targets.json"] = MetaFile(targets.version)
        self.put_snapshot(snapshot, keys, now)

    def put_snapshot(
        self, snapshot: Snapshot, keys: dict[str, CryptoSigner], now: datetime
    ) -> None:
        """Sign a snapshot and the timestamp that names it."""
        snapshot.expires = whole_second(now + VALIDITY["snapshot"])
        self._sign(snapshot, keys, f"{snapshot.version}.snapshot.json")
        self.put_timestamp(snapshot.version, keys, now)

    def put_timestamp(self, snapshot: int, keys: dict[str, CryptoSigner], now: datetime) -> None:
        """Sign that the snapshot of this version number is the newest one at `now` (aware)."""
        timestamp = Timestamp()
        if self._is_published():
            timestamp = self.timestamp().signed
            timestamp.version += 1
        timestamp.snapshot_meta = MetaFile(snapshot)
        timestamp.expires = whole_second(now + VALIDITY["timestamp"])
        timestamp.unrecognized_fields["issued"] = whole_second(now).isoformat()
        self._sign(timestamp, keys, "timestamp.json")

    def _is_published(self) -> bool:
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
    """Return a moment without its fraction of a second, as signed metadata hold it."""
    return moment.replace(microsecond=0)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it appears under its name only when all of it is on the disk."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.chmod(PUBLIC_FILE_MODE)
    os.replace(part, path)
