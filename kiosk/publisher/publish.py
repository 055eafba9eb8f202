"""Publish a version of a feed: put its files there, and sign what names them."""

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
from kiosk.publisher.repository import HOLDS, MetadataRepository
from kiosk.publisher.root_rotation import first_root, publish_root
from kiosk.runtime.lock import exclusive_lock
from kiosk.runtime.progress import ReportProgress

PUBLISHING_LOCK = "publish"
KEPT_S = 14 * 86_400  # what no version names any more: somebody may be fetching it


def init_feed(feed: Path, keys: Path, now: datetime) -> None:
    """Make a feed of nothing yet, and its keys; SettingsError where there is one already."""
    shelf = MetadataRepository(feed)
    if shelf.folder.exists():
        raise SettingsError(f"{shelf.folder}: a feed is there already")
    check_keys_apart(feed, keys)
    root = first_root(keys, now)
    with _translate_disk_errors():
        shelf.folder.mkdir(parents=True)
        (feed / "targets").mkdir()
        for served in (feed, shelf.folder, feed / "targets"):
            served.chmod(0o755)  # whoever serves it may be another account
        shelf.put_root(root)
        shelf.put_targets(Targets(), online_signers(keys, root.signed), now)


def check_keys_apart(feed: Path, keys: Path) -> None:
    """SettingsError where a folder of private keys is inside the feed that is served."""
    if feed.resolve() == keys.resolve() or feed.resolve() in keys.resolve().parents:
        raise SettingsError(f"{keys}: inside the feed, where everybody could fetch the keys")


def publish_version(
    feed: Path, keys: Path, material: NewVersion, now: datetime, tell: ReportProgress
) -> int:
    """Publish a version with what is new in it; return its number.

    A DataError or SettingsError says what of it cannot be used: then nothing is published.
    """
    with exclusive_lock(feed, PUBLISHING_LOCK), _translate_disk_errors():
        shelf = MetadataRepository(feed)
        signers = online_signers(keys, shelf.root().signed)
        targets = shelf.targets().signed
        targets.version += 1
        build_targets(feed / "targets", targets, material, tell)
        shelf.put_targets(targets, signers, now)
        _tidy(feed, now)
        return targets.version


def sign_feed(feed: Path, keys: Path, now: datetime) -> dict[str, object]:
    """Say that the newest version still is, as of now; return until when each role holds.

    A root that waits and has enough signatures is published; what soon runs out is signed anew.
    """
    with exclusive_lock(feed, PUBLISHING_LOCK), _translate_disk_errors():
        shelf = MetadataRepository(feed)
        changed = publish_root(feed, keys)
        signers = online_signers(keys, shelf.root().signed)
        targets, snapshot = shelf.targets().signed, shelf.snapshot().signed
        if changed or not shelf.is_trusted() or targets.expires - now < HOLDS["targets"] / 3:
            targets.version += 1
            shelf.put_targets(targets, signers, now)
        elif snapshot.expires - now < HOLDS["snapshot"] / 3:
            snapshot.version += 1
            shelf.put_snapshot(snapshot, signers, now)
        else:
            shelf.put_timestamp(snapshot.version, signers, now)
        return {"version": shelf.targets().signed.version, "root_changed": changed,
                "expires": _expiries(shelf)}  # fmt: skip


@contextlib.contextmanager
def _translate_disk_errors() -> Iterator[None]:
    """Turn what a disk that is full or fails raises into one of ours."""
    try:
        yield
    except OSError as exc:
        raise DiskFull(f"{exc.filename or 'the disk'}: {exc.strerror}") from exc


def _expiries(shelf: MetadataRepository) -> dict[str, str]:
    held: list[Signed] = [shelf.root().signed, shelf.targets().signed, shelf.snapshot().signed,
                          shelf.timestamp().signed]  # fmt: skip
    return {one.type: one.expires.isoformat() for one in held}


def _tidy(feed: Path, now: datetime) -> None:
    """Remove what no version has named for a while, and what a kill left half made."""
    named = {
        one.get_prefixed_paths()[0]
        for one in MetadataRepository(feed).targets().signed.targets.values()
    }
    for path in (feed / "targets").iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name not in named and now.timestamp() - path.stat().st_mtime > KEPT_S:
            path.unlink()
