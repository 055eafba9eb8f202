"""Bring what this kiosk holds up to date: all of the feed's newest version, or none of it."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from tuf.api.metadata import TargetFile

from kiosk.errors import (
    FeedError,
    FeedExpired,
    FeedNotWhole,
    FeedRolledBack,
    FeedTooSlow,
    FeedUnreachable,
    FeedUnusable,
    NoRoom,
    SettingsError,
)
from kiosk.feed.bundle import unpack_tables
from kiosk.feed.download import download, is_whole
from kiosk.feed.pointing import LOCK, held_now, point, remove_parts
from kiosk.feed.progress import Tell
from kiosk.feed.sources import Source
from kiosk.feed.trust import Publication, believed, name_of_root, refresh
from kiosk.lock import only_one
from verify import HoldingsUnreadable, Named, Pointed, open_held

MOST_BYTES = 16 * 1024**3  # of all targets together
SPARE_BYTES = 512 * 1024**2  # left on the disk, for the logbook
MOST_OF = {".json": 64 * 1024**2, ".zip": 16 * 1024**2}  # of one that is read into memory
ENDS = {"registry": ".db", "changes": ".db", "keys": ".json", "revocations": ".json",
        "tables": ".zip"}  # fmt: skip
VERSIONS = range(1, 10**9)
HASH = re.compile(r"[0-9a-f]{64,128}", re.ASCII)

CheckTables = Callable[[Path], object]  # raises FeedUnusable


class Wanted(NamedTuple):
    """A file that a version names."""

    target: TargetFile
    named: Named
    arrives_as: str  # tables arrive in one file and become a folder


class Feed:
    """The feed of one kiosk. One update at a time; what is in use stays until all is here."""

    def __init__(
        self, folder: Path, root: bytes, floor: Callable[[], datetime], check: CheckTables
    ) -> None:
        """`root` is the root metadata that the operator gave by hand, `floor` tells a moment
        that is known to have passed, `check` refuses tables that cannot be used."""
        self._folder, self._root = folder, root
        self._floor, self._check = floor, check
        self._name = name_of_root(root)
        self._metadata = folder / f"metadata-{self._name}"

    def update(self, source: Source, tell: Tell) -> bool:
        """Adopt the newest version; tell whether there was a newer one.

        A FeedError says why not: then what is in use stays.  AlreadyRunning where another
        process is at it.
        """
        with _as_ours(), only_one(self._folder, LOCK):
            try:
                newest = refresh(self._metadata, self._root, source)
            except (FeedUnreachable, FeedTooSlow):
                if self._finish(tell):
                    return True
                raise
            return self._adopt(newest, source, tell)

    def _finish(self, tell: Tell) -> bool:
        """Adopt what was verified and is all here; a kill may have come in between."""
        try:
            return self._adopt(believed(self._metadata, self._root), None, tell)
        except FeedError:
            return False

    def _adopt(self, newest: Publication, source: Source | None, tell: Tell) -> bool:
        before = held_now(self._folder)
        ours = before.feed if before.root == self._name else 0
        if newest.version < ours:
            raise FeedRolledBack(f"version {newest.version}; version {ours} is in use")
        if newest.version == ours and before.confirmed and newest.confirmed < before.confirmed:
            raise FeedRolledBack(f"as of {newest.confirmed}; as of {before.confirmed} is in use")
        if newest.expires < self._floor():
            raise FeedExpired(f"over since {newest.expires:%Y-%m-%d %H:%M} UTC")
        wanted = _wanted(newest.targets, self._name)
        sets = _kept(before, wanted) | {name: one.named for name, one in wanted.items()}
        pointed = Pointed(sets, newest.version, self._name, newest.confirmed)
        if pointed == before:
            return False
        self._bring(wanted, source, tell)
        try:
            self._see_to(pointed)
        except FeedUnusable as exc:
            self._drop_damaged(wanted, exc)
            raise
        point(self._folder, pointed)
        return pointed.sets != before.sets

    def _drop_damaged(self, wanted: Mapping[str, Wanted], why: FeedUnusable) -> None:
        """Let go of files that are not any more what came, so that they come again."""
        for one in wanted.values():
            path = self._folder / one.arrives_as
            if path.is_file():
                with path.open("rb") as file:
                    is_good = is_whole(one.target, file)
                if not is_good:
                    path.unlink()
                    raise FeedNotWhole(f"{path.name} was damaged on this disk") from why

    def _bring(self, wanted: Mapping[str, Wanted], source: Source | None, tell: Tell) -> None:
        missing = [one for one in wanted.values() if not (self._folder / one.named.file).exists()]
        remove_parts(self._folder, {one.arrives_as for one in missing})
        self._make_sure_of_room(missing)
        for one in missing:
            path = self._folder / one.arrives_as
            if not path.exists():
                if source is None:
                    raise FeedUnreachable(f"{one.target.path} is not here yet")
                size = one.target.length
                download(source, one.target, path, lambda came: tell("download", came, size))  # noqa: B023 - called at once
            if path.name != one.named.file:
                unpack_tables(path, self._folder / one.named.file)

    def _make_sure_of_room(self, missing: list[Wanted]) -> None:
        parts = [self._folder / f"{one.arrives_as}.part" for one in missing]
        here = sum(part.stat().st_size for part in parts if part.exists())
        needed = sum(one.target.length for one in missing) - here
        free = shutil.disk_usage(self._folder).free
        if missing and needed + SPARE_BYTES > free:
            raise NoRoom(f"{needed // 10**6} MB are to come, {free // 10**6} MB are free")

    def _see_to(self, pointed: Pointed) -> None:
        """See that all can be opened; FeedUnusable where it was signed and is no good."""
        try:
            open_held(self._folder, pointed).close()
        except HoldingsUnreadable as exc:
            raise FeedUnusable(str(exc)) from exc
        if "tables" in pointed.sets:
            tables = self._folder / pointed.sets["tables"].file
            try:
                self._check(tables)
            except FeedUnusable:
                shutil.rmtree(tables, ignore_errors=True)  # were they damaged here, they come again
                raise


def _kept(before: Pointed, wanted: Mapping[str, Wanted]) -> dict[str, Named]:
    """Return what the feed does not bring and stays: what was built here, and revocations.

    Who brings no revocations any more has not taken them back: they age, and by their limits
    leave signed cards unconfirmed.
    """
    brings = set(wanted) | ({"changes"} if "registry" in wanted else set())
    return {name: one for name, one in before.sets.items()
            if name not in brings and (name == "revocations" or not one.origin)}  # fmt: skip


def _wanted(targets: Mapping[str, TargetFile], origin: str) -> dict[str, Wanted]:
    """Return the file of each set; FeedUnusable where they are not those of a kiosk's feed."""
    wanted = dict(_each(targets, origin))
    if len(wanted) != len(targets) or sum(one.length for one in targets.values()) > MOST_BYTES:
        raise FeedUnusable(f"{len(targets)} targets: a set twice, or more than {MOST_BYTES} bytes")
    return wanted


