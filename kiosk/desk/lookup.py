"""The live look-up: asks the insurer about cards in a thread of its own.

1.  The page never waits for an answer; the answer makes a newer verdict (`Desk.refine`).
2.  One question about a card is on its way at a time, however often the card is scanned
    meanwhile.  All its readings get the answer.
3.  If the queue is full, a question is left to the nightly job.
4.  If the insurer knows the holder, and the settings allow it, a second question asks where the
    holder has been.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from datetime import datetime

from kiosk.desk.cautions import ElsewhereRecords
from kiosk.desk.query_policy import QueryPolicy
from kiosk.desk.scan_queue import STOP_CHECK_INTERVAL_S
from kiosk.insurer import CardAnswer, PastVisit
from kiosk.logbook import Attempt
from verify import Card, Coverage, CoverageUnreadable, Standing, Verdict, name_key

log = logging.getLogger(__name__)

MAX_QUESTIONS = 64  # that wait

# The standings by which the insurer shows that it knows the holder of the card.
HOLDER_KNOWN_STANDINGS = frozenset(
    {
        Standing.IN_FORCE,
        Standing.REPLACED_OLD_GOOD,
        Standing.REPLACED_OLD_OVER,
        Standing.ENDED,
        Standing.WITHDRAWN,
        Standing.REPORTED_DOWN,
    }
)

Refine = Callable[[Attempt, Verdict, Coverage, ElsewhereRecords], "tuple[Attempt, Verdict] | None"]
Question = tuple[str, str, object]  # number, name as it is compared, and birth


class Lookup:
    """Questions on their way to the insurer.  Any thread may call `ask`; one thread runs it."""

    def __init__(
        self,
        query_policy: QueryPolicy,
        look_up: Callable[[Card], CardAnswer],
        history: Callable[[Card], list[PastVisit]] | None,
        remember: Callable[[Coverage, datetime], None],
        refine: Refine,
        clock: Callable[[], datetime],
    ) -> None:
        """`look_up` and `history` ask the gateway and wait; `history` is None if it is off."""
        self.query_policy = query_policy
        self._look_up = look_up
        self._history = history
        self._remember = remember
        self._refine = refine
        self._clock = clock
        self._lock = threading.Lock()
        self._readings: dict[Question, list[tuple[Attempt, Verdict]]] = {}  # that wait for it
        self._questions: queue.Queue[Question] = queue.Queue(MAX_QUESTIONS)

    def ask(self, attempt: Attempt, verdict: Verdict) -> None:
        """Queue a question about a verdict's card if the desk wants one; never waits."""
        card = verdict.card
        if card is None or not self.query_policy.wants_question(
            attempt.reader, verdict, attempt.at
        ):
            return
        question = (card.number, name_key(card.holder or ""), card.born)
        with self._lock:
            if question in self._readings:
                self._readings[question].append((attempt, verdict))
                return
            try:
                self._questions.put_nowait(question)
            except queue.Full:
                log.warning(
                    "attempt %d is not asked about: %d questions wait", attempt.id, MAX_QUESTIONS
                )
                return
            self._readings[question] = [(attempt, verdict)]

    def ask_next(self, timeout_s: float = 0) -> bool:
        """Ask the oldest question and refine its verdicts; return False if no question waits.

        Waits up to `timeout_s` for a question.
        """
        try:
            question = self._questions.get(timeout=timeout_s or None, block=timeout_s > 0)
        except queue.Empty:
            return False
        with self._lock:
            card = self._readings[question][-1][1].card
        now = self._clock()
        answer = self.query_policy.ask_about(card, self._look_up, now) if card is not None else None
        with self._lock:
            readings = self._readings.pop(question)
        if answer is None or card is None:
            return True
        coverage = answer.coverage
        try:
            self._remember(coverage, self._clock())
        except CoverageUnreadable as exc:
            attempt_id = readings[0][0].id
            log.error("the insurer's answer on attempt %d cannot be kept: %s", attempt_id, exc)
        checks = ElsewhereRecords(answer.checks)
        newest = [self._refine(*reading, coverage, checks) or reading for reading in readings]
        # The second question comes after the first answer is on the page.
        visits = self._visits_of(card) if coverage.standing in HOLDER_KNOWN_STANDINGS else []
        if visits:
            records = ElsewhereRecords(answer.checks, tuple(visits))
            for attempt, verdict in newest:
                self._refine(attempt, verdict, coverage, records)
        return True

    def _visits_of(self, card: Card) -> list[PastVisit]:
        if self._history is None:
            return []
        return self.query_policy.ask_extra(card, self._history, self._clock()) or []

    def run(self, stop: threading.Event) -> None:
        """Ask one question after the other until `stop` is set."""
        while not stop.is_set():
            self.ask_next(STOP_CHECK_INTERVAL_S)
