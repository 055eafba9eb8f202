"""The guard of a running program's logbook: looks before it is opened, and writes the marker.

1. It looks at the logbook when the program starts (`kiosk.backup.logbook_state`).  If something is
   wrong, the program starts all the same, but holds the logbook: it works on an empty one in
   the folder `stand-in`.  There cards are judged, and visits are refused until a person decides.
2. While visits are recorded, it writes the marker every MARK_INTERVAL_S: a marker with each commit
   would take longer than the recording itself (docs/backup.md).
3. If the program did not end by itself, it reads all pages of the file in a thread, slowly.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from kiosk.backup.copies import Copies
from kiosk.backup.errors import LogbookInDoubt
from kiosk.backup.logbook_state import LogbookState, examine
from kiosk.backup.marker import Marker, MarkerPlaces
from kiosk.errors import KioskError
from kiosk.logbook import (
    Database,
    LogbookUnavailable,
    count_damage,
    read_facts,
)
from kiosk.runtime.file_key import FileKey
from kiosk.runtime.key_store import file_keys
from kiosk.runtime.program import program_version
from kiosk.settings import Settings

log = logging.getLogger(__name__)

MARK_INTERVAL_S = 60.0
HELD = "the logbook is not as it should be: nothing is recorded until a person decides"


class LogbookGuard:
    """The guard of one data directory. `state` is how the logbook was found."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        config: Path | None,
        clock: Callable[[], datetime],
        interval_s: float = MARK_INTERVAL_S,
    ) -> None:
        """Look at the logbook in the data directory `folder`; nothing is opened for writing.

        `config` is the settings file if there is one, `clock` returns the time (aware).

        Raises what `examine` raises.
        """
        self.places = MarkerPlaces(folder, config)
        self.copies = Copies(settings.backup, folder)
        self.keys: Sequence[FileKey] = file_keys(
            settings.encryption.keys, settings.encryption.key_file, folder
        )
        self._clock, self._interval_s = clock, interval_s
        self.state: LogbookState = examine(self.places, self.copies, self.keys)
        self.is_decided = False  # a person has decided; the program is to start again
        self.faults: int | None = None  # that were found in the file's pages; None: not looked for
        self._stand_in: Path | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing may be recorded until a person decides."""
        return self.state.trouble is not None

    def file(self) -> Path:
        """Return the file that the program opens: the logbook, or an empty one in its place.

        What is written into the empty one is thrown away when the program ends.
        """
        if not self.holds:
            return self.places.logbook
        if self._stand_in is None:
            home = self._home_of_stand_ins()
            home.mkdir(exist_ok=True, mode=0o700)
            self._stand_in = Path(tempfile.mkdtemp(dir=home))
            weakref.finalize(self, shutil.rmtree, self._stand_in, True)
        return self._stand_in / self.places.logbook.name

    def remove_stand_ins(self) -> None:
        """Remove what stood in for the logbook in a program that was killed: readings are in it."""
        shutil.rmtree(self._home_of_stand_ins(), ignore_errors=True)

    def _home_of_stand_ins(self) -> Path:
        return self.places.logbook.parent / "stand-in"

    def copy_accounts(self, stand_in: Database) -> None:
        """Let those sign in at the logbook that stands in who may at the one that is held.

        If it cannot be read, nobody has an account.
        """
        if self.state.can_be_read:
            try:
                stand_in.take_accounts(self.places.logbook, self.keys)
            except LogbookUnavailable as exc:
                log.error("the accounts of the logbook cannot be read (%s)", type(exc).__name__)

    def require_certain(self) -> None:
        """Raise LogbookInDoubt if it is not certain that this is the right logbook."""
        if self.state.trouble is not None:
            raise LogbookInDoubt(
                f"{self.places.logbook}: {self.state.trouble}; a person has to decide first. Run"
                " `doctor`, which says what is wrong and what to do"
            )

    def write(self, clean: bool) -> None:
        """Write the marker of the logbook as it is now.

        Raises LogbookUnavailable or OSError if that is not possible.
        """
        facts = read_facts(self.places.logbook, self.keys)
        self.places.write(
            Marker(
                instance=facts.instance,
                link=facts.link.id,
                hash=facts.link.hash,
                schema=facts.schema,
                program=program_version(),
                written_at=self._clock().astimezone(UTC).isoformat(timespec="seconds"),
                clean=clean,
            )
        )

    def write_again(self) -> None:
        """Write the marker of the logbook as it is now, for a command beside the program.

        Whether the program runs stays as it was.  Raises the same errors as `write`.
        """
        marker, _wrong = self.places.read()
        self.write(clean=marker is None or marker.clean)

    def run(self, stop: threading.Event, settle: Callable[[], object] = lambda: None) -> None:
        """Keep the marker up to date until `stop` is set; then say that the program ended.

        `settle` brings the write-ahead log into the file at the end, so that a copy of the `.db`
        alone is whole.

        If it cannot be written, the log says so once, and the next minute tries again.
        """
        was_written = True
        while True:
            is_last = stop.is_set()
            try:
                if is_last:
                    settle()
                self.write(clean=is_last)
            except (OSError, KioskError) as exc:
                if was_written:
                    log.error("the logbook's marker cannot be written (%s)", type(exc).__name__)
                was_written = False
            else:
                was_written = True
            if is_last:
                return
            stop.wait(self._interval_s)

    def look_for_damage(self, stop: threading.Event) -> None:
        """Read all pages of the file once, and keep how many faults there are."""
        try:
            self.faults = count_damage(self.places.logbook, self.keys, stop)
        except LogbookUnavailable as exc:
            if not stop.is_set():
                log.error("the logbook's pages cannot be checked (%s)", type(exc).__name__)
            return
        if self.faults:
            log.error("the logbook is damaged: %d faults; restore a backup", self.faults)
