"""Where a patient has been: here by our own logbook, elsewhere by the insurer's answers.

The insurer's answers are kept in memory for `HISTORY_LIFETIME` only.  The logbook holds the
cautions that were shown with a verdict, and nothing else of them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from kiosk.desk.cautions import AT_OTHER_DESK, HERE_TODAY, ElsewhereRecords, cautions_elsewhere
from kiosk.desk.confirmation import person_number
from kiosk.logbook import LogbookUnavailable, Visits, numbers_of
from kiosk.settings import Settings
from verify import (
    CLINIC_ZONE,
    MISMATCH_STANDINGS,
    Coverage,
    LocalizedText,
    Phrases,
    Verdict,
    name_key,
)

log = logging.getLogger(__name__)

HISTORY_LIFETIME = timedelta(hours=12)
MAX_HISTORIES = 5_000  # kept in memory; one more clears them all

# Person number, name and birth.  All three: a wrong name must not show another person's history.
HistoryKey = tuple[str, object, object]


class VisitHistory:
    """Finds the cautions about a card's holder.  Any thread may call."""

    def __init__(self, visits: Visits, phrases: Callable[[], Phrases], settings: Settings) -> None:
        """`phrases` returns the current texts of the cautions."""
        self._visits = visits
        self._phrases = phrases
        self._our_codes = settings.facility.all_codes
        self._limits = settings.cautions
        self._lock = threading.Lock()
        self._histories: dict[HistoryKey, tuple[datetime, ElsewhereRecords]] = {}

    def note(
        self, verdict: Verdict, coverage: Coverage, records: ElsewhereRecords, now: datetime
    ) -> None:
        """Keep what the insurer has just answered about a card's holder.

        Visits that were not asked for this time stay as they were answered before.  Nothing is
        kept if the insurer says that name, birth or sex are not the holder's.
        """
        key = _history_key(verdict, coverage)
        if key is None or coverage.standing in MISMATCH_STANDINGS:
            return
        with self._lock:
            fresh = {
                other: history
                for other, history in self._histories.items()
                if abs(now - history[0]) <= HISTORY_LIFETIME
            }
            earlier = fresh.get(key)
            if records.visits is None and earlier is not None:
                records = ElsewhereRecords(records.checks, earlier[1].visits)
            kept = fresh if len(fresh) < MAX_HISTORIES else {}
            self._histories = kept | {key: (now, records)}

    def cautions(
        self, verdict: Verdict, now: datetime, reading: int | None = None
    ) -> list[LocalizedText]:
        """Return the cautions about the holder of a verdict's card.

        A visit that was confirmed on this `reading` does not count as a second one.  If the
        logbook cannot be read just now, its cautions are left out and the log says so.
        """
        if verdict.card is None:
            return []
        try:
            found = self._cautions_here(verdict, now, reading)
        except LogbookUnavailable as exc:
            log.error("the logbook cannot be read for cautions: %s", exc)
            found = []
        key = _history_key(verdict, verdict.coverage)
        with self._lock:
            history = self._histories.get(key) if key is not None else None
        if history is not None and abs(now - history[0]) <= HISTORY_LIFETIME:
            phrases = self._phrases()
            found += cautions_elsewhere(history[1], self._our_codes, self._limits, now, phrases)
        return found

    def _cautions_here(
        self, verdict: Verdict, now: datetime, reading: int | None
    ) -> list[LocalizedText]:
        """Return the cautions that follow from the logbook, and from those of the other desks.

        They are another visit today, here or at another desk, and a citizen number that other
        patients gave too.
        """
        assert verdict.card is not None
        found = []
        person = person_number(verdict.card, verdict.coverage)
        numbers = numbers_of(verdict)
        visit = self._visits.here_today(person, now, numbers)
        if visit is not None and visit.attempt != reading:
            found.append(
                self._phrases().text(
                    f"caution.{HERE_TODAY}",
                    at=_hour(visit.arrived_at),
                    ticket=visit.ticket_label,
                )
            )
        elsewhere = self._visits.elsewhere.here_today(person, now, numbers)
        if elsewhere is not None:
            found.append(
                self._phrases().text(
                    f"caution.{AT_OTHER_DESK}",
                    at=_hour(elsewhere.arrived_at),
                    ticket=elsewhere.ticket_label,
                    desk=elsewhere.desk,
                )
            )
        citizen_number = verdict.card.personal_id
        others = self._visits.count_others_with(citizen_number, person) if citizen_number else 0
        if others:
            found.append(self._phrases().text("caution.id_on_several", n=others + 1))
        return found


def _hour(moment: datetime) -> str:
    return f"{moment.astimezone(CLINIC_ZONE):%H:%M}"


def _history_key(verdict: Verdict, coverage: Coverage | None) -> HistoryKey | None:
    """Return the key of a card's holder; None if the card lacks name or birth date."""
    card = verdict.card
    if card is None or card.holder is None or card.born is None:
        return None
    number = card.insurance_number or person_number(card, coverage)
    return number, name_key(card.holder), card.born
