"""What patients have paid themselves this calendar year, as the insurer answers it.

The portal may have no data (code 204): that is not a sum of zero, and the sum stays not known.

An answer may take a minute, and each request counts as a question (CV 1839/CNTT-PM).  So:

1.  Only a clerk asks, never the program by itself.
2.  One question about a person is on its way at a time.
3.  The answer is kept in memory for a quarter of an hour, and not into the next year.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from kiosk.desk.confirmation import person_number
from kiosk.desk.query_policy import QueryPolicy
from kiosk.desk.question_log import QuestionLog
from kiosk.insurer import PaymentStatement
from kiosk.logbook import DESK, LookupPurpose
from verify import Card, Coverage, clinic_day

SUM_LIFETIME = timedelta(minutes=15)


class KnownStatement(NamedTuple):
    """What the portal said of a person's payments this year, and when (aware)."""

    answered_at: datetime
    statement: PaymentStatement


class Copayments:
    """Asks for the sums and keeps them.  Any thread may call; `ask` waits for the answer."""

    def __init__(
        self,
        query_policy: QueryPolicy,
        ask: Callable[[Card], PaymentStatement] | None,
        clock: Callable[[], datetime],
        question_log: QuestionLog | None = None,
    ) -> None:
        """`ask` is None if there is no gateway."""
        self._question_log = question_log or QuestionLog()
        self._query_policy = query_policy
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        # By person: when the portal answered, and what.
        self._statements: dict[str, KnownStatement] = {}
        self._being_asked: set[str] = set()  # persons

    @property
    def can_ask(self) -> bool:
        """Whether there is a gateway to ask."""
        return self._ask is not None

    def known_sum(self, card: Card, coverage: Coverage | None) -> int | None:
        """Return what the holder of a card has paid this year, in dong; None if not known.

        It is not known either if the portal has no data, or if a part of it cannot be read.
        """
        statement = self.known_statement(card, coverage)
        return None if statement is None or statement.unread else statement.this_year

    def known_statement(self, card: Card, coverage: Coverage | None) -> PaymentStatement | None:
        """Return what the portal last said of a card's holder; None if that is not held here."""
        known = self.known(card, coverage)
        return known.statement if known else None

    def known(self, card: Card, coverage: Coverage | None) -> KnownStatement | None:
        """Return the same with when the portal said it."""
        now = self._clock()
        with self._lock:
            known = self._statements.get(person_number(card, coverage))
        if known is None:
            return None
        is_of_this_year = clinic_day(known.answered_at).year == clinic_day(now).year
        return known if is_of_this_year and abs(now - known.answered_at) <= SUM_LIFETIME else None

    def ask(
        self,
        card: Card,
        coverage: Coverage | None,
        author: str = DESK,
        purpose: LookupPurpose = LookupPurpose.ARRIVAL,
        readings: Sequence[int] = (),
        visit: str | None = None,
    ) -> PaymentStatement | None:
        """Ask the insurer what the holder of a card has paid this year; return its statement.

        The question is written down with its `author`, its purpose, and the readings and the visit
        that it is about.

        None if there is no answer, if the card lacks name or birth date, or if the same question
        is on its way already.
        """
        person = person_number(card, coverage)
        if self._ask is None or card.holder is None or card.born is None:
            return None
        with self._lock:
            if person in self._being_asked:
                return None
            self._being_asked.add(person)
        try:
            with self._question_log.asking(purpose, author, readings, visit):
                statement = self._query_policy.ask_extra(card, self._ask, self._clock())
        finally:
            with self._lock:
                self._being_asked.discard(person)
        if statement is None:
            return None
        now = self._clock()
        with self._lock:
            fresh = {
                other: known
                for other, known in self._statements.items()
                if abs(now - known.answered_at) <= SUM_LIFETIME
            }
            self._statements = fresh | {person: KnownStatement(now, statement)}
        return statement
