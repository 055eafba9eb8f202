"""Check that the tables of the law are complete and agree with each other, before they are used.

1.  Rows of one key neither overlap nor leave a gap.
2.  A code that one table uses is a row of the table that defines it.
3.  Two rules of the same order never fit the same visit.
4.  For every visit since the first rule, at least one rule applies; its share may be `unknown`.
5.  A group whose benefit begins at an age has a row for those who are younger.
6.  Each message that has a deadline has a rule in force without an end, and its figure fits its
    unit.
"""

from __future__ import annotations

import itertools
from datetime import date, timedelta

from verify.entitlement.routing import RoutingInput, decide
from verify.entitlement.rules.law import Law
from verify.entitlement.rules.rows import (
    ARRIVALS,
    CARES,
    LEVELS,
    TIERS,
    ObjectCode,
    RoutingRule,
)
from verify.entitlement.rules.tables import check_periods
from verify.entitlement.situation import FacilityProfile
from verify.errors import BadTable

SAMPLE_SCORES = (0, 49, 50, 60, 70, 71, 100)  # points: each band of the tables, and its bounds
UNITS_BEYOND_PROVINCES = {"97", "98", "99"}
MESSAGES_WITH_DEADLINE = ("check_in", "correction", "month_totals")
# The units that a message's deadline may have, and the highest figure of each unit.
UNITS_OF_MESSAGE = {
    "check_in": ("own_aim", "hours", "days", "working_days"),
    "correction": ("hours", "days", "working_days"),
    "month_totals": ("day_of_next_month",),
    "reconciliation": ("hours", "days", "working_days"),
}
MAX_WITHIN = {"hours": 240, "days": 100, "working_days": 60, "day_of_next_month": 28}
ONE_DAY = timedelta(days=1)


def check_law(law: Law) -> None:
    """Raise BadTable if the tables are incomplete or contradict each other."""
    check_periods("routing_rules.csv", law.rules, _conditions)
    check_periods("routing_rules.csv", law.rules, lambda row: row.rule)
    _check_order(law.rules)
    _check_every_visit_has_a_rule(law)
    check_periods("base_salary.csv", law.salaries, lambda _row: "base salary", may_end=False)
    check_periods("benefit_levels.csv", law.levels, lambda row: row.digit, may_end=False)
    groups = [row for rows in law.objects.values() for row in rows]
    check_periods("object_codes.csv", groups, lambda row: (row.code, row.from_age))
    check_periods("facilities.csv", law.facilities, lambda row: row.code)
    check_periods("provinces.csv", law.provinces, lambda row: (row.list, row.code))
    for name, rows in (("ma_doituong_kcb.csv", law.object_ids), ("living_areas.csv", law.areas)):
        check_periods(name, rows, lambda row: row.code)
    check_periods("group_notes.csv", law.group_notes, lambda row: (row.code, row.note_vi))
    check_periods("repealed_law.csv", law.repealed, lambda row: row.document)
    check_periods("ma_khoa.csv", law.departments, lambda row: row.pattern)
    check_periods("ma_loai_kcb.csv", law.cares, lambda row: row.code)
    _check_deadlines(law)
    _check_references_of_rules(law)
    _check_references_of_groups(groups, law)
    _check_ages(law)
    units = {row.code for row in law.provinces if row.list == "unit"} | UNITS_BEYOND_PROVINCES
    for province in law.provinces:
        if province.unit not in units:
            _reject_reference("provinces.csv", province.code, "unit", province.unit)


def _check_references_of_rules(law: Law) -> None:
    codes, phrases = {row.code for row in law.object_ids}, law.phrases.by_key
    for rule in law.rules:
        if rule.ma_doituong_kcb and rule.ma_doituong_kcb not in codes:
            _reject_reference(
                "routing_rules.csv", rule.rule, "ma_doituong_kcb", rule.ma_doituong_kcb
            )
        question = rule.open_question
        # The phrase names the other reading; a rule that says `unknown` need not have one.
        has_phrase = not question or rule.percent is None or f"question.{question}" in phrases
        if not has_phrase or (rule.percent is None and not question):
            _reject_reference("routing_rules.csv", rule.rule, "open_question", question)


def _check_references_of_groups(groups: list[ObjectCode], law: Law) -> None:
    digits = {row.digit for row in law.levels}
    for group in groups:
        if group.digit not in digits:
            _reject_reference("object_codes.csv", group.code, "digit", str(group.digit))


