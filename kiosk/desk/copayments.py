"""What patients have paid themselves this calendar year, as the insurer answers it.

An answer may take a minute, and each request counts as a question (CV 1839/CNTT-PM).  So:

1.  Only a clerk asks, never the program by itself.
2.  One question about a person is on its way at a time.
3.  The answer is kept in memory for a quarter of an hour, and not into the next year.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from kiosk.desk.confirmation import person_number
from kiosk.desk.query_policy import QueryPolicy
from kiosk.insurer import Copayment
from verify import Card, Coverage, clinic_day

SUM_LIFETIME = timedelta(minutes=15)


class Copayments:
    """Asks for the sums and keeps them.  Any thread may call; `ask` waits for the answer."""

    def __init__(
        self,
        query_policy: QueryPolicy,
        ask: Callable[[Card], list[Copayment]] | None,
        clock: Callable[[], datetime],
    ) -> None:
        """`ask` is None if there is no gateway."""
        self._query_policy = query_policy
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._sums: dict[str, tuple[datetime, int]] = {}  # by person: time of the answer, dong
        self._being_asked: set[str] = set()  # persons

    @property
    def can_ask(self) -> bool:
        """Whether there is a gateway to ask."""
        return self._ask is not None

    def known_sum(self, card: Card, coverage: Coverage | None) -> int | None:
        """Return what the holder of a card has paid this year, in dong; None if not known."""
        now = self._clock()
        with self._lock:
            known = self._sums.get(person_number(card, coverage))
        if known is None:
            return None
        answered_at, paid_vnd = known
        if abs(now - answered_at) > SUM_LIFETIME:
            return None
        return paid_vnd if clinic_day(answered_at).year == clinic_day(now).year else None

    def ask(self, card: Card, coverage: Coverage | None) -> int | None:
        """Ask the insurer what the holder of a card has paid this year; return dong.

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
            payments = self._query_policy.ask_extra(card, self._ask, self._clock())
        finally:
            with self._lock:
                self._being_asked.discard(person)
        if payments is None:
            return None
        now = self._clock()
        # Each payment comes with the year's sum up to it, so the largest is the whole.
        paid_vnd = max((payment.this_year for payment in payments), default=0)
        with self._lock:
            fresh = {
                other: known
                for other, known in self._sums.items()
                if abs(now - known[0]) <= SUM_LIFETIME
            }
            self._sums = fresh | {person: (now, paid_vnd)}
        return paid_vnd
