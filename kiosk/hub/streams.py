"""The stream of this desk: one unbroken run of its journal, and what is noted beside the logbook.

1.  A stream has an id that is drawn.  The hub keeps how far it has it; this desk keeps no position
    that counts.  What the file `hub-stream.json` says serves three things: which stream is ours,
    whether the logbook was restored (it then lacks an entry that the hub was known to have), and
    which servers were seen (`kiosk.hub.timelines`).
2.  If the file is lost, a new stream begins: everything goes up once more, which is once.
3.  While it is not known what was sent to the insurer before a restore, the outbox is held: the
    insurer would get it twice.  The hub says what was sent; or a person says that all may go.
4.  The file holds no data of a person.  It is written for the disk when something is found.  Only
    to note how far the hub has come, it is written at most every NOTE_INTERVAL_S, and every
    IDLE_INTERVAL_S if that is nothing new: a backup that is older is known at the start.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from kiosk.logbook import NO_ENTRY, HubJournal, JournalMark
from kiosk.runtime.files import folder_to_disk, replace_while_read

log = logging.getLogger(__name__)

STREAM_FILE = "hub-stream.json"
NOTE_INTERVAL_S, IDLE_INTERVAL_S = 5.0, 60.0
MAX_SET_ASIDE = 1_000  # rows; more are no rows that the hub refuses, but a hub that refuses


class HoldReason(StrEnum):
    """Why the outbox waits for the hub, or for a person."""

    RESTORED = "restored"  # the logbook lacks what the hub has, or went another way
    UNKNOWN = "unknown"  # the file of the stream is gone: it is not known what was sent
    ENDED = "ended"  # the hub says that our stream has ended: a copy of our data, or retired
    TWIN = "twin"  # another program works as this desk just now


@dataclass(frozen=True, slots=True)
class SetAsideRow:
    """A row of the journal that the hub refuses, or that cannot be sent."""

    seq: int
    visit: str  # empty: it cannot be read
    version: int
    why: str  # an SQLSTATE, or a word of `kiosk.hub.journal`
    at: datetime  # aware


@dataclass(frozen=True, slots=True)
class StreamNotes:
    """What the file of the stream says. All times are aware."""

    id: str  # of the stream; empty: none has begun
    facility: str = ""
    desk: int = 0
    acked: JournalMark = NO_ENTRY  # at least this much the hub has
    reached_at: datetime | None = None  # when the hub last answered about the stream
    ends: str = ""  # an earlier stream of ours that is to be ended at the hub
    hold: HoldReason | None = None
    held_since: datetime | None = None
    servers: dict[str, int] = field(default_factory=dict)  # see TimelineGuard
    set_aside: tuple[SetAsideRow, ...] = ()


class StreamFile:
    """The file `hub-stream.json` of a data directory. Any thread may call."""

    def __init__(self, folder: Path, journal: HubJournal) -> None:
        self.path = folder / STREAM_FILE
        self._journal = journal
        self._lock = threading.RLock()

    def read(self) -> StreamNotes:
        """Return the notes; those of no stream if the file is missing or damaged."""
        try:
            return _notes(json.loads(self.path.read_text("utf-8")))
        except FileNotFoundError:
            return StreamNotes("")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            log.error("%s cannot be read (%s): a new stream begins", self.path, type(exc).__name__)
            return StreamNotes("")

    def change(self, **changes: Any) -> StreamNotes:
        """Change some of the notes, and wait until that is on disk; return them.

        Raises OSError if the file cannot be written.
        """
        with self._lock:
            notes = replace(self.read(), **changes)
            part = self.path.with_name(f"{self.path.name}.part")
            with part.open("w", encoding="utf-8") as file:
                json.dump(_json(notes), file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            replace_while_read(part, self.path)
            folder_to_disk(self.path.parent)
            return notes

    def ready(self, facility: str, desk: int, now: datetime) -> StreamNotes:
        """Return the notes of the stream for a desk, after a look at the logbook.

        The outbox is held if the logbook lacks what the hub was known to have, or if it has had a
        stream that is not known any more.  Raises OSError and LogbookUnavailable.
        """
        with self._lock:
            notes = self.read()
            if not notes.id or (notes.facility, notes.desk) != (facility, desk):
                is_first = not notes.id and not self._journal.has_begun()
                begun: dict[str, Any] = {"acked": NO_ENTRY, "set_aside": (), "ends": notes.id}
                if not is_first:
                    begun |= {"hold": HoldReason.UNKNOWN, "held_since": now}
                return self.change(
                    id=str(uuid.uuid4()), facility=facility, desk=desk, reached_at=None, **begun
                )
            if notes.hold is None and self._journal.mark_at(notes.acked.seq) != notes.acked:
                log.warning("the logbook is not the one that the hub knows: it was restored")
                return self.change(hold=HoldReason.RESTORED, held_since=now)
            return notes

    def begin_again(self, hold: HoldReason, now: datetime) -> StreamNotes:
        """Begin a new stream in the place of ours; the outbox is held. Raises OSError."""
        with self._lock:
            old = self.read()
            since = old.held_since if old.hold else now
            return self.change(
                id=str(uuid.uuid4()), acked=NO_ENTRY, ends=old.id, hold=hold, held_since=since
            )

    def note_acked(self, mark: JournalMark, now: datetime, at_once: bool = False) -> None:
        """Note how far the hub has come, at most every few seconds unless `at_once`.

        Raises OSError.
        """
        with self._lock:
            notes = self.read()
            interval_s = IDLE_INTERVAL_S if notes.acked == mark else NOTE_INTERVAL_S
            is_fresh = notes.reached_at is not None and (
                timedelta() <= now - notes.reached_at < timedelta(seconds=interval_s)
            )
            if at_once or not is_fresh:
                self.change(acked=mark, reached_at=now)

    def set_aside(self, row: SetAsideRow) -> bool:
        """Note a row that the hub refuses; return False if there are too many. Raises OSError."""
        with self._lock:
            others = tuple(each for each in self.read().set_aside if each.seq != row.seq)
            if len(others) >= MAX_SET_ASIDE:
                return False
            self.change(set_aside=(*others, row))
            return True

    def take_back(self, seqs: set[int]) -> None:
        """Forget rows that were set aside, because the hub has them now. Raises OSError."""
        with self._lock:
            rows = self.read().set_aside
            left = tuple(row for row in rows if row.seq not in seqs)
            if len(left) < len(rows):
                self.change(set_aside=left)


def _json(notes: StreamNotes) -> dict[str, object]:
    return {
        "stream": notes.id,
        "facility": notes.facility,
        "desk": notes.desk,
        "acked": {"seq": notes.acked.seq, "hash": notes.acked.hash.hex()},
        "reached_at": notes.reached_at and notes.reached_at.isoformat(),
        "ends": notes.ends,
        "hold": notes.hold,
        "held_since": notes.held_since and notes.held_since.isoformat(),
        "servers": notes.servers,
        "set_aside": [
            {
                "seq": row.seq,
                "visit": row.visit,
                "version": row.version,
                "why": row.why,
                "at": row.at.isoformat(),
            }
            for row in notes.set_aside
        ],
    }


def _notes(found: dict[str, Any]) -> StreamNotes:
    acked = found["acked"]
    return StreamNotes(
        id=str(uuid.UUID(found["stream"])) if found["stream"] else "",
        facility=str(found["facility"]),
        desk=int(found["desk"]),
        acked=JournalMark(int(acked["seq"]), bytes.fromhex(acked["hash"])),
        reached_at=_moment(found["reached_at"]),
        ends=str(found["ends"]),
        hold=HoldReason(found["hold"]) if found["hold"] else None,
        held_since=_moment(found["held_since"]),
        servers={str(name): int(line) for name, line in found["servers"].items()},
        set_aside=tuple(
            SetAsideRow(
                int(row["seq"]),
                str(row["visit"]),
                int(row["version"]),
                str(row["why"]),
                datetime.fromisoformat(row["at"]),
            )
            for row in found["set_aside"]
        ),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
