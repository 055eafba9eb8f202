"""Writes down every question to the insurer about a person, with who asked it and what for.

1.  Questions are asked within `QuestionLog.asking`, which says who asks, why, and about which
    reading or visit.  The gateway does not know this; it passes each question to `note` when it
    has ended, in the thread that asks.  So each thread has its own block.
2.  At the end of the block the questions are written.  A patient who was taken in while no
    question could be asked needs evidence of that too: `Asking.not_asked`.
3.  A question that cannot be written is a line in the program's log.  The answer counts all the
    same: the patient must not wait for our bookkeeping.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kiosk.insurer import AskedQuestion
from kiosk.logbook import (
    NOT_ASKED,
    SYSTEM,
    LogbookUnavailable,
    LookupKind,
    LookupPurpose,
    Lookups,
    NewLookup,
    NotRecorded,
)

log = logging.getLogger(__name__)

DAYS_A_YEAR = 366  # rather a day too long than one too short
MAX_DRIFT = timedelta(minutes=5)  # between our clock and the gateway's, to delete by ours


@dataclass(slots=True)
class Asking:
    """Who asks, why, and about what; and the questions that were asked so far."""

    purpose: LookupPurpose
    author: str  # see `kiosk.logbook.author`
    readings: list[int] = field(default_factory=list)
    visit: str | None = None
    questions: list[AskedQuestion] = field(default_factory=list)

    def not_asked(self, why: str, now: datetime) -> None:
        """Note that a question about a card could not be asked at `now` (aware)."""
        error = f"{NOT_ASKED}{why}"
        self.questions.append(AskedQuestion(LookupKind.CARD, {}, now, error=error))


class QuestionLog:
    """The record of questions.  Any thread may use it."""

    def __init__(
        self,
        lookups: Lookups | None = None,
        years: int = 0,
        gateway_time: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        """Without `lookups` nothing is written.

        Questions are kept for so many `years`.  `gateway_time` returns what the gateway's clock
        shows now (aware), None if that is not known.
        """
        self._lookups = lookups
        self._years = years
        self._gateway_time = gateway_time
        self._thread = threading.local()

    @contextmanager
    def asking(
        self,
        purpose: LookupPurpose,
        author: str,
        readings: Sequence[int] = (),
        visit: str | None = None,
    ) -> Iterator[Asking]:
        """Give the block in which this thread asks; write its questions when it ends.

        `readings` are ids of readings, `visit` is the id of a visit.  More readings may be added
        to the block's `Asking` until it ends.
        """
        asking = Asking(purpose, author, list(readings), visit)
        self._thread.asking = asking
        try:
            yield asking
        finally:
            self._thread.asking = None
            for question in asking.questions:
                self._write(asking, question)

    def note(self, question: AskedQuestion) -> None:
        """Take a question that has ended.  Outside of a block the program itself has asked it."""
        asking: Asking | None = getattr(self._thread, "asking", None)
        if asking is not None:
            asking.questions.append(question)
        else:
            self._write(Asking(LookupPurpose.TREATMENT, SYSTEM), question)

    def _write(self, asking: Asking, question: AskedQuestion) -> None:
        if self._lookups is None:
            return
        lookup = NewLookup(
            kind=question.kind,
            purpose=asking.purpose,
            at=question.at,
            duration_ms=question.duration_ms,
            author=asking.author,
            asked=question.asked,
            result=question.result,
            code=question.code,
            http_status=question.http_status,
            error=question.error,
            answer=question.answer,
        )
        try:
            self._lookups.record(lookup, list(dict.fromkeys(asking.readings)), asking.visit)
        except (NotRecorded, LogbookUnavailable) as exc:
            log.error("a question to the insurer is not in the logbook: %s", exc)

    def prune(self, now: datetime) -> int:
        """Delete what is too old to be kept; return how many questions.

        Nothing is deleted unless the gateway's clock agrees with ours (`now`): a clock that is
        years ahead must not delete evidence.
        """
        theirs = self._gateway_time()
        if self._lookups is None or theirs is None or abs(theirs - now) > MAX_DRIFT:
            return 0
        try:
            return self._lookups.prune(now - timedelta(days=DAYS_A_YEAR * self._years))
        except (NotRecorded, LogbookUnavailable) as exc:
            log.error("old questions to the insurer are not deleted: %s", exc)
            return 0
