"""Whether the insurer may be asked about a card: as the desk's setting says, and not too often.

Other facilities see every question, and an account that asks too much is put on a list of those
that may not ask (CV 1839/CNTT-PM).  So:

1.  A question comes from a scan or a person.  Nothing polls.
2.  The setting of the reader's desk decides whether a verdict needs a question (`wants_question`).
3.  No more questions are asked in an hour than the settings allow (`RateLimit`).
4.  A gateway that fails repeatedly, or that refuses our account, is left alone for a while
    (`CircuitBreaker`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from kiosk.desk.circuit_breaker import CircuitBreaker
from kiosk.desk.rate_limit import RateLimit
from kiosk.insurer import InsurerUnreachable, NotSignedIn
from verify import Card, Outcome, Proof, Reason, Verdict

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

UNSURE_REASONS = frozenset({Reason.NOT_YET_KNOWN, Reason.CLOCK_IN_DOUBT, Reason.PRINTED_DATES_OVER})
REPEAT_AFTER = timedelta(minutes=5)  # an answer younger than this is enough for every desk
RECHECK_REFUSAL_AFTER = timedelta(minutes=10)  # an older refusal may have been put right


class PauseReason(StrEnum):
    """Why no questions are asked just now; the values are part of the HTTP contract."""

    SILENT = "silent"  # the gateway does not answer
    ACCOUNT = "account"  # the gateway refuses our account, or the member of staff who asks
    BUDGET = "budget"  # the questions of this hour are used up


class QueryPolicy:
    """The rules above, and whether questions are paused.  Any thread may call.

    `paused_since` (aware) and `why` say since when and why questions are paused; None if they
    are not.
    """

    def __init__(self, policy_of: Callable[[str], str], max_per_hour: int) -> None:
        """`policy_of` returns the setting of a reader's desk: "never", "unsure" or "always"."""
        self._policy_of = policy_of
        self._lock = threading.Lock()
        self._rate_limit = RateLimit(max_per_hour)
        self._circuit_breaker = CircuitBreaker()
        self.paused_since: datetime | None = None
        self.why: PauseReason | None = None

    def wants_question(self, reader: str, verdict: Verdict, read_at: datetime) -> bool:
        """Return whether the desk of this reader wants the insurer asked about a verdict's card.

        `read_at` (aware) is when the card was read.  False if the card lacks name or birth date,
        without which the gateway answers nothing.
        """
        card = verdict.card
        if card is None or card.holder is None or card.born is None:
            return False
        policy = self._policy_of(reader)
        if policy == "unsure":
            return verdict.reason in UNSURE_REASONS or _is_old_refusal(verdict, read_at)
        return policy == "always" and not _has_recent_answer(verdict, read_at)

    def ask_extra(self, card: Card, ask: Callable[[Card], Answer], now: datetime) -> Answer | None:
        """Ask an additional question about a card; return None if there is no answer.

        It counts as a question, but its failure does not pause the questions about cards.
        """
        if not self.try_acquire(now):
            return None
        try:
            return ask(card)
        except (InsurerUnreachable, NotSignedIn) as exc:
            log.info("no answer to an additional question: %s", exc)
            return None

    def ask_about(
        self, card: Card, look_up: Callable[[Card], Answer], now: datetime
    ) -> Answer | None:
        """Ask about a card; return None if questions are paused or there is no answer."""
        if not self.try_acquire(now):
            log.debug("no question about a card is asked (%s)", self.why)  # pages show the pause
            return None
        try:
            answer = look_up(card)
        except InsurerUnreachable as exc:
            log.info("no answer about a card: %s", exc)
            self._record_silence(now)
            return None
        except NotSignedIn as exc:
            log.error("no answer about a card: %s", exc)
            self._record_refusal(now)
            return None
        self._record_answer()
        return answer

    def try_acquire(self, now: datetime) -> bool:
        """Return whether a question may be asked at `now` (aware), and count it if so."""
        with self._lock:
            if self._circuit_breaker.is_open(now):
                return False
            if not self._rate_limit.try_acquire(now):
                self._pause(PauseReason.BUDGET, now)
                return False
            if self.why is PauseReason.BUDGET:
                self._resume()
            return True

    def budget(self, now: datetime) -> tuple[int, int]:
        """Return how many questions may still be asked at `now` (aware), and how many an hour."""
        with self._lock:
            return self._rate_limit.left(now), self._rate_limit.max_per_hour

    def paused_at(self, now: datetime) -> PauseReason | None:
        """Return why no question may be asked at `now` (aware); None if one may."""
        with self._lock:
            if self._circuit_breaker.is_open(now):
                return self.why
            return None if self._rate_limit.left(now) else PauseReason.BUDGET

    def pause(self) -> str:
        """Return why and since when questions are paused; empty if they are not."""
        why, since = self.why, self.paused_since
        return f"{why} since {since.isoformat(timespec='seconds')}" if why and since else ""

    def _record_answer(self) -> None:
        with self._lock:
            self._circuit_breaker.record_success()
            self._resume()

    def _record_silence(self, now: datetime) -> None:
        with self._lock:
            if self._circuit_breaker.record_failure(now):
                self._pause(PauseReason.SILENT, now)

    def _record_refusal(self, now: datetime) -> None:
        with self._lock:
            self._circuit_breaker.trip(now)
            self._pause(PauseReason.ACCOUNT, now)

    def _pause(self, why: PauseReason, now: datetime) -> None:
        self.paused_since = self.paused_since or now
        self.why = why

    def _resume(self) -> None:
        self.paused_since = self.why = None


def _has_recent_answer(verdict: Verdict, read_at: datetime) -> bool:
    coverage = verdict.coverage
    return coverage is not None and read_at - coverage.as_of < REPEAT_AFTER


def _is_old_refusal(verdict: Verdict, read_at: datetime) -> bool:
    """Return whether an answer of some age sends the patient to the desk.

    It may have been put right since, so the insurer is asked again before it holds a patient up.
    """
    coverage = verdict.coverage
    is_refusal = verdict.proof is Proof.INSURER and verdict.outcome is Outcome.DESK
    return is_refusal and coverage is not None and read_at - coverage.as_of > RECHECK_REFUSAL_AFTER
