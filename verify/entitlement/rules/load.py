"""Read the tables of the law from their files.

Each table is read from the first folder that has it: a site's own folder stands before the shipped
one.  The tables are then checked against each other, once for each content.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from pathlib import Path

from verify.entitlement.rules.consistency import check_law
from verify.entitlement.rules.law import Law
from verify.entitlement.rules.phrases import read_phrases
from verify.entitlement.rules.rows import (
    ANNEXES,
    AREAS,
    ARRIVALS,
    CARES,
    DEADLINE_MESSAGES,
    DEADLINE_STATUSES,
    DEADLINE_UNITS,
    LEVELS,
    TIERS,
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
from verify.entitlement.rules.score import ScoreBand
from verify.entitlement.rules.tables import (
    any_or_choices,
    choice,
    choice_or_empty,
    matching,
    not_empty,
    percent,
    percent_or_unknown,
    read_rows,
    regular_expression,
    whole_number,
)
from verify.errors import BadTable

_group_digit = matching(r"[1-5]", "a digit from 1 to 5")
_group_code = matching(r"[A-Z]{2}", "two letters")
_facility_code = matching(r"\d{2}[0-9A-Z]{3}", "the 5 characters of a facility")
_facility_score = matching(r"(\d{1,2}|100)?", "0 to 100, or nothing")

# The tables that the first feeds and sites did not have: the shipped ones are used in their place.
TABLES_ADDED_LATER = frozenset(
    {"deadlines.csv", "group_notes.csv", "ma_khoa.csv", "repealed_law.csv"}
)

# The hashes of tables that were checked in this process: the check takes longer than the reading.
_checked_tables: set[bytes] = set()


def read_law(*folders: Path) -> Law:
    """Return the tables of the law, each from the first folder that has it.

    Raises BadTable if a table cannot be read, a row is wrong, or the tables do not fit together.
    """
    paths: list[Path] = []

    def table(name: str) -> Path:
        candidates = (folder / name for folder in folders)
        path = next(filter(Path.is_file, candidates), folders[-1] / name)
        paths.append(path)
        return path

    digit = {"digit": lambda text: int(_group_digit(text))}
    law = Law(
        rules=_read_rules(table("routing_rules.csv")),
        levels=read_rows(table("benefit_levels.csv"), BenefitLevel, {**digit, "percent": percent}),
        objects=_by_code(
            read_rows(table("object_codes.csv"), ObjectCode, {**digit, "code": _group_code})
        ),
        salaries=read_rows(table("base_salary.csv"), BaseSalary, {}),
        holidays=read_rows(
            table("holidays.csv"), Holiday, {"kind": choice("off", "work", "known_until")}
        ),
        facilities=read_rows(
            table("facilities.csv"),
            KnownFacility,
            {
                "code": _facility_code,
                "name_vi": not_empty,
                "level": choice_or_empty(*LEVELS),
                "former_tier": choice(*TIERS),
                "score": _facility_score,
            },
        ),
        provinces=read_rows(table("provinces.csv"), Province, {"list": choice("card", "unit")}),
        object_ids=read_rows(table("ma_doituong_kcb.csv"), NamedRow, {}),
        cares=read_rows(table("ma_loai_kcb.csv"), CareCode, {"care": choice(*CARES)}),
        departments=read_rows(
            table("ma_khoa.csv"), DepartmentCode, {"pattern": regular_expression}
        ),
        areas=read_rows(table("living_areas.csv"), NamedRow, {"code": choice(*AREAS)}),
        group_notes=read_rows(
            table("group_notes.csv"),
            GroupNote,
            {"code": _group_code, "note_vi": not_empty, "note_en": not_empty},
        ),
        repealed=read_rows(
            table("repealed_law.csv"),
            RepealedLaw,
            {"document": not_empty, "replaced_by": not_empty},
        ),
        deadlines=read_rows(
            table("deadlines.csv"),
            DeadlineRule,
            {
                "message": choice(*DEADLINE_MESSAGES),
                "status": choice(*DEADLINE_STATUSES),
                "within": _small_number,
                "unit": choice(*DEADLINE_UNITS),
                "name_vi": not_empty,
                "name_en": not_empty,
            },
        ),
        phrases=read_phrases(table("phrases.csv"), folders[-1] / "phrases.csv"),
        issued=_read_issued(table("issued.csv")),
    )
    content = _digest(paths)
    if content not in _checked_tables:
        check_law(law)
        _checked_tables.add(content)
    return law


def _read_rules(path: Path) -> tuple[RoutingRule, ...]:
    return read_rows(
        path,
        RoutingRule,
        {
            "rule": not_empty,
            "order": whole_number,
            "level": any_or_choices(*LEVELS),
            "former_tier": any_or_choices(*TIERS),
            "score": ScoreBand.read,
            "care": any_or_choices(*CARES),
            "arrival": any_or_choices(*ARRIVALS),
            "living_area": any_or_choices(*AREAS),
            "listed": any_or_choices("yes", "no"),
            "diagnosis": any_or_choices(*ANNEXES),
            "percent": percent_or_unknown,
            "because_vi": not_empty,
            "because_en": not_empty,
        },
    )


def _small_number(text: str) -> int:
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII):
        raise ValueError("a whole number from 0 to 999")
    return int(text)


def _digest(paths: list[Path]) -> bytes:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()


def _by_code(rows: tuple[ObjectCode, ...]) -> dict[str, tuple[ObjectCode, ...]]:
    codes = {row.code for row in rows}
    return {code: tuple(row for row in rows if row.code == code) for code in codes}


def _read_issued(path: Path) -> date:
    try:
        heading, value = path.read_text("utf-8-sig").split()
        if heading != "issued":
            raise ValueError(heading)
        return date.fromisoformat(value)
    except (OSError, ValueError) as exc:
        raise BadTable(f"{path.name}: expected the heading issued and one day") from exc
