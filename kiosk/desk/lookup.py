"""The live look-up: asks the insurer of cards whose verdict is unsure, in a thread of its own.

The screen never waits for it.  One question at a time is on its way about a card, however often
the card is scanned meanwhile; all its readings get the answer.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from datetime import datetime

from kiosk.desk.cautions import ElsewhereRecords
from kiosk.desk.query_policy import QueryPolicy
from kiosk.desk.scan_queue import LOOK_EVERY_S
from kiosk.insurer import CardAnswer, PastVisit
from kiosk.logbook import Attempt
from verify import Card, Coverage, CoverageUnreadable, Standing, Verdict

log = logging.getLogger(__name__)

LENGTH = 64  # questions that may wait; what comes on top is left to the nightly job

# What the insurer says of somebody whom it knows by this card.
OF_A_HOLDER = frozenset({Standing.IN_FORCE, Standing.REPLACED_OLD_GOOD, Standing.REPLACED_OLD_OVER,
                         Standing.ENDED, Standing.WITHDRAWN, Standing.REPORTED_DOWN})  # fmt: skip

Refine = Callable[[Attempt, Verdict, Coverage, ElsewhereRecords], "tuple[Attempt, Verdict] | None"]
Question = tuple[str, str | None, object]  # number, name and birth: what the insurer is asked


class Lookup:
    """Questions on their way to the insurer."""

    def __init__(
        self,
        asking: QueryPolicy,
        hear: Callable[[Card], CardAnswer],
        history: Callable[[Card], list[PastVisit]] | None,
        remember: Callable[[Coverage, datetime], None],
        refine: Refine,
        clock: Callable[[], datetime],
    ) -> None:
        """`history` None: it is not asked where patients have been."""
        self.query_policy = asking
        self._hear = hear
        self._history = history
        self._remember = remember
        self._refine = refine
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[Question, list[tuple[Attempt, Verdict]]] = {}
        self._questions: queue.Queue[Question] = queue.Queue(LENGTH)

    def ask(self, attempt: Attempt, verdict: Verdict) -> None:
        """Queue a question if the desk wants it asked; never waits."""
        card = verdict.card
        if card is None or not self.query_policy.is_wanted(attempt.reader, verdict, attempt.at):
            return
        question = (card.number, card.holder, card.born)
        with self._lock:
            if question in self._waiting:
                self._waiting[question].append((attempt, verdict))
                return
            try:
                self._questions.put_nowait(question)
            except queue.Full:
                log.warning("attempt %d is not asked about: %d wait", attempt.id, LENGTH)
                return
            self._waiting[question] = [(attempt, verdict)]

    def answer_one(self, timeout_s: float = 0) -> bool:
        """Ask the question that waits longest; return False where none does."""
        try:
            question = self._questions.get(timeout=timeout_s or None, block=timeout_s > 0)
        except queue.Empty:
            return False
        with self._lock:
            card = self._waiting[question][-1][1].card
        now = self._clock()
        heard = self.query_policy.coverage_of(card, self._hear, now) if card is not None else None
        with self._lock:
            readings = self._waiting.pop(question)
        if heard is None or card is None:
            return True
        word, elsewhere = heard.coverage, ElsewhereRecords(heard.checks)
        try:
            self._remember(word, self._clock())
        except CoverageUnreadable as exc:
            log.error("the insurer's word on attempt %d cannot be kept: %s", readings[0][0].id, exc)
        standing = [self._refine(*one, word, elsewhere) or one for one in readings]
        visits = self._visits_of(card) if word.standing in OF_A_HOLDER else []
        if visits:  # a second question: the first answer is on screen by now
            for attempt, verdict in standing:
                self._refine(attempt, verdict, word, ElsewhereRecords(heard.checks, tuple(visits)))
        return True

    def _visits_of(self, card: Card) -> list[PastVisit]:
        if self._history is None:
            return []
        return self.query_policy.ask_extra(card, self._history, self._clock()) or []

    def run(self, stop: threading.Event) -> None:
        """Ask until `stop` is set."""
        while not stop.is_set():
            self.answer_one(LOOK_EVERY_S)
