"""The law as this program holds it: all dated tables, and what they say of a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from verify.entitlement.routing import Routing, RoutingInput, Step, decide, trail
from verify.entitlement.rules.phrases import Phrases
from verify.entitlement.rules.rows import (
    BaseSalary,
    BenefitLevel,
    CareCode,
    Holiday,
    KnownFacility,
    NamedRow,
    ObjectCode,
    Province,
    RoutingRule,
)
from verify.entitlement.situation import FacilityProfile

MOST_WAYS = 10_000


@dataclass(frozen=True, slots=True)
class Law:
    """All tables. Rows that hold on a day are picked by the visit's date."""

    rules: tuple[RoutingRule, ...]
    levels: tuple[BenefitLevel, ...]
    objects: dict[str, tuple[ObjectCode, ...]]  # by code
    salaries: tuple[BaseSalary, ...]
    holidays: tuple[Holiday, ...]
    facilities: tuple[KnownFacility, ...]
    provinces: tuple[Province, ...]
    object_ids: tuple[NamedRow, ...]  # MA_DOITUONG_KCB
    cares: tuple[CareCode, ...]
    areas: tuple[NamedRow, ...]
    phrases: Phrases
    issued: date
    _routings: dict[RoutingInput, Routing] = field(default_factory=dict, repr=False)

    def rules_on(self, day: date) -> tuple[RoutingRule, ...]:
        """Return the rules that hold on a day, in the order in which they are asked."""
        holding = [rule for rule in self.rules if rule.holds_on(day)]
        return tuple(sorted(holding, key=lambda rule: rule.order))

    def route(self, way: RoutingInput) -> Routing:
        """Return what decides for patients who come this way; a clinic has few, and most often
        the same ones, so that they are remembered."""
        routing = self._routings.get(way)
        if routing is None:
            if len(self._routings) >= MOST_WAYS:
                self._routings.clear()
            routing = self._routings[way] = decide(way, self.rules_on(way.visit_date))
        return routing

    def trail(self, way: RoutingInput) -> list[Step]:
        """Return the day's rules as they are asked for this way, with what each misses."""
        return trail(way, self.rules_on(way.visit_date))

    def group_on(self, code: str, day: date) -> list[ObjectCode]:
        """Return the rows of a group that hold on a day; the code may be in none."""
        return [one for one in self.objects.get(code, ()) if one.holds_on(day)]

    def level_on(self, digit: int, day: date) -> BenefitLevel | None:
        """Return what a benefit digit pays on a day; None for one that is of no card now."""
        return next((one for one in self.levels if one.digit == digit and one.holds_on(day)), None)

    def salary_on(self, day: date) -> BaseSalary | None:
        """Return the base salary of a day."""
        return next((one for one in self.salaries if one.holds_on(day)), None)

    def care_of(self, ma_loai_kcb: str) -> str:
        """Return the kind of care that a MA_LOAI_KCB is; outpatient where it is not known."""
        return next((one.care for one in self.cares if one.code == ma_loai_kcb), "outpatient")

    def profile_of(self, facility: str, day: date) -> FacilityProfile | None:
        """Return what the table tells of a facility on a day; None where it does not know it."""
        for one in self.facilities:
            if one.code == facility and one.holds_on(day):
                points = float(one.score) if one.score else 0
                return FacilityProfile(one.code, one.level, points, one.former_tier, one.listed)
        return None

    def holidays_until(self) -> date:
        """Return the last day for which days off are known."""
        return max(one.valid_from for one in self.holidays if one.kind == "known_until")

    def name_of(self, facility: str) -> str:
        """Return a facility's name; its code where it is not known."""
        return next((one.name_vi for one in self.facilities if one.code == facility), facility)
