"""Where a patient has been: here, by our own logbook, and elsewhere, by what the insurer told.

What it told is kept in memory, for the day only: histories are never written down here.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from kiosk.desk.cautions import HERE_TODAY, Elsewhere, cautions_elsewhere
from kiosk.desk.confirmation import person_of
from kiosk.logbook import Visits
from kiosk.settings import Settings
from verify import CLINIC_ZONE, Coverage, Phrases, Told, Verdict

KEPT = timedelta(hours=12)
MOST = 5_000  # people


class Whereabouts:
    """Any thread may call."""

    def __init__(self, visits: Visits, phrases: Phrases, settings: Settings) -> None:
        self._visits = visits
        self._phrases = phrases
        self._here = settings.facility.code
        self._limits = settings.cautions
        self._lock = threading.Lock()
        self._told: dict[str, tuple[datetime, Elsewhere]] = {}  # by person

    def note(self, verdict: Verdict, word: Coverage, elsewhere: Elsewhere, now: datetime) -> None:
        """Keep what the insurer has just told of a card's holder."""
        if verdict.card is None:
            return
        with self._lock:
            fresh = {who: one for who, one in self._told.items() if abs(now - one[0]) <= KEPT}
            self._told = fresh if len(fresh) < MOST else {}
            for person in {person_of(verdict.card, word), person_of(verdict.card, None)}:
                self._told[person] = (now, elsewhere)

    def cautions(self, verdict: Verdict, now: datetime) -> list[Told]:
        """Return what is worth a look about the holder of a card."""
        if verdict.card is None:
            return []
        person = person_of(verdict.card, verdict.coverage)
        found = []
        if (visit := self._visits.here_today(person, now)) is not None:
            at = f"{visit.arrived_at.astimezone(CLINIC_ZONE):%H:%M}"
            told = self._phrases.told(f"caution.{HERE_TODAY}", at=at, ticket=visit.ticket)
            found.append(told)
        citizen = verdict.card.personal_id
        others = self._visits.others_with(citizen, person) if citizen else 0
        if others:
            found.append(self._phrases.told("caution.id_on_several", n=others + 1))
        with self._lock:
            at_insurer = self._told.get(person)
        if at_insurer is not None and abs(now - at_insurer[0]) <= KEPT:
            found += cautions_elsewhere(at_insurer[1], self._here, self._limits, now, self._phrases)
        return found
