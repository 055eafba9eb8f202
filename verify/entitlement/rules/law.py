"""The law as this program knows it: all dated tables, and what they say about a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from verify.entitlement.routing import Routing, RoutingInput, Step, decide, trail
from verify.entitlement.rules.phrases import Phrases
from verify.entitlement.rules.rows import (
    BaseSalary,
    BenefitLevel,
    CareCode,
    DeadlineRule,
    Holiday,
    KnownFacility,
    NamedRow,
    ObjectCode,
    Province,
    RoutingRule,
)
from verify.entitlement.situation import FacilityProfile

MAX_ROUTINGS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Law:
    """All tables. The date of the visit selects the rows that hold on that day."""

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
    deadlines: tuple[DeadlineRule, ...]
    phrases: Phrases
    issued: date
    _routings: dict[RoutingInput, Routing] = field(default_factory=dict, repr=False)

    def rules_on(self, day: date) -> tuple[RoutingRule, ...]:
        """Return the rules that hold on a day, in the order in which they are tried."""
        holding = [rule for rule in self.rules if rule.holds_on(day)]
        return tuple(sorted(holding, key=lambda rule: rule.order))

    def route(self, visit: RoutingInput) -> Routing:
        """Return the rule that decides for a visit.

        Results are kept, because most patients of a clinic come in the same few ways.
        """
        routing = self._routings.get(visit)
        if routing is None:
            if len(self._routings) >= MAX_ROUTINGS_KEPT:
                self._routings.clear()
            routing = self._routings[visit] = decide(visit, self.rules_on(visit.visit_date))
        return routing

    def trail(self, visit: RoutingInput) -> list[Step]:
        """Return the rules of the day in their order, with the conditions that each misses."""
        return trail(visit, self.rules_on(visit.visit_date))

    def group_on(self, code: str, day: date) -> list[ObjectCode]:
        """Return the rows of a group that hold on a day; empty if the code is not in the table."""
        return [row for row in self.objects.get(code, ()) if row.holds_on(day)]

    def level_on(self, digit: int, day: date) -> BenefitLevel | None:
        """Return what a benefit digit pays on a day; None if no card has this digit then."""
        return next((row for row in self.levels if row.digit == digit and row.holds_on(day)), None)

    def salary_on(self, day: date) -> BaseSalary | None:
        """Return the base salary of a day; None if the table does not reach back so far."""
        return next((row for row in self.salaries if row.holds_on(day)), None)

    def care_of(self, ma_loai_kcb: str) -> str:
        """Return the kind of care of a MA_LOAI_KCB; `outpatient` if the code is not known."""
        return next((row.care for row in self.cares if row.code == ma_loai_kcb), "outpatient")

    def profile_of(self, facility: str, day: date) -> FacilityProfile | None:
        """Return the profile of a facility on a day; None if it is not in the table."""
        for row in self.facilities:
            if row.code == facility and row.holds_on(day):
                points = float(row.score) if row.score else 0
                return FacilityProfile(row.code, row.level, points, row.former_tier, row.listed)
        return None

    def deadline_on(self, message: str, status: str, day: date) -> DeadlineRule | None:
        """Return the deadline rule of a message on a day; None if the table has none."""
        return next(
            (
                row
                for row in self.deadlines
                if row.message == message and row.status == status and row.holds_on(day)
            ),
            None,
        )

    def holidays_known_until(self) -> date:
        """Return the last day for which days off are known."""
        return max(row.valid_from for row in self.holidays if row.kind == "known_until")

    def name_of(self, facility: str) -> str:
        """Return the name of a facility; its code if it is not in the table."""
        return next((row.name_vi for row in self.facilities if row.code == facility), facility)
