"""The law as this program knows it: all dated tables, and what they say about a day."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from verify.entitlement.routing import Routing, RoutingInput, Step, decide, trail
from verify.entitlement.rules.citations import Citation, cite
from verify.entitlement.rules.facilities import FacilityList
from verify.entitlement.rules.phrases import LocalizedText, Phrases
from verify.entitlement.rules.rows import (
    BaseSalary,
    BenefitLevel,
    CareCode,
    DeadlineRule,
    DepartmentCode,
    GroupNote,
    Holiday,
    KnownFacility,
    NamedRow,
    ObjectCode,
    Province,
    RepealedLaw,
    RoutingRule,
)
from verify.entitlement.situation import FacilityProfile

MAX_ROUTINGS_KEPT = 10_000
MAX_CITATIONS_KEPT = 10_000


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
    departments: tuple[DepartmentCode, ...]
    areas: tuple[NamedRow, ...]
    group_notes: tuple[GroupNote, ...]
    repealed: tuple[RepealedLaw, ...]
    deadlines: tuple[DeadlineRule, ...]
    phrases: Phrases
    issued: date
    _facility_list: list[FacilityList] = field(init=False, default_factory=list, repr=False)
    _citations: dict[tuple[str, date], Citation] = field(default_factory=dict, repr=False)
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

    def notes_on_group(self, code: str, day: date) -> list[LocalizedText]:
        """Return what a clerk should know about the cards of a group on a day.

        The code is `group_note`, or `group_question` if it is not certain.
        """
        return [
            LocalizedText(
                "group_note" if row.confidence == "high" else "group_question",
                row.note_vi,
                row.note_en,
            )
            for row in self.group_notes
            if row.code == code and row.holds_on(day)
        ]

    def cite(self, basis: str, day: date) -> Citation:
        """Return a legal basis for a visit on a day, with what no longer holds then marked.

        Results are kept, because a day's patients have few of them.
        """
        citation = self._citations.get((basis, day))
        if citation is None:
            if len(self._citations) >= MAX_CITATIONS_KEPT:
                self._citations.clear()
            citation = self._citations[basis, day] = cite(basis, day, self.repealed)
        return citation

    def level_on(self, digit: int, day: date) -> BenefitLevel | None:
        """Return what a benefit digit pays on a day; None if no card has this digit then."""
        return next((row for row in self.levels if row.digit == digit and row.holds_on(day)), None)

    def salary_on(self, day: date) -> BaseSalary | None:
        """Return the base salary of a day; None if the table does not reach back so far."""
        return next((row for row in self.salaries if row.holds_on(day)), None)

    def care_on(self, ma_loai_kcb: str, day: date) -> CareCode | None:
        """Return the row of a MA_LOAI_KCB on a day; None if no table has the code then."""
        rows = (row for row in self.cares if row.code == ma_loai_kcb and row.holds_on(day))
        return next(rows, None)

    def care_of(self, ma_loai_kcb: str, day: date) -> str:
        """Return the kind of care of a MA_LOAI_KCB; `outpatient` if no table has it on that day."""
        row = self.care_on(ma_loai_kcb, day)
        return row.care if row else "outpatient"

    def department_on(self, ma_khoa: str, day: date) -> DepartmentCode | None:
        """Return the form of a MA_KHOA on a day; None if the code has none of the known forms.

        The first form of the table that fits counts.
        """
        holding = (row for row in self.departments if row.holds_on(day))
        return next((row for row in holding if re.fullmatch(row.pattern, ma_khoa)), None)

    def profile_of(self, facility: str, day: date) -> FacilityProfile | None:
        """Return the profile of a facility on a day; None if the tables do not have its level."""
        for row in self.facility_list.rows_of(facility):
            if row.level and row.holds_on(day):
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

    @property
    def facility_list(self) -> FacilityList:
        """The facilities, to be found by code, name and province; made when it is first used."""
        if not self._facility_list:
            self._facility_list.append(FacilityList(self.facilities, self.provinces))
        return self._facility_list[0]
