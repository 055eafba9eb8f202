"""What this clinic's patients are entitled to: the law's tables with this clinic's own profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from kiosk.insurer import SELF
from kiosk.logbook import NewVisit
from kiosk.settings import Settings
from verify import (
    Coming,
    Entitlement,
    FacilityProfile,
    Law,
    Outcome,
    Reason,
    Verdict,
    Way,
    card_from_json,
    clinic_day,
    coverage_from_json,
    entitle,
    situation_of_bearer,
)

# A person looks at the card here, and it may well be good: say what it would give.
MAY_BE_GOOD = frozenset({Reason.KEPT_ELSEWHERE, Reason.CHILD_WITHOUT_CARD, Reason.NAME_DIFFERS,
                         Reason.BIRTH_DIFFERS, Reason.SEX_DIFFERS})  # fmt: skip


class Entitlements:
    """Pure but for the tables that it holds."""

    def __init__(self, law: Law, settings: Settings) -> None:
        facility = settings.facility
        listed = {"yes": True, "no": False, "": None}[facility.listed]
        self.law = law
        self.here = FacilityProfile(
            facility.code, facility.level, facility.score, facility.former_tier, listed
        )
        self._care = law.care_of(settings.visit.care)
        self._self_code = settings.visit.self_arrival_code

    def seen(self, verdict: Verdict, now: datetime) -> Verdict:
        """Return a verdict with what its card entitles to, as the patient came by the card."""
        told = self._told(verdict, clinic_day(now), Coming(care=self._care))
        return verdict._replace(entitlement=told)

    def told(
        self, record: Mapping[str, Any], reason: Reason, now: datetime, coming: Coming
    ) -> Entitlement | None:
        """Return what a stored verdict's card entitles to for who came in a certain way."""
        if record["card"] is None:
            return None
        word = record["coverage"] and coverage_from_json(record["coverage"])
        verdict = Verdict(reason, card=card_from_json(record["card"]), coverage=word)
        return self._told(verdict, clinic_day(now), replace(coming, care=self._care))

    def expected_code(self, visit: NewVisit) -> str:
        """Return the MA_DOITUONG_KCB that a visit will most likely have; empty: not known."""
        if visit.arrival == SELF and self._self_code:
            return self._self_code
        care = self.law.care_of(visit.care)
        day = clinic_day(visit.arrived_at)
        rule = self.law.route(Way(day, self.here, visit.arrival, care, "", "")).rule
        return rule.ma_doituong_kcb if rule else ""

    def _told(self, verdict: Verdict, day: date, coming: Coming) -> Entitlement | None:
        if verdict.card is None:
            return None
        if verdict.outcome is Outcome.DESK and verdict.reason not in MAY_BE_GOOD:
            return None
        at = situation_of_bearer(verdict.card, verdict.coverage, day, self.here, coming)
        return entitle(at, self.law)
