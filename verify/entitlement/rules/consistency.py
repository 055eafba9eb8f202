"""Hold the law's tables against each other, before anybody relies on them."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

from verify.entitlement.routing import RoutingInput, decide
from verify.entitlement.rules.law import Law
from verify.entitlement.rules.rows import ARRIVALS, CARES, LEVELS, TIERS, RoutingRule
from verify.entitlement.rules.tables import check_periods
from verify.entitlement.situation import FacilityProfile
from verify.errors import BadTable

SCORES = (0, 49, 50, 60, 70, 71, 100)
DAY = timedelta(days=1)


def check(law: Law) -> None:
    """Raise BadTable where rows overlap, leave a gap, or name a code that does not exist."""
    check_periods("routing_rules.csv", law.rules, _conditions)
    check_periods("routing_rules.csv", law.rules, lambda row: row.rule)
    _check_order(law.rules)
    _check_coverage(law)
    check_periods("base_salary.csv", law.salaries, lambda _row: "base salary", may_end=False)
    check_periods("benefit_levels.csv", law.levels, lambda row: row.digit, may_end=False)
    groups = [row for rows in law.objects.values() for row in rows]
    check_periods("object_codes.csv", groups, lambda row: (row.code, row.from_age))
    check_periods("facilities.csv", law.facilities, lambda row: row.code)
    check_periods("provinces.csv", law.provinces, lambda row: (row.list, row.code))
    for name, rows in (("ma_doituong_kcb.csv", law.object_ids), ("living_areas.csv", law.areas)):
        check_periods(name, rows, lambda row: row.code)
    check_periods("ma_loai_kcb.csv", law.cares, lambda row: row.code)
    codes, known = {row.code for row in law.object_ids}, law.phrases.by_key
    for rule in law.rules:
        if rule.ma_doituong_kcb and rule.ma_doituong_kcb not in codes:
            _missing("routing_rules.csv", rule.rule, "ma_doituong_kcb", rule.ma_doituong_kcb)
        question = rule.open_question
        is_told = not question or rule.percent is None or f"question.{question}" in known
        if not is_told or (rule.percent is None and not question):
            _missing("routing_rules.csv", rule.rule, "open_question", question)
    digits = {row.digit for row in law.levels}
    for group in groups:
        if group.digit not in digits:
            _missing("object_codes.csv", group.code, "digit", str(group.digit))
    _check_ages(law)
    units = {row.code for row in law.provinces if row.list == "unit"} | {"97", "98", "99"}
    for province in law.provinces:
        if province.unit not in units:
            _missing("provinces.csv", province.code, "unit", province.unit)


def _conditions(rule: RoutingRule) -> tuple[object, ...]:
    return (rule.order, rule.level, rule.former_tier, rule.score, rule.care, rule.arrival,
            rule.living_area, rule.listed, rule.diagnosis)  # fmt: skip


def _missing(name: str, row: str, column: str, seen: str) -> None:
    raise BadTable(f"{name}, row {row}, column {column}: {seen!r}; wanted one that the tables have")


def _check_order(rules: tuple[RoutingRule, ...]) -> None:
    """Of rules that are asked at the same time no two may fit the same visit."""
    for one, other in itertools.combinations(rules, 2):
        if one.order == other.order and _meet(one, other):
            raise BadTable(
                f"routing_rules.csv, rows {one.rule} and {other.rule}, column order:"
                f" {one.order} twice; wanted different ones, as both can fit a visit"
            )


def _meet(one: RoutingRule, other: RoutingRule) -> bool:
    last = min(rule.valid_to or date.max for rule in (one, other))
    if max(one.valid_from, other.valid_from) > last:
        return False
    if not any(points in one.score and points in other.score for points in SCORES):
        return False
    pairs = zip(_conditions(one)[1:], _conditions(other)[1:], strict=True)
    sets = [pair for pair in pairs if all(isinstance(side, frozenset) for side in pair)]
    return all(mine & yours for mine, yours in sets)  # type: ignore[operator]  # sets they are


def _check_coverage(law: Law) -> None:
    """Every visit since the first rule has one that decides, be it one that says `unknown`."""
    begins = {rule.valid_from for rule in law.rules}
    ends = {rule.valid_to + DAY for rule in law.rules if rule.valid_to is not None}
    for day in sorted(begins | ends):
        rules = law.rules_on(day)
        for level, tier, arrival in itertools.product(LEVELS, TIERS, ARRIVALS):
            scores = SCORES if arrival == "self" and level == "co_ban" else SCORES[:1]
            for score, care in itertools.product(scores, CARES):
                here = FacilityProfile("", level, score, tier)
                if decide(RoutingInput(day, here, arrival, care, "", ""), rules).rule is None:
                    raise BadTable(
                        f"routing_rules.csv: no rule decides on {day} for {level}, {tier},"
                        f" {score:g} points, {arrival}, {care}; wanted one, if only `unknown`"
                    )


def _check_ages(law: Law) -> None:
    """A group whose benefit begins at an age needs a row for those who are younger."""
    for code, rows in law.objects.items():
        for row in rows:
            younger = [one for one in rows if one.from_age == 0 and one.holds_on(row.valid_from)]
            if row.from_age and not younger:
                _missing("object_codes.csv", code, "from_age", str(row.from_age))
