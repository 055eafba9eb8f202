"""Publish a version of a feed: put its files in place and sign the metadata that name them."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from tuf.api.metadata import Signed, Targets

from kiosk.data import DiskFull
from kiosk.errors import SettingsError
from kiosk.publisher.build import NewVersion, build_targets
from kiosk.publisher.keys import online_signers
from kiosk.publisher.repository import PUBLIC_FOLDER_MODE, VALIDITY, MetadataRepository
from kiosk.publisher.root_rotation import first_root, publish_root
from kiosk.runtime.lock import exclusive_lock
from kiosk.runtime.progress import ReportProgress

PUBLISHING_LOCK = "publish"
# A file that no version names any more is kept so long, because a kiosk may be fetching it.
UNNAMED_FILE_RETENTION_S = 14 * 86_400


def init_feed(feed: Path, keys: Path, now: datetime) -> None:
    """Make an empty feed in the folder `feed` and all its keys in the folder `keys`.

    `now` is aware. Raises SettingsError if there is a feed already, or if the keys would be
    inside the feed; DiskFull if the files cannot be written.
    """
    repository = MetadataRepository(feed)
    if repository.folder.exists():
        raise SettingsError(f"{repository.folder}: holds a feed already; choose another folder")
    check_keys_apart(feed, keys)
    root = first_root(keys, now)
    with _translate_disk_errors():
        repository.folder.mkdir(parents=True)
        (feed / "targets").mkdir()
        for served in (feed, repository.folder, feed / "targets"):
            served.chmod(PUBLIC_FOLDER_MODE)
        repository.put_root(root)
        repository.put_targets(Targets(), online_signers(keys, root.signed), now)


def check_keys_apart(feed: Path, keys: Path) -> None:
    """Raise SettingsError if the folder of the private keys is inside the feed that is served."""
    if feed.resolve() == keys.resolve() or feed.resolve() in keys.resolve().parents:
        raise SettingsError(
            f"{keys}: is inside the feed, where everybody could fetch the keys;"
            " choose a folder outside it"
        )


def publish_version(
    feed: Path, keys: Path, material: NewVersion, now: datetime, report: ReportProgress
) -> int:
    """Publish a new version of the feed and return its number.

    `now` is aware. Raises DataError or SettingsError if some of the material cannot be used; then
    nothing is published.
    """
    with exclusive_lock(feed, PUBLISHING_LOCK), _translate_disk_errors():
        repository = MetadataRepository(feed)
        signers = online_signers(keys, repository.root().signed)
        targets = repository.targets().signed
        targets.version += 1
        build_targets(feed / "targets", targets, material, report)
        repository.put_targets(targets, signers, now)
        _remove_unnamed_files(feed, now)
        return targets.version


def sign_feed(feed: Path, keys: Path, now: datetime) -> dict[str, object]:
    """Sign that the newest version is still the newest one at `now` (aware).

    A prepared root with enough signatures is published, and metadata that expire soon are signed
    again. Returns JSON: the version, whether the root changed, and when each role expires. Raises
    SettingsError if a key is missing and DiskFull if the files cannot be written.
    """
    with exclusive_lock(feed, PUBLISHING_LOCK), _translate_disk_errors():
        repository = MetadataRepository(feed)
        root_changed = publish_root(feed, keys)
        signers = online_signers(keys, repository.root().signed)
        targets, snapshot = repository.targets().signed, repository.snapshot().signed
        if (
            root_changed
            or not repository.is_trusted()
            or targets.expires - now < VALIDITY["targets"] / 3
        ):
            targets.version += 1
            repository.put_targets(targets, signers, now)
        elif snapshot.expires - now < VALIDITY["snapshot"] / 3:
            snapshot.version += 1
            repository.put_snapshot(snapshot, signers, now)
        else:
            repository.put_timestamp(snapshot.version, signers, now)
        return {
            "version": repository.targets().signed.version,
            "root_changed": root_changed,
            "expires": _expiry_times(repository),
        }


@contextlib.contextmanager
def _translate_disk_errors() -> Iterator[None]:
    """Raise DiskFull in place of an OSError of a full or failing disk."""
    try:
        yield
    except OSError as exc:
        raise DiskFull(f"{exc.filename or 'the disk'}: {exc.strerror}") from exc


def _expiry_times(repository: MetadataRepository) -> dict[str, str]:
    newest: list[Signed] = [
        repository.root().signed,
        repository.targets().signed,
        repository.snapshot().signed,
        repository.timestamp().signed,
    ]
    return {metadata.type: metadata.expires.isoformat() for metadata in newest}


def _remove_unnamed_files(feed: Path, now: datetime) -> None:
    """Remove files that no version has named for a while, and folders that a kill left behind."""
    targets = MetadataRepository(feed).targets().signed.targets.values()
    named = {target.get_prefixed_paths()[0] for target in targets}
    for path in (feed / "targets").iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name not in named:
            age_s = now.timestamp() - path.stat().st_mtime
            if age_s > UNNAMED_FILE_RETENTION_S:
                path.unlink()
