"""The insurer's history of a person, asked for by somebody who looks at the person's visits here.

It is shown as the insurer's, with the time of its answer.  It is not kept beyond the question's own
row in the log of look-ups.  Nothing is asked about a visit that is a state secret.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kiosk.desk.query_policy import QueryPolicy
from kiosk.desk.question_log import QuestionLog
from kiosk.desk.visit_lookup import card_of_visit
from kiosk.insurer import PastVisit
from kiosk.logbook import Attempts, LookupPurpose, Visit
from verify import Card


class WhyNoHistory(StrEnum):
    """Why the insurer's history is not known."""

    NO_GATEWAY = "no_gateway"
    SECRET = "secret"
    LACKS_HOLDER = "lacks_holder"  # without number, name and birth the insurer answers nothing
    PAUSED = "paused"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class HistoryAnswer:
    """What the insurer said of a person's earlier visits; `why` is None if it said anything."""

    at: datetime  # aware
    visits: Sequence[PastVisit] = field(default=(), repr=False)  # newest first
    why: WhyNoHistory | None = None


class InsurerHistory:
    """Asks for it, and waits for the answer.  Any thread may call."""

    def __init__(
        self,
        ask: Callable[[Card], list[PastVisit]] | None,
        attempts: Attempts,
        query_policy: QueryPolicy,
        question_log: QuestionLog,
        clock: Callable[[], datetime],
    ) -> None:
        """`ask` is None if there is no gateway."""
        self._ask, self._attempts = ask, attempts
        self._query_policy, self._question_log = query_policy, question_log
        self._clock = clock

    def ask(self, visit: Visit, author: str) -> HistoryAnswer:
        """Ask for the history of the person of a visit, in the name of `author`."""
        now = self._clock()
        if self._ask is None:
            return HistoryAnswer(now, why=WhyNoHistory.NO_GATEWAY)
        if visit.secret:
            return HistoryAnswer(now, why=WhyNoHistory.SECRET)
        card = card_of_visit(visit, self._attempts, uses_corrected_number=True)
        if card is None or card.holder is None or card.born is None:
            return HistoryAnswer(now, why=WhyNoHistory.LACKS_HOLDER)
        if self._query_policy.paused_at(now) is not None:
            return HistoryAnswer(now, why=WhyNoHistory.PAUSED)
        with self._question_log.asking(LookupPurpose.ENQUIRY, author, (), visit.id):
            found = self._query_policy.ask_extra(card, self._ask, now)
        if found is None:
            return HistoryAnswer(self._clock(), why=WhyNoHistory.NO_ANSWER)
        return HistoryAnswer(self._clock(), found)
