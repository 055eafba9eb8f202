"""Check the surroundings of the program: the way out, its log, its backups, its hub."""

from __future__ import annotations

import re
from pathlib import Path

from kiosk.settings.hub import check_hub
from kiosk.settings.screens import Require
from kiosk.settings.sections import BackupSettings, Settings

MAX_COPIES = 400  # of the logbook, of each kind
LIMITS = {"file_mb": (1, 1_000), "days": (1, 3_650), "total_mb": (10, 100_000)}


def check_surroundings(settings: Settings, require: Require) -> None:
    """Raise SettingsError, by `require`, if no_proxy or [log], [backup] or [hub] is wrong."""
    _check_backup(settings.backup, require)
    check_hub(settings.hub, settings.facility.all_codes, require)
    for entry in settings.network.no_proxy:
        expected = 'names, domains or networks such as "his.benhvien.vn", ".bhxh.vn", "10.0.0.0/8"'
        require(_is_entry(entry), "[network] no_proxy", entry, expected)
    log = settings.log
    require(
        not log.folder or Path(log.folder).is_absolute(),
        "[log] folder",
        log.folder,
        "the whole path of a folder, or nothing",
    )
    for name, (least, most) in LIMITS.items():
        value = getattr(log, name)
        require(least <= value <= most, f"[log] {name}", value, f"{least} to {most}")
    require(
        log.total_mb >= 2 * log.file_mb,
        "[log] total_mb",
        log.total_mb,
        f"twice file_mb ({log.file_mb}) at least",
    )


def _check_backup(backup: BackupSettings, require: Require) -> None:
    require(
        not backup.folder or Path(backup.folder).is_absolute(),
        "[backup] folder",
        backup.folder,
        "the whole path of a folder, better on another disk, or nothing for one beside the logbook",
    )
    for name in ("days", "weeks", "months"):
        count = getattr(backup, name)
        least = int(name == "days")
        require(least <= count <= MAX_COPIES, f"[backup] {name}", count, f"{least} to {MAX_COPIES}")


def _is_entry(entry: str) -> bool:
    return re.fullmatch(r"\*|\*?[0-9A-Za-z._:-]{1,253}(/[0-9]{1,3})?", entry) is not None
