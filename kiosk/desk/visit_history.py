"""Where a patient has been: here, by our own logbook, and elsewhere, by what the insurer told.

What it told is kept in memory, for the day only; of it a verdict that is written down holds the
cautions that were shown, and nothing else.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from kiosk.desk.cautions import HERE_TODAY, ElsewhereRecords, cautions_elsewhere
from kiosk.desk.confirmation import person_of
from kiosk.logbook import LogbookUnavailable, Visits
from kiosk.settings import Settings
from verify import CLINIC_ZONE, MISMATCH_STANDINGS, Coverage, LocalizedText, Phrases, Verdict

log = logging.getLogger(__name__)

KEPT = timedelta(hours=12)
MOST = 5_000  # people
Asked = tuple[str, object, object]  # person, name and birth: who asks of another learns nothing


class VisitHistory:
    """Any thread may call."""

    def __init__(self, visits: Visits, phrases: Callable[[], Phrases], settings: Settings) -> None:
        self._visits = visits
        self._phrases = phrases
        self._here = settings.facility.code
        self._limits = settings.cautions
        self._lock = threading.Lock()
        self._told: dict[Asked, tuple[datetime, ElsewhereRecords]] = {}

    def note(
        self, verdict: Verdict, word: Coverage, elsewhere: ElsewhereRecords, now: datetime
    ) -> None:
        """Keep what the insurer has just told of a card's holder; stays that it did not tell this
        time are those of before."""
        asked = _asked(verdict, word)
        if asked is None or word.standing in MISMATCH_STANDINGS:
            return
        with self._lock:
            fresh = {who: one for who, one in self._told.items() if abs(now - one[0]) <= KEPT}
            before = fresh.get(asked)
            if elsewhere.visits is None and before is not None:
                elsewhere = ElsewhereRecords(elsewhere.checks, before[1].visits)
            self._told = (fresh if len(fresh) < MOST else {}) | {asked: (now, elsewhere)}

    def cautions(
        self, verdict: Verdict, now: datetime, reading: int | None = None
    ) -> list[LocalizedText]:
        """Return what is worth a look about the holder of a card.

        The visit that was confirmed on this `reading` is none.  A logbook that cannot be read
        just now hinders no verdict: then there is one caution less, and a line in the log.
        """
        if verdict.card is None:
            return []
        try:
            found = self._here_too(verdict, now, reading)
        except LogbookUnavailable as exc:
            log.error("what the logbook has on a card's holder cannot be read: %s", exc)
            found = []
        asked = _asked(verdict, verdict.coverage)
        with self._lock:
            told = self._told.get(asked) if asked is not None else None
        if told is not None and abs(now - told[0]) <= KEPT:
            found += cautions_elsewhere(told[1], self._here, self._limits, now, self._phrases())
        return found

    def _here_too(
        self, verdict: Verdict, now: datetime, reading: int | None
    ) -> list[LocalizedText]:
        assert verdict.card is not None
        found = []
        person = person_of(verdict.card, verdict.coverage)
        visit = self._visits.here_today(person, now)
        if visit is not None and visit.attempt != reading:
            at = f"{visit.arrived_at.astimezone(CLINIC_ZONE):%H:%M}"
            told = self._phrases().told(f"caution.{HERE_TODAY}", at=at, ticket=visit.ticket)
            found.append(told)
        citizen = verdict.card.personal_id
        others = self._visits.count_others_with(citizen, person) if citizen else 0
        if others:
            found.append(self._phrases().told("caution.id_on_several", n=others + 1))
        return found


def _asked(verdict: Verdict, word: Coverage | None) -> Asked | None:
    """Return whom a verdict is about; None where the card names nobody."""
    card = verdict.card
    if card is None or card.holder is None or card.born is None:
        return None
    return card.insurance_number or person_of(card, word), card.holder.casefold(), card.born
