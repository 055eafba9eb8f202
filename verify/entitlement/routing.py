"""Routing: which rule says how much of the benefit is paid, by how and where the patient came.

Luật BHYT Điều 22, 26 to 28 as amended by Luật 51/2024; NĐ 188/2025 Điều 19; before 2025 the law
of 2014.  The rules themselves are rows of `routing_rules.csv`: the first that fits decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from verify.entitlement.rules.rows import RoutingRule
from verify.entitlement.situation import FacilityProfile, Situation


class RoutingInput(NamedTuple):
    """The part of a situation that routing hangs on."""

    visit_date: date
    facility: FacilityProfile
    arrival: str
    care: str
    living_area: str
    annex: str

    @classmethod
    def from_situation(cls, at: Situation) -> RoutingInput:
        """Return a visit's."""
        return cls(at.visit_date, at.facility, at.arrival, at.care, at.living_area, at.annex)


@dataclass(frozen=True, slots=True)
class Routing:
    """The rule that decides, and the next that fits and would pay a different share."""

    rule: RoutingRule | None  # None: the profile is missing, or there are no rules for the day
    other: RoutingRule | None = None
    profile_missing: bool = False
    ways_up: tuple[tuple[str, int], ...] = ()  # what the day may still bring, and its percentage

    @property
    def percent(self) -> int | None:
        """How much of the benefit is paid; None where that is not known."""
        return self.rule.percent if self.rule else None


@dataclass(frozen=True, slots=True)
class Step:
    """One rule of the trail, and the conditions of it that do not hold; none: it fits."""

    rule: RoutingRule
    missed: tuple[str, ...]

    @property
    def is_near(self) -> bool:
        """Tell whether it fits, or one thing only keeps it from fitting."""
        return len(self.missed) <= 1


def decide(way: RoutingInput, rules: tuple[RoutingRule, ...]) -> Routing:
    """Return which of the day's rules decides; they come in the order in which they are asked."""
    routing = _first(way, rules)
    now = routing.percent
    if now is None or now == 100:
        return routing
    changes = {"diagnosis_annex_1": way._replace(annex="annex_1"),
               "diagnosis_annex_2": way._replace(annex="annex_2"),
               "if_inpatient": way._replace(care="inpatient")}  # fmt: skip
    then = {name: _first(changed, rules).percent for name, changed in changes.items()}
    better = tuple((name, one) for name, one in then.items() if one is not None and one > now)
    return replace(routing, ways_up=better)


def _first(way: RoutingInput, rules: tuple[RoutingRule, ...]) -> Routing:
    decided: RoutingRule | None = None
    for rule in rules:
        fits = _fits(rule, way)
        if fits is False:
            continue
        if fits is None:  # the facility's profile would tell
            if decided is None:
                return Routing(None, profile_missing=True)
        elif decided is None:
            decided = rule
            if not rule.open_question or rule.percent is None:
                break
        elif rule.percent is not None and rule.percent != decided.percent:
            return Routing(decided, rule)
    return Routing(decided)


def trail(way: RoutingInput, rules: tuple[RoutingRule, ...]) -> list[Step]:
    """Return the day's rules as they are asked, with what each misses."""
    return [Step(rule, _missed(rule, way)) for rule in rules]


def _fits(rule: RoutingRule, way: RoutingInput) -> bool | None:
    """Tell whether a rule fits; None where only the facility's missing profile hides it."""
    missed = _missed(rule, way)
    if not missed:
        return True
    here = way.facility
    not_set = {
        name
        for name, is_set in (
            ("level", here.level),
            ("former_tier", here.former_tier),
            ("listed", here.former_tier or here.listed is not None),
        )
        if not is_set
    }
    return None if not_set.issuperset(missed) else False


def _missed(rule: RoutingRule, way: RoutingInput) -> tuple[str, ...]:
    here = way.facility
    pairs = (
        ("arrival", rule.arrival, way.arrival),
        ("care", rule.care, way.care),
        ("living_area", rule.living_area, way.living_area),
        ("diagnosis", rule.diagnosis, way.annex),
        ("level", rule.level, here.level),
        ("former_tier", rule.former_tier, here.former_tier),
        ("listed", rule.listed, here.is_listed),
    )
    missed = [name for name, wanted, is_ in pairs if wanted is not None and is_ not in wanted]
    return (*missed, *([] if here.score in rule.score else ["score"]))
