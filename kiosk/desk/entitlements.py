"""What this clinic's patients are entitled to: the law's tables with this clinic's own profile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from kiosk.insurer import SELF_REFERRED
from kiosk.logbook import NewVisit
from kiosk.settings import Settings
from verify import (
    ArrivalDetails,
    Card,
    Coverage,
    Entitlement,
    FacilityProfile,
    Law,
    Outcome,
    Reason,
    Situation,
    Verdict,
    clinic_day,
    entitle,
    situation_of_cardholder,
)

# A person looks at the card here, and it may well be good: say what it would give.
MAY_BE_GOOD = frozenset({Reason.KEPT_ELSEWHERE, Reason.CHILD_WITHOUT_CARD, Reason.NAME_DIFFERS,
                         Reason.BIRTH_DIFFERS, Reason.SEX_DIFFERS})  # fmt: skip

CopaidOf = Callable[[Card, "Coverage | None"], "int | None"]


def _not_asked(_card: Card, _word: Coverage | None) -> int | None:
    """Know of nobody what they paid this year."""
    return None


class Entitlements:
    """Pure but for the tables that it holds, and for what was paid this year, where asked."""

    def __init__(
        self, law: Callable[[], Law], settings: Settings, copaid_of: CopaidOf = _not_asked
    ) -> None:
        """`law` returns the tables that are in use now."""
        facility = settings.facility
        listed = {"yes": True, "no": False, "": None}[facility.listed]
        self._ma_loai_kcb = settings.visit.care
        self.copaid_of = copaid_of
        self.here = FacilityProfile(
            facility.code, facility.level, facility.score, facility.former_tier, listed
        )
        self._law = law
        self._self_code = settings.visit.self_arrival_code

    @property
    def law(self) -> Law:
        """The tables that are in use now."""
        return self._law()

    def seen(self, verdict: Verdict, now: datetime, law: Law) -> Verdict:
        """Return a verdict with what its card entitles to, as the patient came by the card.

        `law` is of the same view of the data that the verdict was made with.
        """
        told = self._told(verdict, clinic_day(now), ArrivalDetails(), law)
        return verdict._replace(entitlement=told)

    def told(self, verdict: Verdict, now: datetime, coming: ArrivalDetails) -> Entitlement | None:
        """Return what a verdict's card entitles to, for a patient who came in a certain way.

        None if the verdict has no card, or one that cannot be good.
        """
        return self._told(verdict, clinic_day(now), coming, self.law)

    def expected_code(self, visit: NewVisit) -> str:
        """Return the MA_DOITUONG_KCB that a visit will most likely have; empty: not known.

        It is the one that is shown: a referral that has lapsed counts as none.
        """
        law = self.law
        found = entitle(
            Situation(
                visit_date=clinic_day(visit.arrived_at),
                facility=self.here,
                arrival=visit.arrival.kind,
                care=law.care_of(visit.service.care),
                registered_at=visit.card.registered_at or "",
                slip=visit.arrival.referral,
            ),
            law,
        )
        if found.arrival == SELF_REFERRED and self._self_code:
            return self._self_code
        return found.ma_doituong_kcb

    def _told(
        self, verdict: Verdict, day: date, coming: ArrivalDetails, law: Law
    ) -> Entitlement | None:
        card, word = verdict.card, verdict.coverage
        if card is None:
            return None
        if verdict.outcome is Outcome.DESK and verdict.reason not in MAY_BE_GOOD:
            return None
        care = law.care_of(self._ma_loai_kcb)
        coming = replace(coming, care=care, copaid_vnd=self.copaid_of(card, word))
        return entitle(situation_of_cardholder(card, word, day, self.here, coming), law)
