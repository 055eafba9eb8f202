"""The law as this program holds it: all dated tables, read and held against each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from verify.entitlement.phrases import Phrases, read_phrases
from verify.entitlement.provisions import (
    ANNEXES,
    AREAS,
    ARRIVALS,
    CARES,
    LEVELS,
    TIERS,
    BaseSalary,
    BenefitLevel,
    CareCode,
    Holiday,
    KnownFacility,
    Named,
    ObjectCode,
    Province,
    Rule,
)
from verify.entitlement.routing import Routing, Step, Way, decide, trail
from verify.entitlement.score import ScoreBand
from verify.entitlement.situation import FacilityProfile
from verify.entitlement.tables import (
    SOMETHING,
    check_periods,
    one_of,
    percent,
    read_rows,
    some_of,
    text_of,
    whole,
)
from verify.errors import BadTable

MOST_WAYS = 10_000


@dataclass(frozen=True, slots=True)
class Law:
    """All tables. Rows that hold on a day are picked by the visit's date."""

    rules: tuple[Rule, ...]
    levels: tuple[BenefitLevel, ...]
    objects: dict[str, tuple[ObjectCode, ...]]  # by code
    salaries: tuple[BaseSalary, ...]
    holidays: tuple[Holiday, ...]
    facilities: tuple[KnownFacility, ...]
    provinces: tuple[Province, ...]
    object_ids: tuple[Named, ...]  # MA_DOITUONG_KCB
    cares: tuple[CareCode, ...]
    areas: tuple[Named, ...]
    phrases: Phrases
    issued: date
    _routings: dict[Way, Routing] = field(default_factory=dict, repr=False)

    def rules_on(self, day: date) -> tuple[Rule, ...]:
        """Return the rules that hold on a day, in the order in which they are asked."""
        holding = [rule for rule in self.rules if rule.holds_on(day)]
        return tuple(sorted(holding, key=lambda rule: rule.order))

    def route(self, way: Way) -> Routing:
        """Return what decides for patients who come this way; a clinic has few, and most often
        the same ones, so that they are remembered."""
        routing = self._routings.get(way)
        if routing is None:
            if len(self._routings) >= MOST_WAYS:
                self._routings.clear()
            routing = self._routings[way] = decide(way, self.rules_on(way.visit_date))
        return routing

    def trail(self, way: Way) -> list[Step]:
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

    def profile_of(self, facility: str) -> FacilityProfile | None:
        """Return what the table tells of a facility; None where it does not know it."""
        for one in self.facilities:
            if one.code == facility:
                points = float(one.score) if one.score else 0
                return FacilityProfile(one.code, one.level, points, one.former_tier, one.listed)
        return None

    def name_of(self, facility: str) -> str:
        """Return a facility's name; its code where it is not known."""
        return next((one.name_vi for one in self.facilities if one.code == facility), facility)


_DIGIT = text_of(r"[1-5]", "a digit from 1 to 5")
_CODE = text_of(r"[A-Z]{2}", "two letters")
_FACILITY = text_of(r"\d{2}[0-9A-Z]{3}", "the 5 characters of a facility")


def read_law(*folders: Path) -> Law:
    """Read all tables, each from the first folder that has it; BadTable where one is not good."""

    def at(name: str) -> Path:
        return next((f / name for f in folders if (f / name).is_file()), folders[-1] / name)

    rules = read_rows(at("routing_rules.csv"), Rule, {
        "level": some_of(*LEVELS), "former_tier": some_of(*TIERS), "score": ScoreBand.read,
        "care": some_of(*CARES), "arrival": some_of(*ARRIVALS), "living_area": some_of(*AREAS),
        "listed": some_of("yes", "no"), "diagnosis": some_of(*ANNEXES), "percent": percent,
        "order": whole, "because_vi": SOMETHING, "because_en": SOMETHING, "rule": SOMETHING,
    })  # fmt: skip
    digit = {"digit": lambda text: int(_DIGIT(text))}
    law = Law(
        rules=rules,
        levels=read_rows(at("benefit_levels.csv"), BenefitLevel, {**digit, "percent": whole}),
        objects=_by_code(read_rows(at("object_codes.csv"), ObjectCode, {**digit, "code": _CODE})),
        salaries=read_rows(at("base_salary.csv"), BaseSalary, {}),
        holidays=read_rows(at("holidays.csv"), Holiday, {"kind": one_of("off", "work")}),
        facilities=read_rows(at("facilities.csv"), KnownFacility,
                             {"code": _FACILITY, "level": one_of(*LEVELS),
                              "former_tier": one_of(*TIERS),
                              "score": text_of(r"(\d{1,2}|100)?", "0 to 100, or nothing")}),
        provinces=read_rows(at("provinces.csv"), Province, {"list": one_of("card", "unit")}),
        object_ids=read_rows(at("ma_doituong_kcb.csv"), Named, {}),
        cares=read_rows(at("ma_loai_kcb.csv"), CareCode, {"care": one_of(*CARES)}),
        areas=read_rows(at("living_areas.csv"), Named, {"code": one_of(*AREAS)}),
        phrases=read_phrases(at("phrases.csv")),
        issued=_issued(at("issued.csv")),
    )  # fmt: skip
    _check(law)
    return law


def _by_code(rows: tuple[ObjectCode, ...]) -> dict[str, tuple[ObjectCode, ...]]:
    return {code: tuple(row for row in rows if row.code == code) for code in {r.code for r in rows}}


def _issued(path: Path) -> date:
    try:
        heading, value = path.read_text("utf-8-sig").split()
        if heading != "issued":
            raise ValueError(heading)
        return date.fromisoformat(value)
    except (OSError, ValueError) as exc:
        raise BadTable(f"{path.name}: wanted the heading issued and one day") from exc


def _check(law: Law) -> None:
    """Hold the tables against each other: no overlap, no gap, every code exists."""
    check_periods("routing_rules.csv", law.rules, _conditions)
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
    units = {row.code for row in law.provinces if row.list == "unit"} | {"97", "98", "99"}
    for province in law.provinces:
        if province.unit not in units:
            _missing("provinces.csv", province.code, "unit", province.unit)


def _conditions(rule: Rule) -> tuple[object, ...]:
    return (rule.order, rule.level, rule.former_tier, rule.score, rule.care, rule.arrival,
            rule.living_area, rule.listed, rule.diagnosis)  # fmt: skip


def _missing(name: str, row: str, column: str, seen: str) -> None:
    raise BadTable(f"{name}, row {row}, column {column}: {seen!r}; wanted one that the tables have")
