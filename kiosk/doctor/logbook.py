"""The checks of the logbook's file and its backups, and what `serve` and `restore` say of them.

The pages have their own texts of the troubles in kiosk/web/logbook_words.py.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta

from kiosk.backup import BackupCopy, LogbookGuard, LogbookState, LogbookTrouble
from kiosk.doctor.check import ATTENTION, BAD, GOOD, UNKNOWN, Check, good_unless
from kiosk.doctor.observations import Observations
from kiosk.doctor.words import Words, english
from kiosk.doctor.words import words as _
from kiosk.logbook import LogbookUnavailable, count_damage

MAX_BACKUP_AGE = timedelta(hours=26)  # a day, and the time of a nightly job that takes longer
MAX_PAGES_AGE = timedelta(days=8)  # since all pages were read last
MAX_BYTES_READ = 100_000_000  # of a logbook whose pages the command reads itself: a second or two
MB = 1_000_000
SPACE_NEEDED = 1.2  # times the logbook, as `backup` wants it
RESTORE = _("`restore` puts the newest backup in its place")
ACCEPT = _("`restore --accept --why REASON` goes on with it as it is")
BEGIN = _("`restore --accept --why REASON` begins a new logbook.")
SEEN = {
    LogbookTrouble.GONE: _("the logbook is missing, but there was one"),
    LogbookTrouble.EMPTY: _("the logbook's file is empty, but it was not"),
    LogbookTrouble.DAMAGED: _("the logbook's file is damaged: it cannot be opened"),
    LogbookTrouble.ANOTHER: _("this is another logbook than the one that was here"),
    LogbookTrouble.DIFFERENT: _("this logbook went on in another way than the one that was here"),
    LogbookTrouble.MARKER: _("the logbook's marker was changed, or its key in secrets/ is lost"),
}
PUT_BACK = _(
    "Put back the right one; else %(restore)s; %(accept)s.", restore=RESTORE, accept=ACCEPT
)
DO = {
    LogbookTrouble.GONE: _(
        "Look first whether a disk or folder is missing. Else %(restore)s; %(begin)s",
        restore=RESTORE,
        begin=BEGIN,
    ),
    LogbookTrouble.EMPTY: _("%(restore)s; %(begin)s", restore=RESTORE, begin=BEGIN),
    LogbookTrouble.DAMAGED: _(
        "%(restore)s, and keeps the damaged file; %(begin)s", restore=RESTORE, begin=BEGIN
    ),
    LogbookTrouble.OLDER: _(
        "Was an older copy put back, or did `logbook.db-wal` get lost? Put back what is right; else"
        " %(restore)s if that is newer; %(accept)s.",
        restore=RESTORE,
        accept=ACCEPT,
    ),
    LogbookTrouble.ANOTHER: PUT_BACK,
    LogbookTrouble.DIFFERENT: PUT_BACK,
    LogbookTrouble.MARKER: _(
        "If the logbook is the right one, %(accept)s; else %(restore)s.",
        restore=RESTORE,
        accept=ACCEPT,
    ),
}
HELD = "Until then cards are judged, but nothing is recorded."
REPAIR = _(
    "The logbook's file is damaged. Copy it to another disk; then, outside office hours:"
    " `restore --why REASON`."
)


def seen_state(state: LogbookState) -> Words | None:
    """Return what was found, with the newest backup; None if nothing is wrong."""
    if state.trouble is None:
        return None
    if state.trouble is LogbookTrouble.OLDER:
        seen = _(
            "the logbook is older than it was: its newest %(count)s links are missing",
            count=state.missing_links,
        )
    else:
        seen = SEEN[state.trouble]
    marker, newest = state.marker, state.newest_copy
    if marker is not None:
        last = _(
            "it was seen last at %(at)s with link %(link)s", at=marker.written_at, link=marker.link
        )
        seen = seen.then(last, "; ")
    backup = _("there is no backup")
    if newest is not None:
        backup = _("newest backup: %(file)s", file=str(newest.file))
    return seen.then(backup, "; ")


def advice_for(state: LogbookState) -> Words | None:
    """Return what to do about it; None if nothing is wrong."""
    return None if state.trouble is None else DO[state.trouble]


def logbook_lines(guard: LogbookGuard) -> list[str]:
    """Return what `serve` says about the logbook when it starts; nothing if all is well."""
    state, path = guard.state, guard.places.logbook
    if state.trouble is not None:
        return [f"{path}: {english(seen_state(state))}. {english(advice_for(state))} {HELD}"]
    if state.has_no_marker:
        return [
            f"{path}: has no marker ({guard.places.beside.name}) yet, so whether it is whole cannot"
            " be known. One is written now."
        ]
    return []


def logbook_checks(
    guard: LogbookGuard, program: Observations | None, now: datetime, reads_pages: bool
) -> Iterator[Check]:
    """Check whether it is the right logbook, whether it is whole, and its backups.

    `program` is what a program saw that runs now. `reads_pages` lets the check read a small logbook
    itself, as the command does.
    """
    what, seen = _("logbook"), seen_state(guard.state)
    if seen is not None:
        yield Check("logbook", what, BAD, seen, advice_for(guard.state))
    elif guard.state.has_no_marker:
        seen = _("has no marker yet; the program writes one when it starts")
        do = _("Start the program; until then nobody would notice an older copy.")
        yield Check("logbook", what, UNKNOWN, seen, do)
    else:
        yield Check("logbook", what, GOOD, _("the one that was here"))
    newest = guard.copies.newest()
    if guard.state.trouble is None:
        yield from _pages_checks(guard, program, newest, now, reads_pages)
    yield _backup_check(guard, newest, now)
    yield _folder_check(guard)


def _pages_checks(
    guard: LogbookGuard,
    program: Observations | None,
    newest: BackupCopy | None,
    now: datetime,
    reads_pages: bool,
) -> Iterator[Check]:
    """Check the pages of the file: by what was found last, or by reading them."""
    code, what, path = "pages_of_logbook", _("logbook's pages"), guard.places.logbook
    if not path.is_file():
        return
    found = program.page_faults if program is not None else guard.faults
    if program is not None and program.unreadable_rows:
        seen = _("%(count)s rows of the logbook cannot be read", count=program.unreadable_rows)
        yield Check(code, what, BAD, seen, REPAIR)
        return
    if not found and reads_pages and path.stat().st_size <= MAX_BYTES_READ:
        try:
            found = count_damage(path, guard.keys)
        except LogbookUnavailable as exc:
            seen = _("cannot be read now (%(why)s)", why=type(exc).__name__)
            yield Check(code, what, BAD, seen, REPAIR)
            return
        if not found:
            yield Check(code, what, GOOD, _("all were read now: no fault"))
            return
    if found:
        yield Check(code, what, BAD, _("%(count)s faults were found", count=found), REPAIR)
        return
    if newest is None or newest.description is None or newest.made_at is None:
        seen = _("not read yet: each backup reads them all")
        yield Check(code, what, UNKNOWN, seen, _("Make a backup: `backup`."))
        return
    faults, age = newest.description.logbook_faults, now - newest.made_at
    if faults:
        seen = _("%(count)s faults were found by the newest backup", count=faults)
        yield Check(code, what, BAD, seen, REPAIR)
        return
    seen = _("all were read %(age)s ago: no fault", age=age)
    do = _("Have `sync` or `backup` run each night: it reads them all.")
    yield good_unless(code, what, seen, do if age > MAX_PAGES_AGE else None, ATTENTION)


def _backup_check(guard: LogbookGuard, newest: BackupCopy | None, now: datetime) -> Check:
    what = _("backup")
    faulty = guard.copies.faulty()
    if faulty and (newest is None or faulty[0].stem > newest.file.stem):
        seen = _("only a copy with faults, which is no backup: %(file)s", file=faulty[0].name)
        return Check("backup", what, BAD, seen, REPAIR)
    if newest is None or newest.description is None or newest.made_at is None:
        seen = _("none in %(folder)s", folder=str(guard.copies.folder))
        is_new = guard.state.facts is None and guard.state.trouble is None
        do = _("Make one: `backup`, and have `sync` run each night.")
        return good_unless("backup", what, seen, None if is_new else do, ATTENTION)
    age = now - newest.made_at
    seen = _("%(file)s, %(age)s old, verified", file=newest.file.name, age=age)
    do = _("Find out why none was made since: have `sync` or `backup` run each night.")
    if age < -timedelta(hours=1):
        do = _("Check the clock of this machine: the backup was made in the future.")
        return Check("backup", what, UNKNOWN, seen, do)
    return good_unless("backup", what, seen, do if age > MAX_BACKUP_AGE else None)


def _folder_check(guard: LogbookGuard) -> Check:
    """Check the folder of backups: there, with room, to be written to, and on another disk."""
    code, what, folder = "backup_folder", _("backup folder"), guard.copies.folder
    logbook = guard.places.logbook
    is_default = folder.parent == logbook.parent
    if not folder.is_dir():
        if not is_default:
            seen = _("%(folder)s is not there", folder=str(folder))
            do = _(
                "Plug in the stick or connect the share, or name another folder in [backup] folder."
            )
            return Check(code, what, BAD, seen, do)
        folder = logbook.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        seen = _("%(folder)s cannot be written to", folder=str(folder))
        do = _("Give the program's account the right to write there, or name another folder.")
        return Check(code, what, BAD, seen, do)
    needed = int(SPACE_NEEDED * logbook.stat().st_size) if logbook.is_file() else 0
    free = shutil.disk_usage(folder).free
    if free < needed:
        seen = _(
            "%(folder)s: %(free)s MB free, a backup needs %(needed)s MB",
            folder=str(folder),
            free=free // MB,
            needed=needed // MB + 1,
        )
        do = _("Free some space there, or name another folder in [backup] folder.")
        return Check(code, what, BAD, seen, do)
    seen = _("%(folder)s: %(free)s MB free", folder=str(folder), free=free // MB)
    if folder.stat().st_dev == logbook.parent.stat().st_dev:
        seen = seen.then(_("on the disk of the logbook, so it is lost with it"), "; ")
        do = _("Name a folder on another disk or machine in [backup] folder.")
        return Check(code, what, ATTENTION, seen, do)
    return Check(code, what, GOOD, seen)
