"""What patients are entitled to at this clinic: the law's tables with this clinic's own profile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from kiosk.insurer import SELF_REFERRED
from kiosk.logbook import Attempt, NewVisit
from kiosk.settings import Settings
from verify import (
    ArrivalDetails,
    Benefit,
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
    find_benefit,
    situation_from_card,
)

# The clerk looks at these cards and may well accept them, so the page shows what they would give.
ACCEPTABLE_REASONS = frozenset(
    {
        Reason.KEPT_ELSEWHERE,
        Reason.CHILD_WITHOUT_CARD,
        Reason.NAME_DIFFERS,
        Reason.BIRTH_DIFFERS,
        Reason.SEX_DIFFERS,
    }
)

CopaidOf = Callable[[Card, "Coverage | None"], "int | None"]


def _copaid_unknown(_card: Card, _coverage: Coverage | None) -> int | None:
    """Return None: what the patient has paid this year is not known."""
    return None


class CardBenefit(NamedTuple):
    """The group of a card, and what it pays for a visit in order."""

    group: str  # two letters; empty if they are not known
    group_name: str  # in Vietnamese; empty if the tables do not have the group
    benefit: Benefit


class Entitlements:
    """Computes entitlements.  Pure except for the current tables and what was paid this year."""

    def __init__(
        self, law: Callable[[], Law], settings: Settings, copaid_of: CopaidOf = _copaid_unknown
    ) -> None:
        """`law` returns the current tables, `copaid_of` what was paid this year (dong), if known.

        `copaid_of` may be replaced later, when there is a gateway to ask.
        """
        self._facility = facility = settings.facility
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
        """The current tables."""
        return self._law()

    def with_entitlement(self, verdict: Verdict, now: datetime, law: Law) -> Verdict:
        """Return a verdict with what its card entitles to if the patient came the usual way.

        `now` is aware.  `law` belongs to the same version of the data as the verdict.
        """
        entitlement = self._entitlement(verdict, clinic_day(now), ArrivalDetails(), law)
        return verdict._replace(entitlement=entitlement)

    def entitlement_for(
        self, verdict: Verdict, now: datetime, arrival: ArrivalDetails
    ) -> Entitlement | None:
        """Return what a verdict's card entitles to, for a patient who arrived in a certain way.

        `now` (aware) gives the day of the visit.  None if the verdict has no card, or one that
        the clerk cannot accept.
        """
        return self._entitlement(verdict, clinic_day(now), arrival, self.law)

    def benefit_of(self, card: Card, coverage: Coverage | None, now: datetime) -> CardBenefit:
        """Return the group of a card and what it pays for a visit in order, on the day of `now`."""
        day, law = clinic_day(now), self.law
        here = replace(self.here, code=self._facility.code_on(day))
        situation = situation_from_card(card, coverage, day, here, ArrivalDetails())
        code = situation.object_codes[0] if situation.object_codes else ""
        rows = law.group_on(code, day) if code else []
        return CardBenefit(code, rows[0].name_vi if rows else "", find_benefit(situation, law))

    def certain_share(self, visit: NewVisit, newest: Attempt | None) -> float | None:
        """Return what the insurance pays on a visit, in percent. None if that is not certain.

        `newest` is the newest verdict on the reading of the visit.
        """
        if newest is None:
            return None
        details = ArrivalDetails(visit.arrival.kind, referral=visit.arrival.referral)
        entitled = self.entitlement_for(newest.verdict, visit.arrived_at, details)
        is_certain = entitled is not None and entitled.confidence == "high"
        return entitled.share_percent if entitled and is_certain else None

    def expected_code(self, visit: NewVisit) -> str:
        """Return the MA_DOITUONG_KCB that a visit will most likely have; empty if not known.

        It is the code that the page shows: a referral that has lapsed does not count.
        """
        law = self.law
        entitlement = entitle(
            Situation(
                visit_date=clinic_day(visit.arrived_at),
                facility=replace(self.here, code=visit.facility),
                arrival=visit.arrival.kind,
                care=law.care_of(visit.care, clinic_day(visit.arrived_at)),
                registered_at=visit.card.registered_at or "",
                referral=visit.arrival.referral,
            ),
            law,
        )
        # The setting is of those who come for an examination; an inpatient has another code.
        is_admitted = visit.admission is not None and bool(entitlement.ma_doituong_kcb)
        if entitlement.arrival == SELF_REFERRED and self._self_code and not is_admitted:
            return self._self_code
        return entitlement.ma_doituong_kcb

    def has_known_care(self, visit: NewVisit) -> bool:
        """Return whether the MA_LOAI_KCB of a visit is in the table of its day."""
        since = visit.admission.at if visit.admission else visit.arrived_at
        return self.law.care_on(visit.care, clinic_day(since)) is not None

    def _entitlement(
        self, verdict: Verdict, day: date, arrival: ArrivalDetails, law: Law
    ) -> Entitlement | None:
        card, coverage = verdict.card, verdict.coverage
        if card is None:
            return None
        if verdict.outcome is Outcome.DESK and verdict.reason not in ACCEPTABLE_REASONS:
            return None
        care = law.care_of(self._ma_loai_kcb, day)
        arrival = replace(arrival, care=care, copaid_vnd=self.copaid_of(card, coverage))
        here = replace(self.here, code=self._facility.code_on(day))
        return entitle(situation_from_card(card, coverage, day, here, arrival), law)
