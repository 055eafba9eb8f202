"""Routing: which part of the benefit is paid, by how and where the patient came.

1.  The rules are rows of `routing_rules.csv`.  Of those that hold on the day of the visit, the
    first one that fits decides.
2.  A rule with an open question decides too, and may leave the percentage or the code open; the
    next rule that fits and would give another answer is shown beside it, as the other reading.
3.  If only the missing profile of the facility keeps a rule from being judged, nothing decides.

Sources: Luật BHYT Điều 22, 26 to 28 as amended by Luật 51/2024; NĐ 188/2025 Điều 19; before 2025
the law of 2014.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from verify.entitlement.rules.rows import RoutingRule
from verify.entitlement.situation import FacilityProfile, Situation


class RoutingInput(NamedTuple):
    """The part of a situation on which routing depends."""

    visit_date: date
    facility: FacilityProfile
    arrival: str
    care: str
    living_area: str
    annex: str

    @classmethod
    def from_situation(cls, situation: Situation) -> RoutingInput:
        """Return the part of a situation on which routing depends."""
        return cls(
            situation.visit_date,
            situation.facility,
            situation.arrival,
            situation.care,
            situation.living_area,
            situation.annex,
        )


@dataclass(frozen=True, slots=True)
class Routing:
    """The rule that decides, and the next one that fits and would give another answer.

    `rule` is None if the facility's profile is missing or no rule holds on the day.
    `improvements` names what may still change on the day, with the percentage it would give.
    """

    rule: RoutingRule | None
    other: RoutingRule | None = None
    profile_missing: bool = False
    improvements: tuple[tuple[str, int], ...] = ()

    @property
    def percent(self) -> int | None:
        """Which percentage of the benefit is paid; None if it is not known."""
        return self.rule.percent if self.rule else None


@dataclass(frozen=True, slots=True)
class Step:
    """One rule of the trail, and its conditions that do not hold; the rule fits if all hold."""

    rule: RoutingRule
    missed: tuple[str, ...]

    @property
    def is_near(self) -> bool:
        """Return whether the rule fits, or only one condition keeps it from fitting."""
        return len(self.missed) <= 1


def decide(visit: RoutingInput, rules: tuple[RoutingRule, ...]) -> Routing:
    """Return the rule that decides.

    `rules` are those that hold on the day of the visit, in the order in which they are tried.
    """
    routing = _decide_as_is(visit, rules)
    percent_now = routing.percent
    if percent_now is None and routing.other is not None:
        percent_now = routing.other.percent
    if percent_now is None or percent_now == 100:
        return routing
    changes = {
        "diagnosis_annex_1": visit._replace(annex="annex_1"),
        "diagnosis_annex_2": visit._replace(annex="annex_2"),
        "if_inpatient": visit._replace(care="inpatient"),
    }
    improvements = []
    for name, changed in changes.items():
        percent = _decide_as_is(changed, rules).percent
        if percent is not None and percent > percent_now:
            improvements.append((name, percent))
    return replace(routing, improvements=tuple(improvements))


def _decide_as_is(visit: RoutingInput, rules: tuple[RoutingRule, ...]) -> Routing:
    """Return the rule that decides, without what may still change."""
    decided: RoutingRule | None = None
    for rule in rules:
        fits = _fits(rule, visit)
        if fits is False:
            continue
        if fits is None:  # the missing profile of the facility would decide this
            if decided is None:
                return Routing(None, profile_missing=True)
        elif decided is None:
            decided = rule
            if not rule.open_question:
                break
        elif _is_other_reading(rule, decided):
            return Routing(decided, rule)
    return Routing(decided)


def _is_other_reading(rule: RoutingRule, decided: RoutingRule) -> bool:
    """Return whether a rule pays another percentage, or has the code that the decided one lacks."""
    if rule.percent is None:
        return False
    has_its_code = bool(rule.ma_doituong_kcb) and not decided.ma_doituong_kcb
    return rule.percent != decided.percent or has_its_code


def trail(visit: RoutingInput, rules: tuple[RoutingRule, ...]) -> list[Step]:
    """Return the rules in the order in which they are tried, with the conditions they miss."""
    return [Step(rule, _missed_conditions(rule, visit)) for rule in rules]


def _fits(rule: RoutingRule, visit: RoutingInput) -> bool | None:
    """Return whether a rule fits; None if this depends only on the facility's missing profile."""
    missed = _missed_conditions(rule, visit)
    if not missed:
        return True
    facility = visit.facility
    not_set = {
        name
        for name, is_set in (
            ("level", facility.level),
            ("former_tier", facility.former_tier),
            ("listed", facility.former_tier or facility.listed is not None),
        )
        if not is_set
    }
    return None if not_set.issuperset(missed) else False


def _missed_conditions(rule: RoutingRule, visit: RoutingInput) -> tuple[str, ...]:
    facility = visit.facility
    conditions = (
        ("arrival", rule.arrival, visit.arrival),
        ("care", rule.care, visit.care),
        ("living_area", rule.living_area, visit.living_area),
        ("diagnosis", rule.diagnosis, visit.annex),
        ("level", rule.level, facility.level),
        ("former_tier", rule.former_tier, facility.former_tier),
        ("listed", rule.listed, facility.is_listed),
    )
    missed = [
        name for name, allowed, value in conditions if allowed is not None and value not in allowed
    ]
    if facility.score not in rule.score:
        missed.append("score")
    return tuple(missed)
