"""Update the data in use from a feed: all of its newest version, or nothing of it.

The steps, each numbered where it is done:

(1) One process at a time changes the data in use.  AlreadyRunning.
(2) The newest metadata of the feed is verified by the rules of trust.py.  If the source does not
    answer, a version that was verified before and whose files are all here is adopted: a kill may
    have come in between.
(3) Its version is not lower than the one in use, and it was not confirmed earlier.  This holds
    even if all metadata on this machine were lost.  FeedRolledBack.
(4) It has not expired at a moment that is known to have passed, whatever the machine's clock says
    now.  FeedExpired.
(5) Its files fit the rules of targets.py.  DataUnusable.
(6) There is room on the disk for all that is missing, and a reserve.  DiskFull.
(7) Missing files are downloaded, and only what was signed is accepted.  FeedNotWhole.
(8) All files can be opened, and the tables replace the shipped ones.  Otherwise, files that were
    damaged here are fetched again once; then DataUnusable.
(9) The new manifest replaces the one in use, in one step.  Until then nothing in use has changed.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from kiosk.data import (
    ADOPTION_LOCK,
    DataUnreadable,
    DataUnusable,
    DiskFull,
    Manifest,
    adopt_manifest,
    adopted_manifest,
    open_version,
    remove_parts,
    unpack_tables,
)
from kiosk.errors import DataError, SettingsError
from kiosk.feed.download import download, is_as_signed
from kiosk.feed.errors import FeedExpired, FeedRolledBack, FeedTooSlow, FeedUnreachable
from kiosk.feed.sources import FeedSource
from kiosk.feed.targets import TargetToFetch, entries_to_keep, targets_to_fetch
from kiosk.feed.trust import Publication, name_of_root, read_verified, refresh
from kiosk.runtime.lock import exclusive_lock
from kiosk.runtime.progress import ReportProgress

RESERVED_BYTES = 512 * 1024**2  # of the disk, left free for the logbook
BYTES_PER_MB = 10**6
CheckTables = Callable[[Path], object]  # raises DataUnusable


class Feed:
    """The feed of one kiosk, and the folder of the data that it has adopted."""

    def __init__(
        self,
        folder: Path,
        root: bytes,
        floor: Callable[[], datetime],
        check_tables: CheckTables,
        is_damaged: Callable[[], bool] = bool,
    ) -> None:
        """Name the feed; nothing is read yet.

        `root` is the root metadata that the operator was given by hand, and `floor` returns a
        moment (aware) that is known to have passed.  `check_tables` raises DataUnusable if the
        tables in a folder cannot be used.  `is_damaged` returns whether the files in use must be
        checked.
        """
        self._folder, self._root = folder, root
        self._floor, self._check_tables, self._is_damaged = floor, check_tables, is_damaged
        self._name = name_of_root(root)
        self._metadata = folder / f"metadata-{self._name}"

    def update(self, source: FeedSource, report: ReportProgress) -> bool:
        """Adopt the newest version of the feed; return whether any set of data is new.

        `report` is called with the progress of each download.  Raises AlreadyRunning if another
        process changes the data, or the DataError of the step that failed; then everything that is
        in use stays.
        """
        with _translate_disk_errors(), exclusive_lock(self._folder, ADOPTION_LOCK):  # (1)
            try:
                newest = refresh(self._metadata, self._root, source)  # (2)
            except (FeedUnreachable, FeedTooSlow):
                if self._adopt_without_source(report):
                    return True
                raise
            return self._adopt(newest, source, report)

    def _adopt_without_source(self, report: ReportProgress) -> bool:
        """Adopt the version that was verified before, if all its files are here.

        Returns whether any set of data is new.
        """
        try:
            return self._adopt(read_verified(self._metadata, self._root), None, report)
        except DataError:
            return False

    def _adopt(
        self, newest: Publication, source: FeedSource | None, report: ReportProgress
    ) -> bool:
        before = adopted_manifest(self._folder)
        self._refuse_older(newest, before)
        to_fetch = targets_to_fetch(newest.targets, self._name)  # (5)
        sets = entries_to_keep(before, to_fetch)
        sets |= {name: fetched.entry for name, fetched in to_fetch.items()}
        manifest = Manifest(sets, newest.version, self._name, newest.confirmed)
        must_repair = self._is_damaged() and self._remove_damaged(to_fetch)
        if manifest == before and not must_repair:
            return False
        self._fetch_missing(to_fetch, source, report)
        try:
            self._check(manifest)
        except DataUnusable:
            if not self._remove_damaged(to_fetch):
                raise
            self._fetch_missing(to_fetch, source, report)
            self._check(manifest)
        adopt_manifest(self._folder, manifest)  # (9)
        return manifest.sets != before.sets

    def _refuse_older(self, newest: Publication, before: Manifest) -> None:
        in_use = before.feed if before.root == self._name else 0
        if newest.version < in_use:  # (3)
            raise FeedRolledBack(f"version {newest.version}; version {in_use} is in use")
        if newest.version == in_use and before.confirmed and newest.confirmed < before.confirmed:
            raise FeedRolledBack(f"as of {newest.confirmed}; as of {before.confirmed} is in use")
        if newest.expires < self._floor():  # (4)
            raise FeedExpired(f"expired at {newest.expires:%Y-%m-%d %H:%M} UTC")

    def _remove_damaged(self, to_fetch: Mapping[str, TargetToFetch]) -> bool:
        """Remove files that are not as they were signed; return whether any file is missing now."""
        is_missing = False
        for fetched in to_fetch.values():
            path = self._folder / fetched.arrives_as
            if path.is_file():
                with path.open("rb") as file:
                    is_good = is_as_signed(fetched.target, file)
                if not is_good:
                    path.unlink()
            is_missing = is_missing or not (self._folder / fetched.entry.file).exists()
        return is_missing

    def _fetch_missing(
        self,
        to_fetch: Mapping[str, TargetToFetch],
        source: FeedSource | None,
        report: ReportProgress,
    ) -> None:
        missing = [
            fetched
            for fetched in to_fetch.values()
            if not (self._folder / fetched.entry.file).exists()
        ]
        remove_parts(self._folder, {fetched.arrives_as for fetched in missing})
        self._check_space(missing)
        for fetched in missing:
            path = self._folder / fetched.arrives_as
            if not path.exists():
                if source is None:
                    raise FeedUnreachable(f"{fetched.target.path} is not here yet")
                self._download(source, fetched, path, report)
            if path.name != fetched.entry.file:
                unpack_tables(path, self._folder / fetched.entry.file)

    def _download(
        self, source: FeedSource, fetched: TargetToFetch, path: Path, report: ReportProgress
    ) -> None:
        size = fetched.target.length
        download(source, fetched.target, path, lambda done: report("download", done, size))  # (7)

    def _check_space(self, missing: list[TargetToFetch]) -> None:
        parts = [self._folder / f"{fetched.arrives_as}.part" for fetched in missing]
        here = sum(part.stat().st_size for part in parts if part.exists())
        needed = sum(fetched.target.length for fetched in missing) - here
        free = shutil.disk_usage(self._folder).free
        if missing and needed + RESERVED_BYTES > free:  # (6)
            raise DiskFull(
                f"{needed // BYTES_PER_MB} MB are needed, and {RESERVED_BYTES // BYTES_PER_MB} MB "
                f"are reserved for the logbook, but only {free // BYTES_PER_MB} MB are free"
            )

    def _check(self, manifest: Manifest) -> None:
        """Check that all files can be opened and used; raises DataUnusable if not."""  # (8)
        try:
            open_version(self._folder, manifest).close()
        except DataUnreadable as exc:
            raise DataUnusable(str(exc)) from exc
        if "tables" in manifest.sets:
            tables = self._folder / manifest.sets["tables"].file
            try:
                self._check_tables(tables)
            except DataUnusable:
                # If they were damaged on this disk, they are unpacked again.
                shutil.rmtree(tables, ignore_errors=True)
                raise


@contextlib.contextmanager
def _translate_disk_errors() -> Iterator[None]:
    """Translate the errors of a disk that is full, fails or was removed into ours."""
    try:
        yield
    except SettingsError as exc:
        raise DataError(str(exc)) from exc
    except OSError as exc:
        raise DiskFull(f"{exc.filename or 'the disk'}: {exc.strerror}") from exc
