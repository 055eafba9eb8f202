"""The live look-up: asks the insurer of cards whose verdict is unsure, in a thread of its own.

The screen never waits for it.  Every question is visible to other facilities and an account
that asks too much is restricted, so a card is asked about when it is scanned, and never polled.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from kiosk.desk.queue import LOOK_EVERY_S
from kiosk.errors import InsurerUnreachable, NotSignedIn
from kiosk.logbook import Attempt
from verify import CacheUnreadable, Card, Coverage, Outcome, Proof, Reason, Verdict

log = logging.getLogger(__name__)

UNSURE = frozenset({Reason.NOT_YET_KNOWN, Reason.CLOCK_IN_DOUBT, Reason.PRINTED_DATES_OVER})
NO_LASTS = timedelta(minutes=10)  # a card is not sent to the desk on an older no unasked
LENGTH = 64  # questions that may wait; what comes on top is left to the nightly job


class Lookup:
    """Questions on their way to the insurer. `ask` is one of the settings' three words."""

    def __init__(
        self,
        policy: str,
        look_up: Callable[[Card], Coverage],
        remember: Callable[[Coverage, datetime], None],
        refine: Callable[[Attempt, Verdict, Coverage], object],
        clock: Callable[[], datetime],
    ) -> None:
        self._policy = policy
        self._look_up = look_up
        self._remember = remember
        self._refine = refine
        self._clock = clock
        self._questions: queue.Queue[tuple[Attempt, Verdict]] = queue.Queue(LENGTH)

    def ask(self, attempt: Attempt, verdict: Verdict) -> None:
        """Queue a question if the policy wants it asked; never waits."""
        if not self._wanted(verdict, attempt.at):
            return
        try:
            self._questions.put_nowait((attempt, verdict))
        except queue.Full:
            log.warning("attempt %d is not asked about: %d questions wait", attempt.id, LENGTH)

    def answer_one(self, timeout_s: float = 0) -> bool:
        """Ask the question that waits longest; return False where none does."""
        try:
            attempt, verdict = (
                self._questions.get(timeout=timeout_s)
                if timeout_s
                else (self._questions.get_nowait())
            )
        except queue.Empty:
            return False
        assert verdict.card is not None  # only cards are queued
        try:
            word = self._look_up(verdict.card)
        except InsurerUnreachable as exc:
            log.info("no word on attempt %d: %s", attempt.id, exc)
            return True
        except NotSignedIn as exc:
            log.error("no word on attempt %d: %s", attempt.id, exc)
            return True
        try:
            self._remember(word, self._clock())
        except CacheUnreadable as exc:
            log.error("the insurer's word on attempt %d cannot be kept: %s", attempt.id, exc)
        self._refine(attempt, verdict, word)
        return True

    def run(self, stop: threading.Event) -> None:
        """Ask until `stop` is set."""
        while not stop.is_set():
            self.answer_one(LOOK_EVERY_S)

    def _wanted(self, verdict: Verdict, asked_at: datetime) -> bool:
        card = verdict.card
        if card is None or card.holder is None or card.born is None:
            return False  # the gateway wants a name and a birth date
        if self._policy == "unsure":
            return verdict.reason in UNSURE or self._is_an_old_no(verdict, asked_at)
        return self._policy == "always"

    @staticmethod
    def _is_an_old_no(verdict: Verdict, asked_at: datetime) -> bool:
        """Tell whether a card goes to the desk on a word that may have been put right since."""
        word = verdict.coverage
        on_word = verdict.proof is Proof.INSURER and verdict.outcome is Outcome.DESK
        return on_word and word is not None and asked_at - word.as_of > NO_LASTS
