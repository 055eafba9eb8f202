"""In every situation of the law's tables one rule decides, if only one that says `unknown`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from kiosk.runtime.paths import shipped_folder
from tests.sampling import sample_and_all
from verify import LEVELS, TIERS, FacilityProfile, RoutingInput, Situation, entitle, read_law
from verify.entitlement.rules.rows import ARRIVALS

LAW = read_law(shipped_folder("config") / "tables")
DAYS = [date.fromisoformat(day) for day in ("2024-12-31", "2025-01-01", "2025-06-30", "2025-07-01",
                                            "2026-06-30", "2026-07-01", "2026-11-21")]  # fmt: skip
SCORES = (0, 49, 50, 60, 70, 71, 100)
AREAS = ("", "K1", "K2", "K3")
CARES = ("outpatient", "inpatient")
DOCUMENT = (Path(__file__).parents[2] / "docs" / "entitlement.md").read_text("utf-8")


# Of all inputs on a day, one in so many; a prime, so that no field always has the same value.
of_all_inputs = sample_and_all("one_in", sample=53, whole=1)


def inputs(day: date, one_in: int) -> Iterator[RoutingInput]:
    """Yield one in so many of all inputs that routing can get on a day."""
    return itertools.islice(_all_inputs(day), 0, None, one_in)


def _all_inputs(day: date) -> Iterator[RoutingInput]:
    for level, tier, score, listed in itertools.product(LEVELS, TIERS, SCORES, (None, True)):
        here = FacilityProfile("01005", level, score, tier, listed)
        for arrival, care, area, annex in itertools.product(
            ARRIVALS, CARES, AREAS, ("", "annex_1", "annex_2")
        ):
            yield RoutingInput(day, here, arrival, care, area, annex)


@pytest.mark.parametrize("day", DAYS, ids=str)
@of_all_inputs
def test_one_rule_decides_and_each_open_question_is_documented(day: date, one_in: int) -> None:
    listed = set(re.findall(r"^\| `([NO]\d+[a-d]?)` ", DOCUMENT, re.MULTILINE))
    unknown = set()
    for visit in inputs(day, one_in):
        routing = LAW.route(visit)
        assert routing.rule is not None, visit
        if routing.percent is None:
            unknown.add(routing.rule.rule)
    assert unknown
    assert unknown <= listed


@pytest.mark.parametrize("day", DAYS, ids=str)
@sample_and_all("one_in", sample=53, whole=7)  # in each seventh of them all rules occur
def test_rules_that_fit_the_same_visit_differ_in_order(day: date, one_in: int) -> None:
    for visit in inputs(day, one_in):
        fitting = [step.rule for step in LAW.trail(visit) if not step.missed]
        orders = [rule.order for rule in fitting]
        assert len(set(orders)) == len(orders), (visit, fitting)
        assert LAW.route(visit).rule == fitting[0]


@of_all_inputs
def test_an_emergency_or_a_referral_never_pays_less_than_coming_without_one(one_in: int) -> None:
    for day in DAYS:
        for visit in inputs(day, one_in):
            if visit.arrival != "self":
                continue
            without = LAW.route(visit).percent
            for arrival in ("emergency", "referral", "registered"):
                better = LAW.route(visit._replace(arrival=arrival)).percent
                assert better == 100
                assert without is None or without <= better


@of_all_inputs
def test_every_sentence_is_complete_in_both_languages(one_in: int) -> None:
    sentences = set()
    for visit in inputs(DAYS[-1], one_in):
        for digit in (3, 4, None):
            situation = Situation(
                visit.visit_date,
                visit.facility,
                visit.arrival,
                visit.care,
                ("DN",),
                digit,
                visit.living_area,
                annex=visit.annex,
            )
            found = entitle(situation, LAW)
            sentences |= {found.sentence.vi, found.sentence.en}
            sentences |= {text for note in found.notes for text in (note.vi, note.en)}
    assert len(sentences) > 60
    for text in sentences:
        assert not re.search(r"[{}]|None|  |;;|\.\.|; ;", text), text


def test_the_open_questions_of_the_document_are_those_of_the_tables() -> None:
    listed = set(re.findall(r"^\| `([NO]\d+[a-d]?)` ", DOCUMENT, re.MULTILINE))

    assert listed == {rule.rule for rule in LAW.rules if rule.open_question}
