"""Go back to the release before, without losing a visit.

An older release cannot open a logbook whose schema a newer one has changed.  So, once the program
is stopped, the logbook is compared with the backup that the older release left:

- the same schema: the older release goes on with the logbook as it is;
- another schema, and nothing was recorded since: the older release restores that backup;
- another schema, and something was recorded since: the roll-back is refused, and the newer release
  goes on.  A person can decide to go back all the same: then the newer logbook is kept aside, with
  what only it holds, and an upgrade can bring it back.

The newer logbook is never deleted.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

from kiosk.install.errors import InstallFailed
from kiosk.install.installed import InstalledProgram, SavedLogbook, read_saved
from kiosk.install.layout import InstallLayout
from kiosk.install.preconditions import require_rights, require_space
from kiosk.install.releases import Releases
from kiosk.install.services import Services, readiness, wait_until_healthy
from kiosk.runtime.files import folder_to_disk

TAILS = ("", "-wal", "-shm")


def roll_back(
    layout: InstallLayout,
    releases: Releases,
    services: Services,
    is_forced: bool,
    say: Callable[[str], None],
) -> str:
    """Go back to the release before the last upgrade; return its name.

    With `is_forced` the newer logbook is kept aside if the older release cannot open it.

    Raises InstallFailed; then the newer release is in use and runs, unless the error says so.
    """
    require_rights(layout)
    state, name = releases.state, releases.current()
    if state.moving_to and state.moving_to == name:  # an upgrade that was killed half-way
        state.previous, state.backup = state.moving_from, state.moving_backup
    older, newer = InstalledProgram(layout, state.previous), InstalledProgram(layout, name)
    if not releases.is_whole(state.previous):
        raise InstallFailed("there is no release to go back to: none was in use before this one")
    before = readiness(layout.config)
    if name != state.previous:  # else a roll-back was killed after the link was replaced
        require_space(layout, None, is_there=True)
        services.stop()
        try:
            go_back(layout, releases, newer, older, state.backup, is_forced, is_broken=False)
        except InstallFailed:
            if not state.set_aside and not services.says:
                services.start()
                wait_until_healthy(services, layout.config, before)
            raise
    services.write(older.release)
    state.moving_from = state.moving_to = state.moving_backup = ""
    releases.save()
    if services.says:
        say(services.says)
    else:
        services.start()
        if wrong := wait_until_healthy(services, layout.config, before):
            raise InstallFailed(f"release {older.release} is in use again, but {wrong}")
        say(f"release {older.release} runs")
    state.previous = state.backup = ""
    releases.save()
    return older.release


def go_back(
    layout: InstallLayout,
    releases: Releases,
    newer: InstalledProgram,
    older: InstalledProgram,
    backup: str,
    is_forced: bool,
    is_broken: bool,
) -> None:
    """Give the older release a logbook that it can open, and make it the one in use.

    The program does not run.  `backup` is what the older release left; empty: it had no logbook.
    With `is_broken` the newer release was never ready, so nobody can have recorded anything that
    it cannot tell of.  A run that was killed is continued.

    Raises InstallFailed; then the newer release is in use, unless `set_aside` says otherwise.
    """
    state = releases.state
    is_whole = not state.set_aside and layout.logbook.is_file()
    if is_whole and _needs_older_logbook(newer, older, backup, is_forced, is_broken):
        state.set_aside = str(_free_folder(layout, newer.release))
        releases.save()
    if state.set_aside:
        _put_back(layout, older, newer, backup, Path(state.set_aside))
        state.set_aside = ""
    releases.point_to(older.release)
    releases.save()


def _needs_older_logbook(
    newer: InstalledProgram,
    older: InstalledProgram,
    backup: str,
    is_forced: bool,
    is_broken: bool,
) -> bool:
    """Return whether the logbook must be replaced by the backup. Raises InstallFailed."""
    left = read_saved(backup) if backup else None
    try:
        now = newer.back_up()
    except InstallFailed:
        if not is_broken:
            raise
        return not _can_open(older)
    if left is None:
        if _can_rehearse(older, now):
            return False
        raise InstallFailed(
            f"release {older.release} cannot open this logbook, and its own backup is gone:"
            f" {newer.release} goes on; ask for a newer release"
        )
    if left.schema == now.schema:
        return False
    recorded = newer.recorded_since(left)
    if is_forced or recorded == {}:
        return True
    what = "other rows than it knows are in it"
    if recorded is not None:
        what = "since the upgrade was recorded: " + ", ".join(
            f"{name} {count}" for name, count in recorded.items()
        )
    raise InstallFailed(
        f"release {older.release} cannot open a logbook of release {newer.release}, and {what}."
        f" {newer.release} goes on. Install a newer release; or, to go back all the same and keep"
        " this logbook aside, run rollback --set-aside"
    )


def _can_open(program: InstalledProgram) -> bool:
    try:
        program.back_up()
    except InstallFailed:
        return False
    return True


def _can_rehearse(program: InstalledProgram, saved: SavedLogbook) -> bool:
    try:
        program.rehearse(saved.file)
    except InstallFailed:
        return False
    return True


def _free_folder(layout: InstallLayout, release: str) -> Path:
    home = layout.data / "aside"
    names = (home / f"of-{release}-{count:03}" for count in itertools.count(1))
    return next(place for place in names if not place.exists())


def _put_back(
    layout: InstallLayout,
    older: InstalledProgram,
    newer: InstalledProgram,
    backup: str,
    aside: Path,
) -> None:
    """Move the newer logbook aside, and restore the backup with the older release."""
    if not backup:
        raise InstallFailed(
            f"release {older.release} left no logbook: move the files of {aside} back to"
            f" {layout.data}, and stay with {newer.release}"
        )
    is_moved = (aside / layout.logbook.name).exists()
    if not is_moved or not layout.logbook.exists():
        try:
            aside.mkdir(parents=True, exist_ok=True, mode=0o700)
            for tail in TAILS:  # the `.db` first: from then on the program says that it is gone
                file = layout.logbook.with_name(layout.logbook.name + tail)
                if file.exists():
                    os.replace(file, aside / file.name)
            owner = layout.data.stat()
            if os.name == "posix" and os.geteuid() == 0:
                for place in (aside.parent, aside):
                    os.chown(place, owner.st_uid, owner.st_gid)
            folder_to_disk(aside)
            folder_to_disk(layout.data)
        except OSError as exc:
            raise InstallFailed(
                f"{layout.logbook}: cannot be set aside ({exc.strerror}); run rollback again"
            ) from exc
        older.restore(backup, f"roll-back from release {newer.release}, kept in {aside.name}")
