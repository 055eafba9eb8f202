"""Whether this desk may send its messages now.

Each desk sends what it has recorded, also while the hub is away.  What keeps its outbox waiting:

1.  The settings say that another desk sends for it (`[hub] sends`).
2.  Another desk is sending messages of this one now: for as long as its lease lasts.
3.  The hub refuses this desk's account: it was retired, and another desk may have taken over what
    it had not sent.
4.  It comes back after more than AWAY (its program did not run, and it had not asked the hub), or
    under another number, and the hub does not answer: it was, or may have been, retired meanwhile.

A person at the desk may let the outbox go in the cases 3 and 4; the next answer of the hub decides
again.  While the hub answers, its answer counts; when it stops answering, the last answer does.

What is known is kept in a file of the data directory, so that the next start knows how long the
desk was away.  A desk without that file has never asked a hub: nobody can have taken anything over.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from kiosk.runtime.files import replace_while_read

log = logging.getLogger(__name__)

AWAY = timedelta(hours=24)
MAX_FILE_BYTES = 10_000


class WhySendingWaits(StrEnum):
    """What keeps the outbox of this desk waiting."""

    NOTHING = ""
    OTHER_SENDS = "other_sends"  # as the settings say
    BEING_SENT = "being_sent"  # another desk has a lease
    RETIRED = "retired"
    BACK = "back"  # after a long time or under another number, and the hub does not answer


@dataclass(frozen=True, slots=True)
class SendingState:
    """Whether this desk sends. All times are aware."""

    why: WhySendingWaits
    sender: int  # the desk that sends for this one; 0: this desk itself
    asked_at: datetime | None  # when the hub last answered; None: never
    let_go_by: str = ""  # who let the outbox go until the next answer; empty: nobody

    @property
    def may_send(self) -> bool:
        """Whether messages may be taken from the outbox."""
        return self.why is WhySendingWaits.NOTHING


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the file says. Times are aware; None: never, or not known."""

    asked_at: datetime | None = None  # when the hub last answered
    seen_at: datetime | None = None  # when the program last ran
    is_retired: bool = False
    let_go_by: str = ""
    desk: int = 0  # the number of this desk then; 0: not written down


class SendingGate:
    """Decides whether this desk may send. Any thread may call."""

    def __init__(self, file: Path, desk: int, sender: int, clock: Callable[[], datetime]) -> None:
        """`file` is where it is kept what the hub said, `desk` the number of this desk.

        `sender` is the desk that sends for it; 0: it sends for itself.  `clock` returns the time,
        aware.
        """
        self._file, self._desk, self._sender, self._clock = file, desk, sender, clock
        self._lock = threading.Lock()
        kept = self._read()
        self._asked_at = kept.asked_at
        moments = [at for at in (kept.asked_at, kept.seen_at) if at is not None]
        was_off = bool(moments) and clock() - max(moments) > AWAY
        self._was_away = was_off or kept.desk not in (0, desk)
        self._seen_at = kept.seen_at  # stays as it is while the desk counts as away
        self._is_retired, self._let_go_by = kept.is_retired, kept.let_go_by
        self._away_as = kept.desk
        self._busy_until: datetime | None = None
        self._has_answer = False  # since the start

    def answered(self, lease_left_s: float) -> None:
        """Note that the hub knows this desk, and for how long another desk may send for it.

        `lease_left_s` is 0 if no other desk is sending messages of this one.
        """
        now = self._clock()
        with self._lock:
            self._has_answer, self._is_retired, self._was_away = True, False, False
            self._let_go_by, self._asked_at = "", now
            self._busy_until = now + timedelta(seconds=lease_left_s) if lease_left_s > 0 else None
            self._write(now)

    def refused(self) -> None:
        """Note that the hub refuses the account of this desk."""
        with self._lock:
            if not self._is_retired:
                self._let_go_by = ""
            self._is_retired = True
            self._write(self._clock())

    def unanswered(self) -> None:
        """Note that the program runs, and that the hub does not answer."""
        with self._lock:
            self._write(self._clock())

    def let_go(self, author: str) -> None:
        """Let the outbox go until the hub answers: a person has decided it."""
        with self._lock:
            self._let_go_by = author
            self._write(self._clock())

    def may_send(self) -> bool:
        """Return whether messages may be taken from the outbox now."""
        return self.state().may_send

    def state(self) -> SendingState:
        """Return whether this desk sends, and why not."""
        with self._lock:
            return SendingState(self._why(), self._sender, self._asked_at, self._let_go_by)

    def _why(self) -> WhySendingWaits:
        if self._sender:
            return WhySendingWaits.OTHER_SENDS
        if self._let_go_by:
            return WhySendingWaits.NOTHING
        if self._is_retired:
            return WhySendingWaits.RETIRED
        if self._was_away and not self._has_answer:
            return WhySendingWaits.BACK
        if self._busy_until is not None and self._clock() < self._busy_until:
            return WhySendingWaits.BEING_SENT
        return WhySendingWaits.NOTHING

    def _read(self) -> _Kept:
        """Return what the file says.

        A damaged file is taken for that of a desk that was away for ever.
        """
        try:
            if self._file.stat().st_size > MAX_FILE_BYTES:
                raise ValueError("too large")
            record = json.loads(self._file.read_text("utf-8"))
            return _Kept(
                _moment(record["asked_at"]),
                _moment(record["seen_at"]),
                bool(record["is_retired"]),
                str(record["let_go_by"]),
                int(record["desk"]),
            )
        except FileNotFoundError:
            return _Kept()
        except (OSError, ValueError, KeyError, TypeError) as exc:
            log.warning("%s cannot be read (%s)", self._file.name, type(exc).__name__)
            return _Kept(seen_at=datetime.min.replace(tzinfo=UTC))

    def _write(self, now: datetime) -> None:
        """Keep what is known; under the lock.

        A desk that was away stays so, also if it is started again, until the hub answers.
        """
        if not self._was_away:
            self._seen_at = now
        record = {
            "asked_at": self._asked_at.isoformat() if self._asked_at else "",
            "seen_at": self._seen_at.isoformat() if self._seen_at else "",
            "is_retired": self._is_retired,
            "let_go_by": self._let_go_by,
            "desk": self._away_as if self._was_away else self._desk,
        }
        part = self._file.with_suffix(".part")
        try:
            part.write_text(json.dumps(record, ensure_ascii=False), "utf-8")
            replace_while_read(part, self._file)
        except OSError as exc:
            log.warning("%s cannot be written (%s)", self._file.name, exc.strerror)


def _moment(text: str) -> datetime | None:
    """Return a moment (aware); None for an empty text. Raises ValueError if it has no zone."""
    moment = datetime.fromisoformat(text) if text else None
    if moment is not None and moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment
