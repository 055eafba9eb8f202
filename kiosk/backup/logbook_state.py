"""What is wrong with a data directory's logbook, found before the program opens it.

The logbook is compared with its marker (`kiosk.backup.marker`), in this order:

1.  No logbook, but a marker, one beside the settings, or a backup: it is gone.  Nothing of these:
    this is the first start.
2.  The file is empty, or holds no logbook, although there is a marker: it is empty.
3.  Its first pages, its schema or its newest link cannot be read: it is damaged.
4.  A newer program wrote it: it is not opened at all (LogbookTooNew).
5.  No marker is right, but there is one: the marker was changed, or its key is lost.
6.  Another instance than the marker names: it is another logbook.
7.  The link of the marker is missing: it is an older copy, or has lost its `-wal`.
8.  That link has another hash: the same logbook went on in another way.
9.  Links after the marker's are right: the program was cut off.
10. No marker at all: one is written; a warning says so.

What was lost after the marker was written, at most a minute, is not noticed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kiosk.backup.copies import BackupCopy, Copies
from kiosk.backup.marker import Marker, MarkerPlaces
from kiosk.logbook import NO_LINK, FileFacts, LogbookDamaged, hash_at, read_facts
from kiosk.runtime.file_key import FileKey


class LogbookTrouble(StrEnum):
    """What is wrong. The values are stored and are part of the contract of /readyz."""

    GONE = "gone"
    EMPTY = "empty"
    DAMAGED = "damaged"
    OLDER = "older"
    ANOTHER = "another"
    DIFFERENT = "different"
    MARKER = "marker"


@dataclass(frozen=True, slots=True)
class LogbookState:
    """How the logbook was found when the program started."""

    trouble: LogbookTrouble | None = None
    facts: FileFacts | None = None  # None: there is no file, or it cannot be read
    marker: Marker | None = None  # None: it is missing, or no file is right
    newest_copy: BackupCopy | None = None
    was_cut_off: bool = False  # the program did not end by itself
    has_no_marker: bool = False  # although there is a logbook

    @property
    def is_there(self) -> bool:
        """Whether there is a logbook that can be opened, the right one or not."""
        return self.facts is not None and bool(self.facts.instance)

    @property
    def can_be_read(self) -> bool:
        """Whether this program can read the file without changing its schema first."""
        return self.facts is not None and self.facts.is_current

    @property
    def missing_links(self) -> int:
        """How many links the marker knew that the file lacks; 0 if that is not the trouble."""
        if self.trouble is not LogbookTrouble.OLDER or self.facts is None or self.marker is None:
            return 0
        return self.marker.link - self.facts.link.id


def examine(places: MarkerPlaces, copies: Copies, keys: Sequence[FileKey] = ()) -> LogbookState:
    """Return how the logbook is; nothing is changed.

    Raises LogbookTooNew if a newer program wrote it, LogbookUnavailable if it cannot be looked at
    just now, and FileKeyTrouble if no key of `keys` opens it.
    """
    marker, wrong = places.read()
    path, newest = places.logbook, copies.newest()

    def found(trouble: LogbookTrouble | None, facts: FileFacts | None = None) -> LogbookState:
        return LogbookState(
            trouble,
            facts,
            marker,
            newest,
            was_cut_off=marker is not None and not marker.clean,
            has_no_marker=marker is None and facts is not None,
        )

    has_trace = marker is not None or bool(wrong) or newest is not None
    if not path.exists():
        return found(LogbookTrouble.GONE if has_trace else None)
    if path.stat().st_size == 0:
        return found(LogbookTrouble.EMPTY if has_trace else None)
    try:
        facts = read_facts(path, keys)
    except LogbookDamaged:
        return found(LogbookTrouble.DAMAGED)
    if not facts.instance:
        return found(LogbookTrouble.EMPTY if has_trace else None)
    if marker is None:
        return found(LogbookTrouble.MARKER if wrong else None, facts)
    if marker.instance != facts.instance:
        return found(LogbookTrouble.ANOTHER, facts)
    try:
        return found(_compared(path, marker, facts, keys), facts)
    except LogbookDamaged:
        return found(LogbookTrouble.DAMAGED)


def _compared(
    path: Path, marker: Marker, facts: FileFacts, keys: Sequence[FileKey]
) -> LogbookTrouble | None:
    if marker.mark == NO_LINK:
        return None
    if facts.link.id < marker.link:
        return LogbookTrouble.OLDER
    known = facts.link.hash if facts.link.id == marker.link else hash_at(path, marker.link, keys)
    return None if known == marker.hash else LogbookTrouble.DIFFERENT