def _conditions(rule: RoutingRule) -> tuple[object, ...]:
    return (
        rule.order,
        rule.level,
        rule.former_tier,
        rule.score,
        rule.care,
        rule.arrival,
        rule.living_area,
        rule.listed,
        rule.diagnosis,
    )


def _reject_reference(name: str, row: str, column: str, seen: str) -> None:
    raise BadTable(
        f"{name}, row {row}, column {column}: {seen!r}; expected one that the tables have"
    )


def _check_order(rules: tuple[RoutingRule, ...]) -> None:
    """Raise BadTable if two rules of the same order can fit the same visit."""
    for first, second in itertools.combinations(rules, 2):
        if first.order == second.order and _can_fit_one_visit(first, second):
            raise BadTable(
                f"routing_rules.csv, rows {first.rule} and {second.rule}, column order:"
                f" {first.order} twice; expected different ones, as both can fit a visit"
            )


def _can_fit_one_visit(first: RoutingRule, second: RoutingRule) -> bool:
    last_day = min(rule.valid_to or date.max for rule in (first, second))
    if max(first.valid_from, second.valid_from) > last_day:
        return False
    if not any(points in first.score and points in second.score for points in SAMPLE_SCORES):
        return False
    pairs = zip(_conditions(first)[1:], _conditions(second)[1:], strict=True)
    return all(
        left & right
        for left, right in pairs
        if isinstance(left, frozenset) and isinstance(right, frozenset)
    )


def _check_every_visit_has_a_rule(law: Law) -> None:
    """Raise BadTable if no rule decides for some visit since the first rule began."""
    begins = {rule.valid_from for rule in law.rules}
    ends = {rule.valid_to + ONE_DAY for rule in law.rules if rule.valid_to is not None}
    for day in sorted(begins | ends):
        rules = law.rules_on(day)
        for level, tier, arrival in itertools.product(LEVELS, TIERS, ARRIVALS):
            has_score = arrival == "self" and level == "co_ban"
            scores = SAMPLE_SCORES if has_score else SAMPLE_SCORES[:1]
            for score, care in itertools.product(scores, CARES):
                facility = FacilityProfile("", level, score, tier)
                visit = RoutingInput(day, facility, arrival, care, "", "")
                if decide(visit, rules).rule is None:
                    raise BadTable(
                        f"routing_rules.csv: no rule decides on {day} for {level}, {tier},"
                        f" {score:g} points, {arrival}, {care}; expected one, if only `unknown`"
                    )


def _check_ages(law: Law) -> None:
    """Raise BadTable if a group's benefit begins at an age and no row covers the younger."""
    for code, rows in law.objects.items():
        for row in rows:
            covers_younger = any(
                other.from_age == 0 and other.holds_on(row.valid_from) for other in rows
            )
            if row.from_age and not covers_younger:
                _reject_reference("object_codes.csv", code, "from_age", str(row.from_age))


def _check_deadlines(law: Law) -> None:
    """Raise BadTable if a message has no deadline on some day, or a figure that cannot be."""
    name = "deadlines.csv"
    in_force = [row for row in law.deadlines if row.status == "in_force"]
    check_periods(name, in_force, lambda row: row.message, may_end=False)
    drafts = [row for row in law.deadlines if row.status == "draft"]
    check_periods(name, drafts, lambda row: (row.message, row.status))
    for message in MESSAGES_WITH_DEADLINE:
        if message not in {row.message for row in in_force}:
            raise BadTable(f"{name}: no row in_force for {message}; expected one")
    for row in law.deadlines:
        units = UNITS_OF_MESSAGE[row.message]
        if row.unit not in units:
            raise BadTable(
                f"{name}, row {row.message} from {row.valid_from}, column unit: {row.unit!r};"
                f" expected one of {', '.join(units)}"
            )
        highest = MAX_WITHIN.get(row.unit)
        is_possible = row.within == 0 if highest is None else 1 <= row.within <= highest
        if not is_possible:
            expected = "0, as the unit names no figure" if highest is None else f"1 to {highest}"
            raise BadTable(
                f"{name}, row {row.message} from {row.valid_from}, column within:"
                f" '{row.within}'; expected {expected}"
            )
