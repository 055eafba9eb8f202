"""The backups in a folder: which there are, which are kept, and what an interrupted run left.

- A backup is three files with one name: the logbook (`.db`), a description (`.json`) and the other
  files of a restore (`.zip`).
- The `.db` gets its name last, after everything was verified.  So a name ending in `.db` is a whole
  backup, and whatever else is left of a run that was interrupted is removed by the next run.
- The newest backup is always kept, and of the others the newest of each of the last days, weeks and
  months, in the clinic's time.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from kiosk.logbook import LinkMark
from kiosk.settings import BackupSettings
from verify import clinic_day

NAME = re.compile(r"logbook-\d{8}T\d{6}Z")
STAMP = "logbook-%Y%m%dT%H%M%SZ"
FAULTY = ".faulty"  # the ending of a copy of a damaged logbook (`kiosk.backup.faulty`)
ENDINGS = (".db", ".json", ".zip")
BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BackupDescription:
    """What is known of a backup; the `.json` beside it."""

    made_at: str  # ISO 8601, UTC
    program: str
    schema: str
    instance: str
    link: int
    hash: str
    visits: int  # the number of the newest row
    readings: int
    bytes: int
    sha256: str
    seconds: float  # that the copy took
    encrypted: bool
    verified: bool
    logbook_faults: int  # in the pages of the logbook itself; the copy has none
    with_it: list[str]  # the names of the other files
    number: int = 0  # of the backups in the folder; 0: made before they were counted

    @property
    def mark(self) -> LinkMark:
        """The newest link in it."""
        return LinkMark(self.link, self.hash)


@dataclass(frozen=True, slots=True)
class BackupCopy:
    """A backup. `description` is None if it was lost, or came from elsewhere without it."""

    file: Path
    description: BackupDescription | None = None

    @property
    def made_at(self) -> datetime | None:
        """When it was made (aware). None if that is not known."""
        return datetime.fromisoformat(self.description.made_at) if self.description else None

    @property
    def number(self) -> int:
        """Its place among the backups of the folder; 0: not known."""
        return self.description.number if self.description else 0

    @property
    def is_verified(self) -> bool:
        """Whether it was verified when it was made."""
        return self.description is not None and self.description.verified

    @property
    def other_files(self) -> Path:
        """The archive with the other files."""
        return self.file.with_suffix(".zip")


class Copies:
    """The backups in the folder that the settings name; it need not exist yet."""

    def __init__(self, settings: BackupSettings, data: Path) -> None:
        """`data` is the data directory, in which they are without a setting."""
        self.folder = Path(settings.folder) if settings.folder else data / "backups"
        self._settings = settings

    def all(self) -> list[BackupCopy]:
        """Return all whole backups, the newest first: the one that was made last.

        Their numbers say so; names and times do not, after the clock of this PC went back.
        """
        try:
            names = sorted((file for file in self.folder.iterdir()), reverse=True)
        except OSError:
            return []
        found = [
            described(file) for file in names if file.suffix == ".db" and NAME.fullmatch(file.stem)
        ]
        return sorted(found, key=lambda copy: copy.number, reverse=True)  # others stay by name

    def next_number(self) -> int:
        """Return the number of the next backup."""
        return max((copy.number for copy in self.all()), default=0) + 1

    def faulty(self) -> list[Path]:
        """Return the copies of a damaged logbook, which are no backups, the newest first."""
        try:
            names = sorted(self.folder.iterdir(), reverse=True)
        except OSError:
            return []
        return [file for file in names if file.suffix == FAULTY and NAME.fullmatch(file.stem)]

    def free_name(self, now: datetime, ending: str) -> Path:
        """Return a file for a copy, named by its second; by a later one if a copy has that name.

        A backup and a faulty copy never share a name: what belongs to one would belong to both.
        """
        seconds = (now + timedelta(seconds=count) for count in itertools.count())
        files = (self.folder / f"{moment.strftime(STAMP)}{ending}" for moment in seconds)
        return next(
            file
            for file in files
            if not any(file.with_suffix(other).exists() for other in (".db", FAULTY))
        )

    def newest(self) -> BackupCopy | None:
        """Return the newest backup that was verified. None if no backup was."""
        return next((copy for copy in self.all() if copy.is_verified), None)

    def remove_remains(self) -> int:
        """Remove what an interrupted run left; return how many files. Raises OSError."""
        whole = {copy.file.stem for copy in self.all()}
        remains = [
            file
            for file in self.folder.iterdir()
            if file.name.startswith("logbook-")
            and NAME.match(file.name)
            and (".part" in file.name or (file.suffix in ENDINGS and file.stem not in whole))
        ]
        for file in remains:
            file.unlink(missing_ok=True)
        return len(remains)

    def rotate(self) -> list[str]:
        """Delete the backups that are no longer to be kept; return their names. Raises OSError."""
        known = [copy for copy in self.all() if copy.is_verified]
        kept = {copy.file for copy in self._to_keep(known)}
        gone = [copy for copy in known if copy.file not in kept]
        _delete(gone)
        return [copy.file.name for copy in gone]

    def delete_before(self, moment: datetime) -> list[str]:
        """Delete the backups that were made before `moment`; return their names. Raises OSError."""
        known = ((copy, copy.made_at) for copy in self.all())
        gone = [copy for copy, made_at in known if made_at is not None and made_at < moment]
        _delete(gone)
        return [copy.file.name for copy in gone]

    def kept_until(self, moment: datetime) -> date | None:
        """Return the day on which the last backup that was made before `moment` will be deleted.

        That is so if a backup is made each day from then on.  None if there is no backup.
        """
        settings = self._settings
        days = max(settings.days, 7 * settings.weeks, 31 * settings.months) + 1
        return clinic_day(moment) + timedelta(days=days) if self.all() else None

    def _to_keep(self, copies: list[BackupCopy]) -> Iterable[BackupCopy]:
        settings = self._settings
        yield from copies[:1]
        yield from _newest_of_each(copies, settings.days, lambda day: day)
        yield from _newest_of_each(copies, settings.weeks, lambda day: day.isocalendar()[:2])
        yield from _newest_of_each(copies, settings.months, lambda day: (day.year, day.month))


def _delete(copies: Iterable[BackupCopy]) -> None:
    for copy in copies:
        for ending in ENDINGS:  # the `.db` first: without it the others are remains
            with contextlib.suppress(FileNotFoundError):
                copy.file.with_suffix(ending).unlink()


def _newest_of_each(
    copies: list[BackupCopy], count: int, period: Callable[[date], Hashable]
) -> Iterable[BackupCopy]:
    """Return the newest copy of each of the newest `count` periods that have one."""
    found: dict[Hashable, BackupCopy] = {}
    for copy in copies:
        if copy.made_at is not None:
            found.setdefault(period(clinic_day(copy.made_at)), copy)
    return list(found.values())[:count]


def described(file: Path) -> BackupCopy:
    """Return a backup with its description, if it has one that can be read."""
    try:
        fields = json.loads(file.with_suffix(".json").read_text("utf-8"))
        description = BackupDescription(**fields)
        datetime.fromisoformat(description.made_at)
    except (OSError, ValueError, TypeError):
        return BackupCopy(file)
    return BackupCopy(file, description)


def description_json(description: BackupDescription) -> str:
    """Return the text of the `.json` beside a backup."""
    return json.dumps(asdict(description), indent=1, ensure_ascii=False) + "\n"


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits. Raises OSError."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
