"""The checks of this machine: its disk, its clock, and what is installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from kiosk.data import MAX_CLOCK_DRIFT
from kiosk.doctor.check import ATTENTION, BAD, GOOD, Check, CheckState, good_unless
from kiosk.doctor.words import Words, plain
from kiosk.doctor.words import words as _
from kiosk.runtime.disk_state import disk_state
from kiosk.settings import LogSettings
from scanner import has_zbar
from verify import MAX_CLOCK_DRIFT as MAX_WRONG_CLOCK
from verify import Knowledge, is_clock_in_doubt

MB = 1_000_000
MIN_FREE_BYTES = 500 * 1024 * 1024  # the visits of a district hospital in a year
LOW_FREE_BYTES = 4 * MIN_FREE_BYTES
FULL_PERCENT, NEARLY_FULL_PERCENT = 99, 95  # of the disk, rounded down
SET_CLOCK = _("Set the clock of this machine and switch on time synchronisation.")


def disk_check(folder: Path) -> Check:
    """Check whether a folder can be written to, and how much room its disk has."""
    if disk_state(folder).is_read_only:
        seen = _("%(folder)s cannot be written to", folder=str(folder))
        do = _(
            "Mount the disk for writing (the system's log says why it is not), or give the folder"
            " to the account of the program."
        )
        return Check("disk", _("disk"), BAD, seen, do)
    usage = shutil.disk_usage(folder)
    return room_check(folder, usage.free, usage.used + usage.free)


def room_check(folder: Path, free: int, total: int) -> Check:
    """Check `free` of `total` bytes; those that only the system may use count as used."""
    percent = 100 if total <= 0 else int(100 * (total - free) / total)
    seen = _(
        "%(free)s MB free at %(folder)s; the disk is %(percent)s%% full",
        free=free // MB,
        folder=str(folder),
        percent=percent,
    )
    state, do = GOOD, None
    if free < MIN_FREE_BYTES or percent >= FULL_PERCENT:
        state, do = BAD, _("Free some space: a full disk stops the logbook.")
    elif free < LOW_FREE_BYTES or percent >= NEARLY_FULL_PERCENT:
        state, do = ATTENTION, _("Free some space soon: a full disk stops the logbook.")
    return Check("disk", _("disk"), state, seen, do)


def log_checks(settings: LogSettings) -> Iterator[Check]:
    """Check whether the files of the log can be written; nothing without a folder."""
    if not settings.folder:
        return
    folder, code, what = Path(settings.folder), "log", _("files of the log")
    place = folder  # the start makes what is missing
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        can_be_written = place.is_dir() and not disk_state(place).is_read_only
    except OSError:
        can_be_written = False
    if can_be_written:
        yield Check(code, what, GOOD, _("%(folder)s can be written to", folder=str(folder)))
        return
    seen = _("%(folder)s cannot be written to", folder=str(folder))
    do = _(
        "Make the folder and give it to the account of the program, or name another in [log]"
        " folder: the program does not start without it."
    )
    yield Check(code, what, BAD, seen, do)


def clock_check(known: Knowledge, now: datetime) -> Check:
    """Check that our clock is not behind what is known to have happened."""
    is_late = is_clock_in_doubt(now, known.floor)
    do = SET_CLOCK.then(_("If it is right: `clock` shows what it is compared with."))
    seen = Words("%(now)s", {"now": now})
    return good_unless("clock", _("clock"), seen, do if is_late else None)


def other_clock_checks(ahead: timedelta | None, wrong_times: int) -> Iterator[Check]:
    """Check our clock against the one that was last read, and the visits that it recorded.

    `ahead` is how far ours is ahead of that one; None: none was read.  `wrong_times` is the number
    of visits that a wrong clock recorded.
    """
    if ahead is not None:
        is_wrong = abs(ahead) > MAX_WRONG_CLOCK
        do = SET_CLOCK.then(_("Until then no visit is sent.")) if is_wrong else None
        what = _("clock against the last one read")
        yield good_unless("other_clock", what, _seconds(ahead.total_seconds()), do)
    if wrong_times:
        yield Check(
            "wrong_times",
            _("times of visits"),
            ATTENTION,
            _("%(count)s visits were recorded by a wrong clock", count=wrong_times),
            _("Settle their times in the logbook: Visits with a wrong time."),
        )


def feed_clock_check(drift_s: float) -> Check:
    """Check our clock against the feed's, which is ahead of ours by some seconds."""
    is_wrong = abs(drift_s) > MAX_CLOCK_DRIFT.total_seconds()
    what = _("clock against the feed's")
    return good_unless("feed_clock", what, _seconds(-drift_s), SET_CLOCK if is_wrong else None)


def _seconds(seconds: float) -> Words:
    return plain(f"{seconds:+.0f} s")


def zbar_check() -> Check:
    """Check whether a second program reads pictures."""
    if has_zbar():
        seen = _("installed: pictures are read by two programs")
        return Check("zbar", _("zbar"), CheckState.GOOD, seen)
    return Check(
        "zbar",
        _("zbar"),
        ATTENTION,
        _("not installed: pictures are read by zxing alone"),
        _('Install it to read bad pictures: pip install "tiepdon[zbar]", on Linux also libzbar0.'),
    )
