"""Whether the insurer may be asked about a card: as the desk wants it, and not too often.

Every question is visible to other facilities, and an account that asks too much is put on a list
of those that may not (CV 1839/CNTT-PM).  Nothing here polls: a question comes from a scan.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from kiosk.insurer import InsurerUnreachable, NotSignedIn
from verify import Card, Outcome, Proof, Reason, Verdict

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

UNSURE = frozenset({Reason.NOT_YET_KNOWN, Reason.CLOCK_IN_DOUBT, Reason.PRINTED_DATES_OVER})
ANSWER_LASTS = timedelta(minutes=5)  # even where a desk always asks
NO_LASTS = timedelta(minutes=10)  # a card is not sent to the desk on an older no unasked
PATIENCE = 3  # failures in a row, after which nothing is asked for a while
FIRST_REST, LONGEST_REST = timedelta(minutes=1), timedelta(minutes=15)
HOUR = timedelta(hours=1)


class PauseReason(StrEnum):
    """PauseReason nothing is asked just now."""

    SILENT = "silent"  # the gateway does not answer
    ACCOUNT = "account"  # it refuses our account, or the member of staff who asks
    BUDGET = "budget"  # as many questions as an hour may have were asked


class QueryPolicy:
    """The rules, and how the last questions went. Any thread may call."""

    def __init__(self, policy_of: Callable[[str], str], per_hour: int) -> None:
        """`policy_of` gives the word of the settings for a reader's desk."""
        self._policy_of = policy_of
        self._per_hour = per_hour
        self._lock = threading.Lock()
        self._asked: deque[datetime] = deque(maxlen=max(per_hour, 1))
        self._failures = 0
        self._rests = 0
        self._resting_until: datetime | None = None
        self.paused_since: datetime | None = None
        self.why: PauseReason | None = None

    def wants_question(self, reader: str, verdict: Verdict, asked_at: datetime) -> bool:
        """Tell whether the desk of this reader wants the insurer's word on a card."""
        card = verdict.card
        if card is None or card.holder is None or card.born is None:
            return False  # the gateway wants a name and a birth date
        policy = self._policy_of(reader)
        if policy == "unsure":
            return verdict.reason in UNSURE or _is_an_old_no(verdict, asked_at)
        return policy == "always" and not _is_just_answered(verdict, asked_at)

    def ask_extra(self, card: Card, ask: Callable[[Card], Answer], now: datetime) -> Answer | None:
        """Ask something more about a card: counted as a question, but no reason to pause those
        about cards where there is no answer."""
        if not self.try_acquire(now):
            return None
        try:
            return ask(card)
        except (InsurerUnreachable, NotSignedIn) as exc:
            log.info("no answer to a further question: %s", exc)
            return None

    def ask_about(
        self, card: Card, look_up: Callable[[Card], Answer], now: datetime
    ) -> Answer | None:
        """Ask about a card; None where the insurer may not be asked now, or gives no word."""
        if not self.try_acquire(now):
            log.debug("a card is not asked about (%s)", self.why)  # the screen says so
            return None
        try:
            word = look_up(card)
        except InsurerUnreachable as exc:
            log.info("no word on a card: %s", exc)
            self.note_failure(PauseReason.SILENT, now)
            return None
        except NotSignedIn as exc:
            log.error("no word on a card: %s", exc)
            self.note_failure(PauseReason.ACCOUNT, now)
            return None
        self.note_answer()
        return word

    def try_acquire(self, now: datetime) -> bool:
        """Tell whether one more question may be asked, and count it if so."""
        with self._lock:
            rest = self._resting_until and self._resting_until - now
            if rest and timedelta(0) < rest <= LONGEST_REST:
                return False
            while self._asked and abs(now - self._asked[0]) > HOUR:  # or of a clock that was ahead
                self._asked.popleft()
            if len(self._asked) >= self._per_hour:
                self._pause(PauseReason.BUDGET, now)
                return False
            self._asked.append(now)
            if self.why is PauseReason.BUDGET:
                self.why = self.paused_since = None
            return True

    def note_answer(self) -> None:
        """Note that the insurer answered."""
        with self._lock:
            self._failures = self._rests = 0
            self._resting_until = self.paused_since = self.why = None

    def note_failure(self, why: PauseReason, now: datetime) -> None:
        """Note that it did not; after some in a row it is left alone, longer each time."""
        with self._lock:
            self._failures += 1
            if self._failures < PATIENCE and why is PauseReason.SILENT:
                return
            rest = min(FIRST_REST * 2 ** min(self._rests, 10), LONGEST_REST)
            self._rests += 1
            self._resting_until = now + rest
            self._pause(why, now)

    def _pause(self, why: PauseReason, now: datetime) -> None:
        self.paused_since = self.paused_since or now
        self.why = why


def _is_just_answered(verdict: Verdict, asked_at: datetime) -> bool:
    word = verdict.coverage
    return word is not None and asked_at - word.as_of < ANSWER_LASTS


def _is_an_old_no(verdict: Verdict, asked_at: datetime) -> bool:
    """Tell whether a card goes to the desk on a word that may have been put right since."""
    word = verdict.coverage
    on_word = verdict.proof is Proof.INSURER and verdict.outcome is Outcome.DESK
    return on_word and word is not None and asked_at - word.as_of > NO_LASTS
