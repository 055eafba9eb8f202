"""Bring what this kiosk holds up to date: all of the feed's newest version, or none of it."""

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
from kiosk.feed.download import download, is_whole
from kiosk.feed.errors import FeedExpired, FeedRolledBack, FeedTooSlow, FeedUnreachable
from kiosk.feed.sources import FeedSource
from kiosk.feed.targets import TargetToFetch, entries_to_keep, targets_to_fetch
from kiosk.feed.trust import Publication, name_of_root, read_verified, refresh
from kiosk.runtime.lock import exclusive_lock
from kiosk.runtime.progress import ReportProgress

SPARE_BYTES = 512 * 1024**2  # left on the disk, for the logbook
CheckTables = Callable[[Path], object]  # raises DataUnusable


class Feed:
    """The feed of one kiosk. One update at a time; what is in use stays until all is here."""

    def __init__(
        self, folder: Path, root: bytes, floor: Callable[[], datetime], check: CheckTables,
        is_damaged: Callable[[], bool] = bool,
    ) -> None:  # fmt: skip
        """`root` is the root metadata that the operator gave by hand, `floor` tells a moment
        that is known to have passed, `check` refuses tables that cannot be used, `is_damaged`
        tells whether what is in use is to be looked through."""
        self._folder, self._root = folder, root
        self._floor, self._check, self._is_damaged = floor, check, is_damaged
        self._name = name_of_root(root)
        self._metadata = folder / f"metadata-{self._name}"

    def update(self, source: FeedSource, report: ReportProgress) -> bool:
        """Adopt the newest version; report whether there was a newer one.

        A DataError says why not: then what is in use stays.  AlreadyRunning where another
        process is at it.
        """
        with _translate_disk_errors(), exclusive_lock(self._folder, ADOPTION_LOCK):
            try:
                newest = refresh(self._metadata, self._root, source)
            except (FeedUnreachable, FeedTooSlow):
                if self._finish(report):
                    return True
                raise
            return self._adopt(newest, source, report)

    def _finish(self, report: ReportProgress) -> bool:
        """Adopt what was verified and is all here; a kill may have come in between."""
        try:
            return self._adopt(read_verified(self._metadata, self._root), None, report)
        except DataError:
            return False

    def _adopt(
        self, newest: Publication, source: FeedSource | None, report: ReportProgress
    ) -> bool:
        before = adopted_manifest(self._folder)
        ours = before.feed if before.root == self._name else 0
        if newest.version < ours:
            raise FeedRolledBack(f"version {newest.version}; version {ours} is in use")
        if newest.version == ours and before.confirmed and newest.confirmed < before.confirmed:
            raise FeedRolledBack(f"as of {newest.confirmed}; as of {before.confirmed} is in use")
        if newest.expires < self._floor():
            raise FeedExpired(f"over since {newest.expires:%Y-%m-%d %H:%M} UTC")
        wanted = targets_to_fetch(newest.targets, self._name)
        sets = entries_to_keep(before, wanted) | {name: one.named for name, one in wanted.items()}
        pointed = Manifest(sets, newest.version, self._name, newest.confirmed)
        dropped = self._is_damaged() and self._drop_damaged(wanted)
        if pointed == before and not dropped:
            return False
        self._bring(wanted, source, report)
        try:
            self._see_to(pointed)
        except DataUnusable:
            if not self._drop_damaged(wanted):
                raise
            self._bring(wanted, source, report)
            self._see_to(pointed)
        adopt_manifest(self._folder, pointed)
        return pointed.sets != before.sets

    def _drop_damaged(self, wanted: Mapping[str, TargetToFetch]) -> bool:
        """Let go of files here that are not any more what came; report whether there were any."""
        dropped = False
        for one in wanted.values():
            path = self._folder / one.arrives_as
            if path.is_file():
                with path.open("rb") as file:
                    is_good = is_whole(one.target, file)
                if not is_good:
                    path.unlink()
            dropped = dropped or not (self._folder / one.named.file).exists()
        return dropped

    def _bring(
        self, wanted: Mapping[str, TargetToFetch], source: FeedSource | None, report: ReportProgress
    ) -> None:
        missing = [one for one in wanted.values() if not (self._folder / one.named.file).exists()]
        remove_parts(self._folder, {one.arrives_as for one in missing})
        self._make_sure_of_room(missing)
        for one in missing:
            path = self._folder / one.arrives_as
            if not path.exists():
                if source is None:
                    raise FeedUnreachable(f"{one.target.path} is not here yet")
                size = one.target.length
                download(source, one.target, path, lambda came: report("download", came, size))  # noqa: B023 - called at once
            if path.name != one.named.file:
                unpack_tables(path, self._folder / one.named.file)

    def _make_sure_of_room(self, missing: list[TargetToFetch]) -> None:
        parts = [self._folder / f"{one.arrives_as}.part" for one in missing]
        here = sum(part.stat().st_size for part in parts if part.exists())
        needed = sum(one.target.length for one in missing) - here
        free = shutil.disk_usage(self._folder).free
        if missing and needed + SPARE_BYTES > free:
            raise DiskFull(f"{needed // 10**6} MB are to come, {free // 10**6} MB are free")

    def _see_to(self, pointed: Manifest) -> None:
        """See that all can be opened; DataUnusable where it was signed and is no good."""
        try:
            open_version(self._folder, pointed).close()
        except DataUnreadable as exc:
            raise DataUnusable(str(exc)) from exc
        if "tables" in pointed.sets:
            tables = self._folder / pointed.sets["tables"].file
            try:
                self._check(tables)
            except DataUnusable:
                shutil.rmtree(tables, ignore_errors=True)  # were they damaged here, they come again
                raise


@contextlib.contextmanager
def _translate_disk_errors() -> Iterator[None]:
    """Turn what a disk that is full, fails or is gone raises, wherever, into one of ours."""
    try:
        yield
    except SettingsError as exc:
        raise DataError(str(exc)) from exc
    except OSError as exc:
        raise DiskFull(f"{exc.filename or 'the disk'}: {exc.strerror}") from exc
