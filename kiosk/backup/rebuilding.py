"""Make the indexes and computed tables of a damaged logbook again, when its records are whole.

1. The logbook is copied beside itself (`logbook.db.rebuilding`) and made again there.
2. The copy is checked: all pages, and its newest link must be that of the logbook.
3. That it was made again is recorded in the copy, as a decision about the logbook: a link.
4. The old file is set aside in the folder `aside`, and the copy gets its name, as in a restore.

Whatever ends this before the last step changes nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kiosk.backup.errors import RestoreFailed
from kiosk.backup.guard import LogbookGuard
from kiosk.backup.restoring import MAX_REASON, set_aside, stopped, with_tails
from kiosk.logbook import (
    Database,
    DecisionKind,
    Decisions,
    LogbookDecision,
    LogbookUnavailable,
    NotRecorded,
    count_damage,
    empty_log,
    read_facts,
)
from kiosk.logbook import rebuild as rebuild_file
from kiosk.runtime.files import folder_to_disk, replace_while_read


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was made again. `faults_before` are those of the file as it was."""

    faults_before: int
    aside: str  # the folder with the file as it was


def rebuild_logbook(
    guard: LogbookGuard, reason: str, author: str, clock: Callable[[], datetime]
) -> Rebuilt:
    """Make all indexes and computed tables of the logbook again; `reason` may be empty.

    Raises RestoreFailed if records are damaged too, so that only a backup helps, or if the disk is
    full; nothing was changed then.  Raises AlreadyRunning if the program or the nightly job runs.
    """
    logbook = guard.places.logbook
    fresh = logbook.with_name(f"{logbook.name}.rebuilding")
    with stopped(logbook.parent):
        try:
            faults = count_damage(logbook, guard.keys)
            before = read_facts(logbook, guard.keys)
            empty_log(logbook, guard.keys)
            shutil.copyfile(logbook, fresh)
            rebuild_file(fresh, guard.keys)
            left = count_damage(fresh, guard.keys)
            is_same = read_facts(fresh, guard.keys).link == before.link
            if is_same and not left:
                trouble = f"faults: {faults}" if faults else ""
                _record(guard, fresh, trouble, author, reason, clock())
        except (LogbookUnavailable, NotRecorded, OSError) as exc:
            _forget(guard)
            kind = exc.strerror if isinstance(exc, OSError) else exc
            raise RestoreFailed(
                f"{logbook}: cannot be made again ({kind}): records are damaged too, or the disk is"
                " full. Nothing was changed; restore a backup"
            ) from exc
        if left or not is_same:
            _forget(guard)
            raise RestoreFailed(
                f"{logbook}: records are damaged too ({left} faults are left). Nothing was changed;"
                " restore a backup"
            )
        aside = set_aside(logbook, clock())
        replace_while_read(fresh, logbook)
        folder_to_disk(logbook.parent)
        guard.write(clean=True)
    return Rebuilt(faults, str(aside))


def _record(
    guard: LogbookGuard, fresh: Path, trouble: str, author: str, reason: str, now: datetime
) -> None:
    """Write into the copy that it was made again, and all of it into its one file."""
    database = Database(fresh, "site", keys=guard.keys)
    try:
        Decisions(database).record(
            LogbookDecision(now, DecisionKind.REBUILT, trouble, author, reason[:MAX_REASON])
        )
    finally:
        database.close()
    empty_log(fresh, guard.keys)


def _forget(guard: LogbookGuard) -> None:
    fresh = guard.places.logbook.with_name(f"{guard.places.logbook.name}.rebuilding")
    for file in with_tails(fresh):
        file.unlink(missing_ok=True)
