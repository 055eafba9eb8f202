"""Put a backup in the logbook's place, rehearse that, or go on with the logbook that is there.

How a backup is restored; whatever ends it, the next run of the same command goes on:

1. The backup is copied into the data directory (`logbook.db.restoring`), and verified there.
2. The old logbook is set aside in the folder `aside`, first the `.db`: from then on, until the
   backup has its name, the program says that the logbook is gone.
3. The copy gets the logbook's name.  Until the marker is written, the program says that the logbook
   is older than it was.
4. The restore is a row of the logbook, with what was lost, and from which number the rooms go on.
   Then the marker is written.

Nothing is ever deleted but the copy of a run that was interrupted.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kiosk.backup.copies import BackupCopy
from kiosk.backup.errors import BackupFailed, RestoreFailed
from kiosk.backup.guard import LogbookGuard
from kiosk.backup.making import verify_copy
from kiosk.backup.number_start import numbers_from
from kiosk.logbook import (
    NO_LINK,
    Database,
    DecisionKind,
    Decisions,
    FileFacts,
    LinkMark,
    LogbookDecision,
    LogbookUnavailable,
    count_damage,
    read_facts,
)
from kiosk.runtime.errors import AlreadyRunning
from kiosk.runtime.files import folder_to_disk, replace_while_read
from kiosk.runtime.lock import exclusive_lock

PROGRAM_LOCK = "program"  # held while the program serves the desk
NIGHTLY_LOCK = "sync"
TAILS = ("-wal", "-shm")  # of the files beside a logbook
MAX_REASON = 500  # characters


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal has found in a backup."""

    backup: str
    facts: FileFacts
    copy_s: float
    check_s: float


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore has done."""

    backup: str
    facts: FileFacts
    aside: str  # the folder with the old logbook; empty: there was none
    lost_from: int | None  # the first link that is known to be lost; None: none
    lost_to: int | None
    put_back: tuple[str, ...]  # of the other files: those that were missing
    numbers_from: int | None  # of every room for the rest of the day
    faults: int = 0  # that the backup has, and the logbook now


def rehearse(guard: LogbookGuard, copy: BackupCopy) -> Rehearsal:
    """Open a backup in a scratch folder as a restore would, and verify it; nothing is changed.

    Raises RestoreFailed if it could not be restored.
    """
    with tempfile.TemporaryDirectory(prefix="tiepdon-") as name:
        scratch = Path(name) / guard.places.logbook.name
        begun = time.monotonic()
        _copy(copy.file, scratch)
        copied = time.monotonic()
        with _translated():
            verify_copy(copy, scratch, guard.keys)
        database = Database(scratch, "site", keys=guard.keys)  # with this program's schema
        facts = read_facts(scratch, guard.keys)
        database.close()
        ended = time.monotonic()
    return Rehearsal(copy.file.name, facts, round(copied - begun, 2), round(ended - copied, 2))


def restore(
    guard: LogbookGuard,
    copy: BackupCopy,
    others: dict[str, Path],
    reason: str,
    author: str,
    clock: Callable[[], datetime],
    is_other: bool = False,
    is_faulty: bool = False,
) -> Restored:
    """Put a backup in the place of the logbook.

    `others` are the places of the other files of a backup by their names; one that exists is left
    as it is.  With `is_other` the backup may be of another logbook than the one that was here, with
    `is_faulty` some of its pages may be damaged.

    Raises RestoreFailed if the backup is not whole, is of another logbook, or the disk is full,
    AlreadyRunning if the program or the nightly job runs.
    """
    places, folder, now = guard.places, guard.places.logbook.parent, clock()
    fresh = places.logbook.with_name(f"{places.logbook.name}.restoring")
    with stopped(folder):
        _remove(fresh)
        _copy(copy.file, fresh)
        with _translated():
            verify_copy(copy, fresh, guard.keys, is_faulty)
            facts = read_facts(fresh, guard.keys)
            faults = count_damage(fresh, guard.keys) if is_faulty else 0
            if not is_other:
                _require_same(guard, copy, facts)
            lost = _lost(guard, facts.link)
            next_number = numbers_from(guard.state, (places.logbook, fresh), now, guard.keys)
        aside = set_aside(places.logbook, now)
        try:
            replace_while_read(fresh, places.logbook)
            folder_to_disk(folder)
        except OSError as exc:
            raise RestoreFailed(
                f"{places.logbook}: cannot be written ({exc.strerror});"
                f" the old logbook is in {aside}"
            ) from exc
        put_back = _put_back(copy, others)
        decision = LogbookDecision(
            now,
            DecisionKind.RESTORED,
            guard.state.trouble or "",
            author,
            reason[:MAX_REASON],
            copy.file.name,
            facts.link.id + 1 if lost else None,
            lost.id if lost else None,
            lost.hash if lost else "",
            next_number,
        )
        _record(guard, decision)
    return Restored(
        copy.file.name,
        facts,
        "" if aside is None else str(aside),
        decision.lost_from,
        decision.lost_to,
        put_back,
        decision.numbers_from,
        faults,
    )


def accept(
    guard: LogbookGuard,
    reason: str,
    author: str,
    clock: Callable[[], datetime],
    is_serving: bool = False,
) -> LogbookDecision:
    """Go on with the logbook that is there; begin a new one if it cannot be read or is gone.

    A file that cannot be read, or is empty, is set aside.  With `is_serving` the program itself
    decides, which holds the lock of the program and works on another file; it has to start again
    afterwards.

    Raises RestoreFailed if nothing is wrong, and AlreadyRunning if the program or the nightly job
    runs.
    """
    state = guard.state
    if state.trouble is None:
        raise RestoreFailed("nothing is wrong with the logbook: there is nothing to accept")
    link = state.facts.link if state.facts is not None else NO_LINK
    lost = _lost(guard, link)
    newest = state.newest_copy
    files = [guard.places.logbook, *([newest.file] if newest else [])]
    now = clock()
    decision = LogbookDecision(
        now,
        DecisionKind.ACCEPTED if state.is_there else DecisionKind.BEGUN,
        state.trouble,
        author,
        reason[:MAX_REASON],
        lost_from=link.id + 1 if lost else None,
        lost_to=lost.id if lost else None,
        lost_hash=lost.hash if lost else "",
        numbers_from=numbers_from(state, files, now, guard.keys),
    )
    with stopped(guard.places.logbook.parent, is_serving):
        if not state.is_there:
            set_aside(guard.places.logbook, now)
        _record(guard, decision)
    return decision


@contextlib.contextmanager
def stopped(folder: Path, is_serving: bool = False) -> Iterator[None]:
    """Keep the program and the nightly job of a data directory from starting.

    With `is_serving` this is the program, which holds its lock already.

    Raises AlreadyRunning if one of them runs.
    """
    try:
        with contextlib.ExitStack() as locks:
            for name in (NIGHTLY_LOCK,) if is_serving else (PROGRAM_LOCK, NIGHTLY_LOCK):
                locks.enter_context(exclusive_lock(folder, name))
            yield
    except AlreadyRunning as exc:
        raise AlreadyRunning(
            f"{folder}: the program or the nightly job runs; stop it first, then try again"
        ) from exc


def _lost(guard: LogbookGuard, link: LinkMark) -> LinkMark | None:
    """Return the newest link that is known and that a backup up to `link` lacks."""
    known = [link]
    if guard.state.marker is not None:
        known.append(guard.state.marker.mark)
    if guard.state.facts is not None:
        known.append(guard.state.facts.link)
    newest = max(known, key=lambda mark: mark.id)
    return newest if newest.id > link.id else None


def _require_same(guard: LogbookGuard, copy: BackupCopy, facts: FileFacts) -> None:
    """Raise RestoreFailed if a backup is of another logbook than the one that was here.

    Where nothing was recorded yet, as on a new machine, a backup of any logbook is right.
    """
    marker, there = guard.state.marker, guard.state.facts
    known = marker.instance if marker is not None else there.instance if there is not None else ""
    is_new = there is not None and there.instance == known and not there.visits
    if known and known != facts.instance and not is_new:
        raise RestoreFailed(
            f"{copy.file}: is a backup of another logbook ({facts.instance}) than the one that was"
            f" here ({known}), perhaps of another site. If it shall take its place all the same:"
            " --other-logbook. Nothing was changed"
        )


def _record(guard: LogbookGuard, decision: LogbookDecision) -> None:
    """Write a decision into the logbook, which is made if it is gone; then write the marker."""
    database = Database(guard.places.logbook, "site", keys=guard.keys)
    try:
        Decisions(database).record(decision)
    finally:
        database.close()
    try:
        guard.write(clean=True)
    except OSError as exc:
        raise RestoreFailed(
            f"{guard.places.beside}: cannot be written ({exc.strerror}); run the same command again"
        ) from exc


def set_aside(logbook: Path, now: datetime) -> Path | None:
    """Move a logbook with the files beside it; return the folder. None if there was nothing.

    If the `.db` was moved by a run that was interrupted, what is left goes to it.
    """
    left = [file for file in with_tails(logbook) if file.exists()]
    if not left:
        return None
    home = logbook.parent / "aside"
    earlier = sorted(home.glob("logbook-*")) if home.is_dir() else []
    if logbook in left or not earlier:
        stamp = now.astimezone(UTC).strftime("logbook-%Y%m%dT%H%M%SZ")
        names = (f"{stamp}-{count:03}" for count in itertools.count(1))
        target = next(home / name for name in names if not (home / name).exists())
    else:
        target = earlier[-1]
    try:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file in left:
            os.replace(file, target / file.name)
        folder_to_disk(target)
        folder_to_disk(logbook.parent)
    except OSError as exc:
        raise RestoreFailed(
            f"{logbook}: cannot be set aside ({exc.strerror}); stop whatever has it open"
        ) from exc
    return target


def with_tails(file: Path) -> list[Path]:
    """Return a logbook's file and those that SQLite keeps beside it."""
    return [file, *(file.with_name(f"{file.name}{tail}") for tail in TAILS)]


def _remove(fresh: Path) -> None:
    for file in with_tails(fresh):
        file.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
        os.chmod(target, 0o600)
        with target.open("rb+") as opened:
            os.fsync(opened.fileno())
    except OSError as exc:
        target.unlink(missing_ok=True)
        raise RestoreFailed(f"{source}: cannot be copied ({exc.strerror})") from exc


def _put_back(copy: BackupCopy, others: dict[str, Path]) -> tuple[str, ...]:
    """Write the other files of a backup where they are missing; return their names."""
    done = []
    try:
        with zipfile.ZipFile(copy.other_files) as archive:
            for name in archive.namelist():
                target = others.get(name)
                if target is not None and not target.exists():
                    target.write_bytes(archive.read(name))
                    done.append(name)
    except (OSError, zipfile.BadZipFile):
        return tuple(done)  # the logbook counts; the files are named in docs/backup.md
    return tuple(done)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (BackupFailed, LogbookUnavailable) as exc:
        raise RestoreFailed(f"{exc}. Nothing was changed") from exc
