"""What patients have paid of their own this year, as the insurer tells it when a clerk asks.

An answer may take a minute and counts as a question (CV 1839/CNTT-PM): it is asked by a person
only, once at a time for each patient, and kept in memory for a quarter of an hour.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from kiosk.desk.confirmation import person_number
from kiosk.desk.query_policy import QueryPolicy
from kiosk.insurer import Copayment
from verify import Card, Coverage, clinic_day

KEPT = timedelta(minutes=15)


class Copayments:
    """Any thread may call; the one that asks waits for the answer."""

    def __init__(
        self,
        asking: QueryPolicy,
        ask: Callable[[Card], list[Copayment]] | None,
        clock: Callable[[], datetime],
    ) -> None:
        """`ask` None: there is no gateway."""
        self._asking = asking
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[datetime, int]] = {}  # by person
        self._being_asked: set[str] = set()

    @property
    def can_ask(self) -> bool:
        """Whether there is anyone to ask."""
        return self._ask is not None

    def known_sum(self, card: Card, word: Coverage | None) -> int | None:
        """Return what the holder of a card has paid this year, in dong; None: not known."""
        now = self._clock()
        with self._lock:
            said = self._known.get(person_number(card, word))
        if said is None or abs(now - said[0]) > KEPT:
            return None
        return said[1] if clinic_day(said[0]).year == clinic_day(now).year else None

    def ask(self, card: Card, word: Coverage | None) -> int | None:
        """Ask for it; None where there is no answer, or the question is on its way already."""
        person = person_number(card, word)
        if self._ask is None or card.holder is None or card.born is None:
            return None
        with self._lock:
            if person in self._being_asked:
                return None
            self._being_asked.add(person)
        try:
            paid = self._asking.ask_extra(card, self._ask, self._clock())
        finally:
            with self._lock:
                self._being_asked.discard(person)
        if paid is None:
            return None
        now, this_year = self._clock(), max((one.this_year for one in paid), default=0)
        with self._lock:
            fresh = {who: one for who, one in self._known.items() if abs(now - one[0]) <= KEPT}
            self._known = fresh | {person: (now, this_year)}
        return this_year
