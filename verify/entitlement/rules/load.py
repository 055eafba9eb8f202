"""Read the law's tables from their files."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

from verify.entitlement.rules.consistency import check
from verify.entitlement.rules.law import Law
from verify.entitlement.rules.phrases import read_phrases
from verify.entitlement.rules.rows import (
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
    NamedRow,
    ObjectCode,
    Province,
    RoutingRule,
)
from verify.entitlement.rules.score import ScoreBand
from verify.entitlement.rules.tables import (
    SOMETHING,
    one_of,
    paid,
    percent,
    read_rows,
    some_of,
    text_of,
    whole,
)
from verify.errors import BadTable

_DIGIT = text_of(r"[1-5]", "a digit from 1 to 5")
_CODE = text_of(r"[A-Z]{2}", "two letters")
_FACILITY = text_of(r"\d{2}[0-9A-Z]{3}", "the 5 characters of a facility")


_CONSISTENT: set[bytes] = set()  # tables that were found so, by what stands in them


def read_law(*folders: Path) -> Law:
    """Read all tables, each from the first folder that has it; BadTable where one is not good."""

    used: list[Path] = []

    def at(name: str) -> Path:
        path = next((f / name for f in folders if (f / name).is_file()), folders[-1] / name)
        used.append(path)
        return path

    rules = read_rows(at("routing_rules.csv"), RoutingRule, {
        "level": some_of(*LEVELS), "former_tier": some_of(*TIERS), "score": ScoreBand.read,
        "care": some_of(*CARES), "arrival": some_of(*ARRIVALS), "living_area": some_of(*AREAS),
        "listed": some_of("yes", "no"), "diagnosis": some_of(*ANNEXES), "percent": percent,
        "order": whole, "because_vi": SOMETHING, "because_en": SOMETHING, "rule": SOMETHING,
    })  # fmt: skip
    digit = {"digit": lambda text: int(_DIGIT(text))}
    law = Law(
        rules=rules,
        levels=read_rows(at("benefit_levels.csv"), BenefitLevel, {**digit, "percent": paid}),
        objects=_by_code(read_rows(at("object_codes.csv"), ObjectCode, {**digit, "code": _CODE})),
        salaries=read_rows(at("base_salary.csv"), BaseSalary, {}),
        holidays=read_rows(at("holidays.csv"), Holiday,
                           {"kind": one_of("off", "work", "known_until")}),
        facilities=read_rows(at("facilities.csv"), KnownFacility,
                             {"code": _FACILITY, "level": one_of(*LEVELS),
                              "former_tier": one_of(*TIERS),
                              "score": text_of(r"(\d{1,2}|100)?", "0 to 100, or nothing")}),
        provinces=read_rows(at("provinces.csv"), Province, {"list": one_of("card", "unit")}),
        object_ids=read_rows(at("ma_doituong_kcb.csv"), NamedRow, {}),
        cares=read_rows(at("ma_loai_kcb.csv"), CareCode, {"care": one_of(*CARES)}),
        areas=read_rows(at("living_areas.csv"), NamedRow, {"code": one_of(*AREAS)}),
        phrases=read_phrases(at("phrases.csv"), folders[-1] / "phrases.csv"),
        issued=_issued(at("issued.csv")),
    )  # fmt: skip
    content = _digest(used)
    if content not in _CONSISTENT:  # it takes longer than all the reading
        check(law)
        _CONSISTENT.add(content)
    return law


def _digest(paths: list[Path]) -> bytes:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()


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
