"""Make the files of a new version of the feed: check, build and name them by their content.

Rules:

1. A set that is not part of the new version keeps its present file.
2. The content of a set is never older than what is published of it.
3. A file that the new version no longer names stays on the disk for a while, because a kiosk may
   be fetching it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tuf.api.metadata import TargetFile, Targets

from kiosk.data import pack_tables
from kiosk.errors import SettingsError
from kiosk.publisher.checks import check_keys, check_revocations, check_tables
from kiosk.publisher.repository import PUBLIC_FILE_MODE, whole_second
from kiosk.registry import Snapshot, read_records, write_changes, write_registry
from kiosk.runtime.progress import ReportProgress

SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What is new in a version. A set that is None stays as it is.

    `issued` (aware) is when the content was made. `cards` is a file of all card records, `changes`
    a file of those that changed since; `tables` is a folder. `reinstate` holds the hexadecimal ids
    of withdrawn keys that may be valid again.
    """

    issued: datetime
    cards: Path | None = None
    changes: Path | None = None
    keys: Path | None = None
    revocations: Path | None = None
    tables: Path | None = None
    reinstate: frozenset[str] = field(default_factory=frozenset)


def build_targets(
    folder: Path, targets: Targets, material: NewVersion, report: ReportProgress
) -> None:
    """Put the files of a new version into `folder` and name them in `targets`.

    Raises SettingsError or DataError if something cannot be used; a file that no metadata name
    may then stay in the folder.
    """
    version = _VersionBuilder(folder, targets, material.issued)
    if material.keys:
        made_at = check_keys(material.keys, version.current_file("keys"), material.reinstate)
        issued = version.issued_of("keys", made_at)
        shutil.copyfile(material.keys, version.new_file("keys", "json"))
        version.add("keys", "json", issued)
    if material.revocations:
        issued = version.issued_of("revocations", check_revocations(material.revocations))
        shutil.copyfile(material.revocations, version.new_file("revocations", "json"))
        version.add("revocations", "json", issued)
    if material.tables:
        check_tables(material.tables)
        issued = version.issued_of("tables")
        pack_tables(material.tables, version.new_file("tables", "zip"))
        version.add("tables", "zip", issued)
    if material.cards:
        version.build_registry(material.cards, report)
    if material.changes:
        version.build_changes(material.changes, report)


class _VersionBuilder:
    """Builds the files of one version and names them in its `targets` metadata."""

    def __init__(self, folder: Path, targets: Targets, issued: datetime) -> None:
        self._folder, self._targets, self._issued = folder, targets, issued

    def current_file(self, name: str) -> Path | None:
        """Return the file that the targets name for a set at present."""
        for target in self._targets.targets.values():
            if target.custom["set"] == name:
                return self._folder / target.get_prefixed_paths()[0]
        return None

    def new_file(self, name: str, suffix: str) -> Path:
        """Return the path at which the new file of a set is made."""
        return self._folder / f"{name}-{self._targets.version}.{suffix}"

    def issued_of(self, name: str, made_at: datetime | None = None) -> datetime:
        """Return when the new content of a set was made.

        This is the older of what the publisher says and what the file says (`made_at`).
        Raises SettingsError if it is older than what is published of this set.
        """
        issued = whole_second(min(self._issued, made_at or self._issued))
        for target in self._targets.targets.values():
            published = datetime.fromisoformat(target.custom["issued"])
            if target.custom["set"] == name and issued < published:
                raise SettingsError(
                    f"{name}: made {issued}, but what is published was made {published};"
                    " publish a newer file"
                )
        return issued

    def add(self, name: str, suffix: str, issued: datetime) -> None:
        """Put the new file of a set in its place and name it in the targets."""
        path = self.new_file(name, suffix)
        target = TargetFile.from_file(path.name, str(path))
        target.unrecognized_fields["custom"] = {
            "set": name,
            "version": self._targets.version,
            "issued": issued.isoformat(),
        }
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        path.chmod(PUBLIC_FILE_MODE)
        os.replace(path, self._folder / target.get_prefixed_paths()[0])
        self.remove(name)
        self._targets.targets[path.name] = target

    def remove(self, name: str) -> None:
        """Remove a set from the targets.

        The file stays for the kiosks that are fetching it; its time of change is set to now, so
        that it is kept for the full retention.
        """
        for path, target in list(self._targets.targets.items()):
            if target.custom["set"] == name:
                with contextlib.suppress(FileNotFoundError):
                    os.utime(self._folder / target.get_prefixed_paths()[0])
                del self._targets.targets[path]

    def build_registry(self, cards: Path, report: ReportProgress) -> None:
        """Build a complete registry. It replaces the present one and the changes to that."""
        issued = max(self.issued_of("registry"), self.issued_of("changes"))
        salt = secrets.token_bytes(SALT_BYTES)
        write_registry(
            self.new_file("registry", "db"),
            read_records(cards, salt),
            self._targets.version,
            self._issued,
            salt,
            report=report,
        )
        self.add("registry", "db", issued)
        self.remove("changes")

    def build_changes(self, changes: Path, report: ReportProgress) -> None:
        """Build the changes to the registry that the targets name at present.

        Raises SettingsError if they name no registry.
        """
        registry_file = self.current_file("registry")
        if registry_file is None:
            raise SettingsError(
                f"{changes}: the feed has no cards that this could change; publish --cards first"
            )
        issued = max(self.issued_of("changes"), self.issued_of("registry"))
        changes_file = self.current_file("changes")
        with contextlib.ExitStack() as stack:
            registry = stack.enter_context(contextlib.closing(Snapshot(registry_file)))
            earlier_changes = (
                None
                if changes_file is None
                else stack.enter_context(contextlib.closing(Snapshot(changes_file)))
            )
            write_changes(
                self.new_file("changes", "db"),
                changes,
                registry,
                earlier_changes,
                self._targets.version,
                self._issued,
                report,
            )
        self.add("changes", "db", issued)
