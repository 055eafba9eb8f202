"""Say an entitlement so that a clerk can read it aloud: what is paid, why, what would change it."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from verify.entitlement.benefit import Benefit
from verify.entitlement.routing import Routing
from verify.entitlement.rules.law import Law
from verify.entitlement.rules.phrases import LocalizedText, Sentence
from verify.entitlement.rules.rows import RoutingRule
from verify.entitlement.situation import Situation

CODES_BEGAN, LAW_BEGAN = date(2025, 7, 1), date(2025, 1, 1)  # QĐ 3276; Luật 51/2024 Đ3 k2


class Percentages(NamedTuple):
    """How far an answer has come: percentages, None where not known."""

    share: float | None
    percent: int | None  # of benefit, here
    best: int | None  # of benefit, were the visit in order
    lifted_by: str  # key of a phrase; empty: nothing


def write_sentence(at: Situation, law: Law, routing: Routing, reached: Percentages) -> Sentence:
    """Return one sentence in each language."""
    tell, share, rule = law.phrases.text, reached.share, routing.rule
    if share is None or rule is None:
        return _unknown(at, law, routing, reached)
    parts = [tell("pays_all") if share == 100 else tell("pays_nothing")]
    if 0 < share < 100:
        parts = [tell("pays_part", share=share, rest=100 - share)]
    if at.cost_vnd is not None:
        fund = round(at.cost_vnd * share / 100)
        parts.append(tell("amounts", fund=fund, patient=at.cost_vnd - fund))
    parts += [tell("because"), _reason(rule)]
    if reached.lifted_by:
        parts.append(tell(reached.lifted_by))
    if rule.percent != 100 and not rule.overrides and reached.best is not None:
        parts.append(tell("would_be", share=reached.best))
    return Sentence((*parts, tell("end")))


def _unknown(at: Situation, law: Law, routing: Routing, reached: Percentages) -> Sentence:
    tell, rule = law.phrases.text, routing.rule
    opening = (tell("not_known"), tell("because"))
    if routing.profile_missing:
        return Sentence((*opening, tell("profile_missing"), tell("end")))
    if rule is not None and rule.percent is not None:
        return Sentence((*opening, tell("benefit_missing"), tell("end")))
    parts = [*opening, tell("no_rules_then") if rule is None else _reason(rule)]
    if at.arrival == "self" and rule is not None and reached.best is not None:
        parts.append(tell("would_be", share=reached.best))
    return Sentence((*parts, tell("ask_reviewer")))


def _reason(rule: RoutingRule) -> LocalizedText:
    return LocalizedText(rule.rule, rule.because_vi, rule.because_en)


def write_notes(
    at: Situation, law: Law, routing: Routing, benefit: Benefit, reached: Percentages
) -> list[LocalizedText]:
    """Return what stands beside the sentence: both readings, ways up, how sure it is."""
    tell, rule = law.phrases.text, routing.rule
    if rule is None:
        return []
    notes = []
    if routing.other is not None and rule.open_question:
        notes.append(tell(f"question.{rule.open_question}", other=routing.other.percent))
    if reached.percent is not None and reached.best is not None:
        for way, then in routing.ways_up:
            share = percent_of(reached.best if then == 100 else reached.percent, then)
            notes.append(tell(f"note.{way}", share=share))
    if at.facility.level == "ban_dau" and at.facility.is_listed == "no" and reached.percent != 100:
        notes.append(tell("note.listed_not_set"))
    if "low" in (rule.confidence, benefit.confidence):
        notes.append(tell("note.low_confidence"))
    if rule.ma_doituong_kcb:
        notes.append(tell("note.provisional_code"))
        if LAW_BEGAN <= at.visit_date < CODES_BEGAN:
            notes.append(tell("note.codes_began_later"))
    return notes


def percent_of(benefit: int, percent: int) -> float:
    """Return a percentage of a benefit; a whole one as a whole number."""
    share = benefit * percent / 100
    return int(share) if share.is_integer() else share
