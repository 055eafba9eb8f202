"""One run of the nightly job; a run that was killed is simply run again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from kiosk.desk import QueryPolicy
from kiosk.insurer import Delivery
from kiosk.logbook import Attempts, NightlyRuns, Outbox, Visits
from verify import (
    Card,
    Coverage,
    CoverageRecord,
    CoverageUnreadable,
    Knowledge,
    Outcome,
    Standing,
    clinic_day,
    judge_card,
)

log = logging.getLogger(__name__)

LOOK_BACK_PERIOD = timedelta(days=14)
REPORTED = timedelta(days=31)
SINCE = (Standing.ENDED, Standing.REPLACED_OLD_OVER)  # which say nothing of an earlier day


class NightlyJob:
    """The steps, in their order: each leaves the logbook whole."""

    def __init__(
        self,
        jobs: NightlyRuns,
        visits: Visits,
        attempts: Attempts,
        outbox: Outbox,
        delivery: Delivery,
        asking: QueryPolicy,
        look_up: Callable[[Card], Coverage],
        remember: Callable[[Coverage, datetime], None],
        known: Callable[[], Knowledge],
        clock: Callable[[], datetime],
    ) -> None:
        self._jobs = jobs
        self._visits = visits
        self._attempts = attempts
        self._outbox = outbox
        self._delivery = delivery
        self._asking = asking
        self._look_up = look_up
        self._remember = remember
        self._known = known
        self._clock = clock

    def run(self, expected: Sequence[Card] = (), unread: Sequence[int] = ()) -> dict[str, Any]:
        """Do all of it; return the report, which is also kept.

        `expected` are the cards of those who come tomorrow, `unread` the lines of the file that
        could not be read.
        """
        now = self._clock()
        job = self._jobs.begin(now)
        before = self._outbox.counts()["accepted"]
        self._delivery.deliver_all()
        looked_back = self._look_back(now)
        known = self._look_ahead(expected)
        counts = self._outbox.counts()
        days = self._jobs.days(clinic_day(now - REPORTED).isoformat())
        report = {
            "started_at": now.isoformat(),
            "delivered": counts["accepted"] - before,
            "outbox": counts,
            "look_back": looked_back,
            "expected": known,
            "unread_appointments": list(unread),
            "worklist": len(self._jobs.worklist(now - LOOK_BACK_PERIOD)),
            "days": [asdict(day) | {"adds_up": day.adds_up} for day in days],
            "not_asked": self._asking.why,
        }
        self._jobs.finish(job, self._clock(), report)
        return report

    def _look_back(self, now: datetime) -> dict[str, int]:
        """Ask again of visits that went in unconfirmed; count what came of it."""
        found = dict.fromkeys(("asked", "confirmed", "changed", "no_word"), 0)
        for visit_id in self._jobs.unconfirmed(now - LOOK_BACK_PERIOD):
            visit = self._visits.by_id(visit_id)
            card = self._card_of(visit_id)
            word = self._word_on(card) if card is not None else None
            if visit is None or card is None or word is None:
                found["no_word"] += 1
                continue
            found["asked"] += 1
            # As of the day of the visit, on what the insurer says of it now.
            then = _on_that_day(word, visit.arrived_at)
            heard = replace(
                self._known(),
                recall=lambda _card, then=then: CoverageRecord(then, then.as_of),  # type: ignore[misc]  # bound here
                floor=visit.arrived_at,
            )
            verdict = judge_card(card, None, (), visit.arrived_at, heard)
            self._jobs.record_look_back(visit_id, verdict.outcome, verdict.reason, self._clock())
            found["changed" if verdict.outcome is Outcome.DESK else "confirmed"] += 1
        return found

    def _look_ahead(self, expected: Sequence[Card]) -> dict[str, int]:
        """Ask of those who are expected, so that their cards are known when they come."""
        heard = sum(self._word_on(card) is not None for card in expected)
        return {"expected": len(expected), "known": heard}

    def _card_of(self, visit_id: str) -> Card | None:
        """Return the card of a visit, with the name and birth that were confirmed."""
        visit = self._visits.by_id(visit_id)
        newest = self._attempts.newest_verdict_on(visit.attempt) if visit is not None else None
        if visit is None or newest is None or newest.verdict.card is None:
            return None
        card = newest.verdict.card.unvouched
        # What was confirmed, or put right since, comes first.
        born, holder = visit.card.born or card.born, visit.card.holder or card.holder
        return card._replace(holder=holder, born=born) if holder and born else None

    def _word_on(self, card: Card) -> Coverage | None:
        """Return the insurer's word, and remember it; None where there is none just now."""
        word = self._asking.coverage_of(card, self._look_up, self._clock())
        if word is None:
            return None
        try:
            self._remember(word, self._clock())
        except CoverageUnreadable as exc:
            log.error("the insurer's word cannot be kept: %s", exc)
        return word


def _on_that_day(word: Coverage, arrived_at: datetime) -> Coverage:
    """Return what the insurer says now of a card as it was on a day: it may have ended since."""
    day = clinic_day(arrived_at)
    began = word.valid_from is None or word.valid_from <= day
    was_good = word.standing in SINCE and began and word.valid_until and day <= word.valid_until
    standing = Standing.IN_FORCE if was_good else word.standing
    return replace(word, as_of=arrived_at, standing=standing)
