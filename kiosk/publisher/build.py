"""Make the files of a version: checked, built, and named by what is in them."""

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
from kiosk.publisher.repository import whole_second
from kiosk.registry import Snapshot, read_records, write_changes, write_registry
from kiosk.runtime.progress import ReportProgress

SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What is new in a version; None: as it was. `issued` (aware) is when it was made.

    `reinstate` names keys that were withdrawn and come back.
    """

    issued: datetime
    cards: Path | None = None
    changes: Path | None = None
    keys: Path | None = None
    revocations: Path | None = None
    tables: Path | None = None
    reinstate: frozenset[str] = field(default_factory=frozenset)


def build_targets(
    folder: Path, targets: Targets, material: NewVersion, tell: ReportProgress
) -> None:
    """Put the files of what is new into a folder, and let `targets` name them.

    SettingsError or DataError says what cannot be used; a file that nothing names may then stay.
    """
    making = _Making(folder, targets, material.issued)
    if material.keys:
        made = check_keys(material.keys, making.current("keys"), material.reinstate)
        issued = making.issued("keys", made)
        shutil.copyfile(material.keys, making.path("keys", "json"))
        making.name("keys", "json", issued)
    if material.revocations:
        issued = making.issued("revocations", check_revocations(material.revocations))
        shutil.copyfile(material.revocations, making.path("revocations", "json"))
        making.name("revocations", "json", issued)
    if material.tables:
        check_tables(material.tables)
        issued = making.issued("tables")
        pack_tables(material.tables, making.path("tables", "zip"))
        making.name("tables", "zip", issued)
    if material.cards:
        making.registry(material.cards, tell)
    if material.changes:
        making.changes(material.changes, tell)


class _Making:
    """One version in the making."""

    def __init__(self, folder: Path, targets: Targets, issued: datetime) -> None:
        self._folder, self._targets, self._issued = folder, targets, issued

    def current(self, name: str) -> Path | None:
        """Return the file of a set as the version names it by now."""
        for one in self._targets.targets.values():
            if one.custom["set"] == name:
                return self._folder / one.get_prefixed_paths()[0]
        return None

    def path(self, name: str, suffix: str) -> Path:
        """Return where a set's new file is made."""
        return self._folder / f"{name}-{self._targets.version}.{suffix}"

    def issued(self, name: str, made: datetime | None = None) -> datetime:
        """Return when a set's new content was made, which its file may say itself: the older.

        SettingsError where that is older than what is published.
        """
        issued = whole_second(min(self._issued, made or self._issued))
        for one in self._targets.targets.values():
            before = datetime.fromisoformat(one.custom["issued"])
            if one.custom["set"] == name and issued < before:
                raise SettingsError(f"{name}: made {issued}; what is published was made {before}")
        return issued

    def name(self, name: str, suffix: str, issued: datetime) -> None:
        """Let the version name a set's new file."""
        path = self.path(name, suffix)
        target = TargetFile.from_file(path.name, str(path))
        target.unrecognized_fields["custom"] = {
            "set": name,
            "version": self._targets.version,
            "issued": issued.isoformat(),
        }
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        path.chmod(0o644)  # whoever serves it may be another account
        os.replace(path, self._folder / target.get_prefixed_paths()[0])
        self.forget(name)
        self._targets.targets[path.name] = target

    def forget(self, name: str) -> None:
        """Let the version name no file of a set; it stays for those who are fetching it."""
        for path, one in list(self._targets.targets.items()):
            if one.custom["set"] == name:
                with contextlib.suppress(FileNotFoundError):
                    os.utime(self._folder / one.get_prefixed_paths()[0])
                del self._targets.targets[path]

    def registry(self, cards: Path, tell: ReportProgress) -> None:
        """Build the registry anew; with that the changes to the one before are over."""
        issued = max(self.issued("registry"), self.issued("changes"))
        salt = secrets.token_bytes(SALT_BYTES)
        write_registry(
            self.path("registry", "db"), read_records(cards, salt), self._targets.version,
            self._issued, salt, report=tell,
        )  # fmt: skip
        self.name("registry", "db", issued)
        self.forget("changes")

    def changes(self, changes: Path, tell: ReportProgress) -> None:
        """Build the changes to the registry that is named by now."""
        base = self.current("registry")
        if base is None:
            raise SettingsError(f"{changes}: there are no cards yet that it could change")
        issued = max(self.issued("changes"), self.issued("registry"))
        before = self.current("changes")
        with contextlib.ExitStack() as stack:
            opened = [Snapshot(path) for path in (base, before) if path is not None]
            for one in opened:
                stack.callback(one.close)
            write_changes(self.path("changes", "db"), changes, opened[0],
                          opened[1] if before else None, self._targets.version, self._issued,
                          tell)  # fmt: skip
        self.name("changes", "db", issued)
