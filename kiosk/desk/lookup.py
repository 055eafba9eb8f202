"""The live look-up: asks the insurer about cards in a thread of its own.

1.  The page never waits for an answer; the answer makes a newer verdict (`Desk.refine`).
2.  One question about a card is on its way at a time, however often the card is scanned
    meanwhile.  All its readings get the answer.
3.  If the queue is full, a question is left to the nightly job.
4.  Each question is written down for all readings that it is about, before its answer is shown.
    If questions are paused, or the queue is full, that is written down instead.
5.  If the insurer knows the holder, and the settings allow it, a second question asks where the
    holder has been.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime

from kiosk.desk.cautions import ElsewhereRecords
from kiosk.desk.query_policy import QueryPolicy
from kiosk.desk.question_log import QuestionLog
from kiosk.desk.scan_queue import STOP_CHECK_INTERVAL_S
from kiosk.insurer import CardAnswer, PastVisit
from kiosk.logbook import DESK, Attempt, LogbookUnavailable, LookupPurpose
from verify import Card, Coverage, CoverageUnreadable, Standing, Verdict, name_key

log = logging.getLogger(__name__)

MAX_QUESTIONS = 64  # that wait
MAX_LEFT_OUT = 1_000  # readings, until this is written down

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
        question_log: QuestionLog | None = None,
        author_of: Callable[[str], str] = lambda _reader: DESK,
        is_secret: Callable[[int], bool] = lambda _reading: False,
    ) -> None:
        """`look_up` and `history` ask the gateway and wait; `history` is None if it is off.

        `author_of` returns who scans at a reader, see `kiosk.logbook.author`.  `is_secret` says
        whether a reading led to a visit that is a state secret: nothing is asked about it.
        """
        self.query_policy = query_policy
        self._look_up = look_up
        self._history = history
        self._remember = remember
        self._refine = refine
        self._clock = clock
        self._question_log = question_log or QuestionLog()
        self._author_of = author_of
        self._is_secret = is_secret
        self._lock = threading.Lock()
        self._readings: dict[Question, list[tuple[Attempt, Verdict]]] = {}  # that wait for it
        self._questions: queue.Queue[Question] = queue.Queue(MAX_QUESTIONS)
        # Readings that found the queue full, and when; `ask` must not wait for the logbook.
        self._left_out: deque[tuple[Attempt, datetime]] = deque(maxlen=MAX_LEFT_OUT)

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
                self._left_out.append((attempt, self._clock()))
                return
            self._readings[question] = [(attempt, verdict)]

    def ask_next(self, timeout_s: float = 0) -> bool:
        """Ask the oldest question and refine its verdicts; return False if no question waits.

        Waits up to `timeout_s` for a question.
        """
        self._note_left_out()
        try:
            question = self._questions.get(timeout=timeout_s or None, block=timeout_s > 0)
        except queue.Empty:
            return False
        with self._lock:
            waiting = list(self._readings[question])
        if self._is_any_secret(waiting):  # marked since it was queued
            with self._lock:
                self._readings.pop(question)
            return True
        card, author = waiting[-1][1].card, self._author_of(waiting[0][0].reader)
        with self._question_log.asking(LookupPurpose.ARRIVAL, author) as asking:
            now, answer = self._clock(), None
            if card is not None:
                answer = self.query_policy.ask_about(card, self._look_up, now)
            if answer is None and not asking.questions and self.query_policy.why is not None:
                asking.not_asked(self.query_policy.pause(), now)
            with self._lock:
                readings = self._readings.pop(question)
            asking.readings = [attempt.reading for attempt, _ in readings]
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
        visits: list[PastVisit] = []
        if coverage.standing in HOLDER_KNOWN_STANDINGS and not self._is_any_secret(readings):
            with self._question_log.asking(LookupPurpose.ARRIVAL, author, asking.readings):
                visits = self._visits_of(card)
        if visits:
            records = ElsewhereRecords(answer.checks, tuple(visits))
            for attempt, verdict in newest:
                self._refine(attempt, verdict, coverage, records)
        return True

    def _is_any_secret(self, readings: list[tuple[Attempt, Verdict]]) -> bool:
        """Return whether a reading may be about a state secret.

        If the logbook cannot be read, it may be; the nightly job asks about the visit later.
        """
        try:
            return any(self._is_secret(attempt.reading) for attempt, _ in readings)
        except LogbookUnavailable as exc:
            log.error("attempt %d is not asked about: %s", readings[0][0].id, exc)
            return True

    def _visits_of(self, card: Card) -> list[PastVisit]:
        if self._history is None:
            return []
        return self.query_policy.ask_extra(card, self._history, self._clock()) or []

    def _note_left_out(self) -> None:
        """Write down which readings were not asked about because the queue was full."""
        while self._left_out:
            attempt, at = self._left_out.popleft()
            author = self._author_of(attempt.reader)
            with self._question_log.asking(
                LookupPurpose.ARRIVAL, author, [attempt.reading]
            ) as asking:
                asking.not_asked(f"{MAX_QUESTIONS} questions wait", at)

    def run(self, stop: threading.Event) -> None:
        """Ask one question after the other until `stop` is set."""
        while not stop.is_set():
            self.ask_next(STOP_CHECK_INTERVAL_S)