def _each(targets: Mapping[str, TargetFile], origin: str) -> Iterator[tuple[str, Wanted]]:
    for path, target in targets.items():
        try:
            name, version = target.custom["set"], int(target.custom["version"])
            issued = datetime.fromisoformat(target.custom["issued"])
            sha256, end = target.hashes["sha256"], ENDS[name]
        except (KeyError, TypeError, ValueError) as exc:
            raise FeedUnusable(f"{path!r}: wanted set, version and issued of it") from exc
        is_ours = re.fullmatch(rf"{name}-\d{{1,9}}\{end}", path, re.ASCII) and version in VERSIONS
        if not is_ours or not all(map(HASH.fullmatch, target.hashes.values())):
            raise FeedUnusable(f"{path!r}: no target of a kiosk")
        if issued.tzinfo is None or target.length > MOST_OF.get(end, MOST_BYTES):
            raise FeedUnusable(f"{path!r}: issued {issued}, {target.length} bytes")
        stem = f"{name}-{version}-{sha256[:8]}"
        file = stem if name == "tables" else f"{stem}{end}"
        yield name, Wanted(target, Named(file, version, issued, origin), f"{stem}{end}")


@contextlib.contextmanager
def _as_ours() -> Iterator[None]:
    """Turn what a disk that is full, fails or is gone raises, wherever, into one of ours."""
    try:
        yield
    except SettingsError as exc:
        raise FeedError(str(exc)) from exc
    except OSError as exc:
        raise NoRoom(f"{exc.filename or 'the disk'}: {exc.strerror}") from exc
