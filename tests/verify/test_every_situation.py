"""Every situation that the law's tables speak of has one rule that decides, or says it has none."""

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


# Each way on a day, or one in so many; a prime, so that no field keeps one value.
of_all_ways = sample_and_all("one_in", sample=53, whole=1)


def ways(day: date, one_in: int) -> Iterator[RoutingInput]:
    """Yield what a visit on a day can be, or one in so many of it."""
    return itertools.islice(_all_ways(day), 0, None, one_in)


def _all_ways(day: date) -> Iterator[RoutingInput]:
    for level, tier, score, listed in itertools.product(LEVELS, TIERS, SCORES, (None, True)):
        here = FacilityProfile("01005", level, score, tier, listed)
        for arrival, care, area, annex in itertools.product(
            ARRIVALS, CARES, AREAS, ("", "annex_1", "annex_2")
        ):
            yield RoutingInput(day, here, arrival, care, area, annex)


@pytest.mark.parametrize("day", DAYS, ids=str)
@of_all_ways
def test_exactly_one_rule_decides_and_open_questions_are_listed(day: date, one_in: int) -> None:
    told = set(re.findall(r"^\| `([NO]\d+[ab]?)` ", DOCUMENT, re.MULTILINE))
    unknown = set()
    for way in ways(day, one_in):
        routing = LAW.route(way)
        assert routing.rule is not None, way
        if routing.percent is None:
            unknown.add(routing.rule.rule)
    assert unknown
    assert unknown <= told


@pytest.mark.parametrize("day", DAYS, ids=str)
@sample_and_all("one_in", sample=53, whole=7)  # in each seventh of them all rules occur
def test_of_the_rules_that_fit_no_two_are_asked_at_the_same_time(day: date, one_in: int) -> None:
    for way in ways(day, one_in):
        fitting = [step.rule for step in LAW.trail(way) if not step.missed]
        orders = [rule.order for rule in fitting]
        assert len(set(orders)) == len(orders), (way, fitting)
        assert LAW.route(way).rule == fitting[0]


@of_all_ways
def test_an_emergency_or_a_referral_never_pays_less_than_coming_by_oneself(one_in: int) -> None:
    for day in DAYS:
        for way in ways(day, one_in):
            if way.arrival != "self":
                continue
            alone = LAW.route(way).percent
            for arrival in ("emergency", "referral", "registered"):
                better = LAW.route(way._replace(arrival=arrival)).percent
                assert better == 100
                assert alone is None or alone <= better


@of_all_ways
def test_every_sentence_is_whole_in_both_languages(one_in: int) -> None:
    sentences = set()
    for way in ways(DAYS[-1], one_in):
        for digit in (3, 4, None):
            at = Situation(way.visit_date, way.facility, way.arrival, way.care, ("DN",), digit,
                           way.living_area, annex=way.annex)  # fmt: skip
            found = entitle(at, LAW)
            sentences |= {found.sentence.vi, found.sentence.en}
            sentences |= {text for note in found.notes for text in (note.vi, note.en)}
    assert len(sentences) > 60
    for text in sentences:
        assert not re.search(r"[{}]|None|  |;;|\.\.|; ;", text), text


def test_the_open_questions_of_the_document_are_those_of_the_tables() -> None:
    told = set(re.findall(r"^\| `([NO]\d+[ab]?)` ", DOCUMENT, re.MULTILINE))

    assert told == {rule.rule for rule in LAW.rules if rule.open_question}
