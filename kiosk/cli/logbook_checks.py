"""Is this the right logbook, and how old is its newest backup: for commands, and for `doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.backup import LogbookGuard
from kiosk.cli.logbook_words import advice_for, seen_state
from kiosk.cli.options import now
from kiosk.runtime.paths import settings_file
from kiosk.settings import Settings

MAX_AGE = timedelta(hours=26)  # of the newest backup: a night and a morning


def certain_logbook(settings: Settings, folder: Path, config: Path | None) -> LogbookGuard:
    """Return the guard of a data directory's logbook, before a command opens it.

    Raises LogbookInDoubt if it is not certain that it is the right one, LogbookTooNew if a newer
    program wrote it.
    """
    guard = LogbookGuard(settings, folder, settings_file(config, folder), now)
    guard.require_certain()
    return guard


def logbook_checks(guard: LogbookGuard, moment: datetime) -> Iterator[dict[str, Any]]:
    """Yield the checks of `doctor` as JSON at `moment` (aware), as those of `kiosk.cli.checks`."""
    seen = seen_state(guard.state) or "the one that was here"
    if guard.state.has_no_marker:
        seen = "has no marker yet; the program writes one when it starts"
    yield _check("logbook", seen, advice_for(guard.state))
    newest = guard.copies.newest()
    if newest is None or newest.description is None or newest.made_at is None:
        do = "Make one: `backup`, and have `sync` run each night."
        is_new = guard.state.facts is None and guard.state.trouble is None
        yield _check("backup", f"none in {guard.copies.folder}", "" if is_new else do)
        return
    age = moment - newest.made_at
    seen = f"{newest.file.name}, {age / timedelta(hours=1):.1f} h old, verified"
    if _is_same_disk(guard.copies.folder, guard.places.logbook.parent):
        seen += "; on the disk of the logbook, so it is lost with it: [backup] folder"
    do = "Have `sync` or `backup` run each night." if age > MAX_AGE else ""
    if newest.description.logbook_faults:
        seen += f"; the logbook itself had {newest.description.logbook_faults} faults"
        do = "The logbook's file is damaged. Outside office hours: `restore --why REASON`."
    if (faulty := guard.copies.faulty()) and faulty[0].stem > newest.file.stem:
        seen += f"; since then only a copy with faults ({faulty[0].name}), which is no backup"
        do = "The logbook's file is damaged. Outside office hours: `restore --why REASON`."
    yield _check("backup", seen, do)


def _is_same_disk(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_dev == other.stat().st_dev
    except OSError:
        return False


def _check(what: str, seen: str, do: str) -> dict[str, Any]:
    return {"good": not do, "what": what, "seen": seen, "do": do}
