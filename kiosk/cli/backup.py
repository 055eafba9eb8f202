"""The commands `backup` and `restore`: copies of the logbook, and the way back."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from kiosk.backup import (
    BackupCopy,
    BackupFailed,
    Copies,
    LogbookGuard,
    RestoreFailed,
    accept,
    described,
    make_backup,
    rehearse,
)
from kiosk.backup import (
    restore as put_back,
)
from kiosk.cli.logbook_checks import certain_logbook
from kiosk.cli.options import CONFIG, DATA, FILE, now, print_json
from kiosk.doctor import english, seen_state
from kiosk.errors import KioskError, SettingsError
from kiosk.install import BEFORE_UPGRADES
from kiosk.logbook import SYSTEM
from kiosk.runtime.lock import exclusive_lock
from kiosk.runtime.paths import data_directory, rooms_file, settings_file
from kiosk.settings import Settings, load_settings

BACKUP_LOCK = "backup"
UPGRADES_KEPT = timedelta(days=30)
OTHER_FILES = ("kiosk.toml", "rooms.json")  # by these names in a backup
NOT_IN_IT = (
    "the keys in secrets/, the key of an encrypted logbook, passwords and certificates; the"
    " insurer's answers (coverage.db) and the feed's data, which come again by themselves"
)


@click.command()
@click.option("--to", type=FILE, help="The folder for the copy; else the one of the settings.")
@DATA
@CONFIG
def backup(to: Path | None, data: Path | None, config: Path | None) -> None:
    """Copy the logbook while the desk works, verify the copy, delete old ones; docs/backup.md."""
    with data_directory(data, demo=False) as folder:
        # Before it is set up too: an upgrade makes a backup first.
        settings = load_settings(settings_file(config, folder), may_lack_code=True)
        guard = certain_logbook(settings, folder, config)
        print_json(back_up(settings, folder, config, guard, to))


def back_up(
    settings: Settings, folder: Path, config: Path | None, guard: LogbookGuard, to: Path | None
) -> dict[str, Any]:
    """Make a backup, delete those that are too old, and write the marker; return what was done.

    Raises BackupFailed, and AlreadyRunning if another backup is being made.
    """
    copies = guard.copies
    if to is not None:
        copies = Copies(replace(settings.backup, folder=str(to.resolve())), folder)
    if not guard.places.logbook.is_file():
        raise SettingsError(f"{guard.places.logbook}: there is no logbook yet to make a backup of")
    with exclusive_lock(folder, BACKUP_LOCK):
        others = list(_other_files(config, folder).values())
        copy = make_backup(guard.places.logbook, copies, guard.keys, now, others)
        try:
            deleted = copies.rotate() + _forget_upgrades(settings, folder)
            guard.write_again()
        except OSError as exc:
            raise BackupFailed(
                f"{copy.file}: is whole, but older backups or the marker cannot be written"
                f" ({exc.strerror})"
            ) from exc
    assert copy.description is not None
    made = {"backup": str(copy.file)} | asdict(copy.description)
    return made | {"deleted": deleted, "not_in_it": NOT_IN_IT}


def _forget_upgrades(settings: Settings, folder: Path) -> list[str]:
    """Delete the backups of upgrades that are too old to go back to; return their names."""
    moment = now() - UPGRADES_KEPT
    homes = [home for home in (folder / BEFORE_UPGRADES).glob("*") if home.is_dir()]
    left = (Copies(replace(settings.backup, folder=str(home.resolve())), folder) for home in homes)
    return [name for copies in left for name in copies.delete_before(moment)]


@click.command()
@click.argument("file", required=False, type=FILE)
@click.option("--rehearse", "only_rehearse", is_flag=True, help="Only try whether it would work.")
@click.option("--accept", "only_accept", is_flag=True, help="Go on with the logbook that is there.")
@click.option("--other-logbook", is_flag=True, help="FILE may be of another logbook.")
@click.option("--faulty", is_flag=True, help="FILE may have damaged pages; they are named.")
@click.option("--why", default="", help="The reason, which is recorded in the logbook.")
@DATA
@CONFIG
def restore(
    file: Path | None,
    only_rehearse: bool,
    only_accept: bool,
    other_logbook: bool,
    faulty: bool,
    why: str,
    data: Path | None,
    config: Path | None,
) -> None:
    """Put a backup (the newest, or FILE) in the logbook's place; the old one is kept aside.

    Stop the program first, but not for a rehearsal.  With --accept nothing is restored: a person
    decides to go on with the logbook that is there, or to begin a new one if it is gone.
    """
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
        guard = LogbookGuard(settings, folder, settings_file(config, folder), now)
        if only_accept:
            if file or only_rehearse:
                raise click.UsageError("--accept needs --why REASON, and nothing else")
            print_json(accepted(guard, why))
            return
        copy = _chosen(guard, file)
        if only_rehearse:
            tried = rehearse(guard, copy)
            print_json(asdict(tried) | {"age_hours": _age_hours(copy, now())})
            return
        if guard.state.trouble is None and not why.strip():
            raise RestoreFailed(
                "nothing is wrong with the logbook that is there: say with --why REASON why the"
                " backup shall take its place"
            )
        reason = why.strip() or f"the logbook was {guard.state.trouble}"
        others = _other_files(config, folder)
        done = put_back(guard, copy, others, reason, SYSTEM, now, other_logbook, faulty)
        if done.faults:
            click.echo(
                f"{copy.file.name} is damaged: {done.faults} faults are in the logbook now."
                " Recording goes on; no backup can be made until a whole one is restored",
                err=True,
            )
        print_json(asdict(done))


def accepted(guard: LogbookGuard, why: str) -> dict[str, Any]:
    """Go on with the logbook that is there, and return what was decided, as JSON.

    Raises UsageError without a reason, and what `kiosk.backup.accept` raises.
    """
    if not why.strip():
        raise click.UsageError("--accept needs --why REASON, and nothing else")
    seen = english(seen_state(guard.state))
    decision = accept(guard, why.strip(), SYSTEM, now)
    return {
        "found": seen,
        "decided": decision.kind,
        "lost_from": decision.lost_from,
        "lost_to": decision.lost_to,
        "numbers_from": decision.numbers_from,
    }


def _chosen(guard: LogbookGuard, file: Path | None) -> BackupCopy:
    """Return the backup that is named, or the newest. Raises RestoreFailed without one."""
    if file is not None:
        if not file.is_file():
            raise RestoreFailed(f"{file}: there is no such file")
        return described(file)
    newest = guard.copies.newest()
    if newest is None:
        raise RestoreFailed(f"{guard.copies.folder}: holds no backup; name a file")
    return newest


def _other_files(config: Path | None, folder: Path) -> dict[str, Path]:
    """Return the places of the other files of a backup, by their names in it."""
    settings = settings_file(config, folder) or folder / "kiosk.toml"
    return dict(zip(OTHER_FILES, (settings, rooms_file(config, folder)), strict=True))


def _age_hours(copy: BackupCopy, moment: datetime) -> float | None:
    made_at = copy.made_at
    return None if made_at is None else round((moment - made_at).total_seconds() / 3600, 1)


def try_back_up(
    settings: Settings, folder: Path, config: Path | None, guard: LogbookGuard
) -> dict[str, Any]:
    """Make the backup of the nightly job; return what was done, or why nothing was made."""
    try:
        return back_up(settings, folder, config, guard, None)
    except KioskError as exc:
        return {"failed": str(exc)}
