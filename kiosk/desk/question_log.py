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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

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


@dataclass(slots=True)
class Asking:
    """Who asks, why, and about what; and the questions that were asked so far."""

    purpose: LookupPurpose
    author: str  # see `kiosk.logbook.author`
    readings: list[int] = field(default_factory=list)
    visit: str | None = None
    questions: list[AskedQuestion] = field(default_factory=list)

    def not_asked(self, why: str, now: datetime, about: Mapping[str, str] | None = None) -> None:
        """Note that a question about a card was not asked at `now` (aware), and why.

        `about` are the fields that the question would have had; a reading or a visit needs none.
        """
        error = f"{NOT_ASKED}{why}"
        self.questions.append(AskedQuestion(LookupKind.CARD, about or {}, now, error=error))


class QuestionLog:
    """The record of questions.  Any thread may use it."""

    def __init__(self, lookups: Lookups | None = None) -> None:
        """Without `lookups` nothing is written."""
        self._lookups = lookups
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

    def author(self) -> str | None:
        """Return in whose name this thread asks now; None outside of a block."""
        asking: Asking | None = getattr(self._thread, "asking", None)
        return asking.author if asking else None

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
