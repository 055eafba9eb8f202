"""Make a backup while the desk works.

1. The remains of a run that was interrupted are removed, and the free space is looked at.
2. The logbook is copied into `name.part` (`kiosk.logbook.file_copy`), and the copy is on disk.
3. The copy is opened, all its pages are checked, and its newest link is compared with the same
   link of the logbook.
4. The pages of the logbook itself are checked too: the copy's indexes are new, so a damaged
   index does not show in it.
5. The other files and the description get their names, and the `.db` last.

Whatever ends this before the last step leaves no file with the name of a backup.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from kiosk.backup.copies import (
    BackupCopy,
    BackupDescription,
    Copies,
    description_json,
    digest_of,
)
from kiosk.backup.errors import BackupFailed
from kiosk.backup.faulty import keep_faulty
from kiosk.logbook import (
    NO_LINK,
    LogbookDamaged,
    LogbookUnavailable,
    copy_file,
    count_damage,
    hash_at,
    read_facts,
)
from kiosk.runtime.file_key import FileKey
from kiosk.runtime.files import folder_to_disk, replace_while_read
from kiosk.runtime.program import program_version

SPACE_NEEDED = 1.2  # times the logbook with its write-ahead log


def make_backup(
    logbook: Path,
    copies: Copies,
    keys: Sequence[FileKey],
    clock: Callable[[], datetime],
    others: Sequence[Path] = (),
) -> BackupCopy:
    """Copy the file `logbook` into the folder of `copies`, verify the copy, and return it.

    Older backups are not touched.  `keys` are those that the logbook may have, and `others` the
    files that lie in the archive beside the copy, as far as they exist.

    Raises BackupFailed if that is not possible.
    """
    now, began = clock().astimezone(UTC), time.monotonic()
    part: Path | None = None
    try:
        file = copies.free_name(now, ".db")
        part = file.with_name(f"{file.name}.part")
        _require_folder(logbook, copies.folder)
        copies.remove_remains()
        _require_space(logbook, copies.folder)
        copy_file(logbook, part, keys)
        description = _verified(logbook, part, keys, now, copies.next_number())
        logbook_faults = count_damage(logbook, keys)
        with_it = _archive(others, file.with_suffix(".zip"))
        seconds = round(time.monotonic() - began, 1)
        _write(file.with_suffix(".json"), description(seconds, with_it, logbook_faults))
        replace_while_read(part, file)
        folder_to_disk(copies.folder)
    except OSError as exc:
        raise BackupFailed(
            f"{copies.folder}: no backup was made ({exc.strerror}); those before it are whole."
            " Look at the folder's disk, its free space and its rights"
        ) from exc
    except LogbookDamaged as exc:
        kept = _faulty_copy(logbook, copies, keys, now)
        raise BackupFailed(
            f"{logbook}: is damaged, so no backup was made ({exc}). {kept} The backups before it"
            " stay: see docs/backup.md, Damage"
        ) from exc
    except LogbookUnavailable as exc:
        raise BackupFailed(f"no backup was made: {exc}; the backups before it are whole") from exc
    finally:
        if part is not None:
            _forget(part)
    return BackupCopy(file, description(seconds, with_it, logbook_faults))


def _faulty_copy(logbook: Path, copies: Copies, keys: Sequence[FileKey], now: datetime) -> str:
    """Keep the logbook as it is beside the backups; return what became of that, in words."""
    try:
        file = keep_faulty(logbook, copies, keys, now)
    except (LogbookUnavailable, OSError) as exc:
        return f"Not even its pages could be copied ({type(exc).__name__}): copy the file by hand."
    return f"Its pages were copied as they are, with their faults: {file}."


def _require_space(logbook: Path, folder: Path) -> None:
    log = logbook.with_name(f"{logbook.name}-wal")
    size = sum(file.stat().st_size for file in (logbook, log) if file.exists())
    needed, free = int(size * SPACE_NEEDED), shutil.disk_usage(folder).free
    if free < needed:
        raise BackupFailed(
            f"{folder}: {free // 1_000_000} MB are free; expected {needed // 1_000_000 + 1} MB for"
            " a copy of the logbook. Free some space, or name another disk: [backup] folder"
        )


def _verified(
    logbook: Path, part: Path, keys: Sequence[FileKey], now: datetime, number: int
) -> Callable[[float, list[str], int], BackupDescription]:
    """Verify a copy; return what describes it, once the rest is known.

    Raises BackupFailed if the copy is not whole, or is not of this logbook.
    """
    facts = read_facts(part, keys)
    if faults := count_damage(part, keys):
        raise LogbookDamaged(f"{logbook}: its copy has faults ({faults})")
    if facts.link != NO_LINK and hash_at(logbook, facts.link.id, keys) != facts.link.hash:
        raise BackupFailed(
            f"{logbook}: link {facts.link.id} of the copy is not that of the logbook"
        )
    size, digest = part.stat().st_size, digest_of(part)

    def describe(seconds: float, with_it: list[str], logbook_faults: int) -> BackupDescription:
        return BackupDescription(
            made_at=now.isoformat(timespec="seconds"),
            program=program_version(),
            schema=facts.schema,
            instance=facts.instance,
            link=facts.link.id,
            hash=facts.link.hash,
            visits=facts.visits,
            readings=facts.readings,
            bytes=size,
            sha256=digest,
            seconds=seconds,
            encrypted=bool(keys),
            verified=True,
            logbook_faults=logbook_faults,
            with_it=with_it,
            number=number,
        )

    return describe


def _archive(others: Sequence[Path], target: Path) -> list[str]:
    """Write the archive of other files; return their names."""
    found = [file for file in others if file.is_file()]
    part = target.with_name(f"{target.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in found:
            archive.write(file, file.name)
    with part.open("rb+") as opened:
        os.fsync(opened.fileno())
    replace_while_read(part, target)
    return [file.name for file in found]


def _write(file: Path, description: BackupDescription) -> None:
    part = file.with_name(f"{file.name}.part")
    with part.open("w", encoding="utf-8") as opened:
        opened.write(description_json(description))
        opened.flush()
        os.fsync(opened.fileno())
    replace_while_read(part, file)


def _require_folder(logbook: Path, folder: Path) -> None:
    """Make the folder of the backups inside the data directory, where it needs no other disk.

    Any other folder must be there: to make it would fill the mount point of a stick that is missing
    or of a share that is gone, on the disk of the logbook.  Raises BackupFailed.
    """
    if folder.is_relative_to(logbook.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    elif not folder.is_dir():
        raise BackupFailed(
            f"{folder}: is not there, so no backup was made; those before it are whole. Plug in the"
            " stick or connect the share. If the folder is new, make it"
        )


def _forget(part: Path) -> None:
    for file in (part, part.with_name(f"{part.name}-journal")):
        with contextlib.suppress(OSError):  # the next run removes what is left
            file.unlink()


def verify_copy(
    copy: BackupCopy, file: Path, keys: Sequence[FileKey], may_have_faults: bool = False
) -> BackupDescription | None:
    """Check that `file` is the whole backup `copy`; return its description if it has one.

    With `may_have_faults`, pages may be damaged, but not so that it is no logbook.

    Raises BackupFailed if it is not.
    """
    known = copy.description
    try:
        if known is not None and digest_of(file) != known.sha256:
            raise BackupFailed(f"{copy.file}: is not as it was made: its digest is another one")
        facts = read_facts(file, keys)
        if not facts.instance or facts.use != "site":
            raise BackupFailed(f"{copy.file}: holds no logbook of a site")
        if known is not None and (facts.instance, facts.link) != (known.instance, known.mark):
            raise BackupFailed(f"{copy.file}: its description is of another logbook")
        if not may_have_faults and (faults := count_damage(file, keys)):
            raise BackupFailed(
                f"{copy.file}: is damaged ({faults} faults); take an older backup, or say with"
                " --faulty that it shall be restored all the same"
            )
    except LogbookDamaged as exc:
        raise BackupFailed(f"{copy.file}: is damaged; take an older backup") from exc
    except LogbookUnavailable as exc:
        raise BackupFailed(f"{copy.file}: cannot be read just now") from exc
    except OSError as exc:
        raise BackupFailed(f"{copy.file}: cannot be read ({exc.strerror})") from exc
    return known
