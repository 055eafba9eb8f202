"""Say an entitlement so that a clerk can read it aloud: what is paid, why, what would change it."""

from __future__ import annotations

from datetime import date

from verify.entitlement.benefit import Benefit
from verify.entitlement.law import Law
from verify.entitlement.phrases import Sentence, Told
from verify.entitlement.provisions import Rule
from verify.entitlement.routing import Routing
from verify.entitlement.situation import Situation

CODES_BEGAN, LAW_BEGAN = date(2025, 7, 1), date(2025, 1, 1)  # QĐ 3276; Luật 51/2024 Đ3 k2


def sentence(
    at: Situation, law: Law, routing: Routing, benefit: int | None, share: float | None
) -> Sentence:
    """Return one sentence in each language."""
    tell = law.phrases.told
    if share is None:
        return _unknown(law, routing)
    rule = routing.rule
    assert rule is not None  # a share has a rule
    parts = [tell("pays_all") if share == 100 else tell("pays_nothing")]
    if 0 < share < 100:
        parts = [tell("pays_part", share=share, rest=100 - share)]
    if at.cost_vnd is not None:
        fund = round(at.cost_vnd * share / 100)
        parts.append(tell("amounts", fund=fund, patient=at.cost_vnd - fund))
    parts += [tell("because"), _reason(rule)]
    if rule.percent != 100 and not rule.overrides and benefit is not None:
        parts.append(tell("would_be", share=benefit))
    return Sentence((*parts, tell("end")))


def _unknown(law: Law, routing: Routing) -> Sentence:
    tell, rule = law.phrases.told, routing.rule
    opening = (tell("not_known"), tell("because"))
    if routing.profile_missing:
        return Sentence((*opening, tell("profile_missing"), tell("end")))
    if rule is not None and rule.percent is not None:
        return Sentence((*opening, tell("benefit_missing"), tell("end")))
    why = tell("no_rules_then") if rule is None else _reason(rule)
    return Sentence((*opening, why, tell("ask_reviewer")))


def _reason(rule: Rule) -> Told:
    return Told(rule.rule, rule.because_vi, rule.because_en)


def notes_on(
    at: Situation, law: Law, routing: Routing, benefit: Benefit, percent: int | None
) -> list[Told]:
    """Return what stands beside the sentence: both readings, ways up, how sure it is."""
    tell, rule = law.phrases.told, routing.rule
    if rule is None:
        return []
    notes = []
    if routing.other is not None and rule.open_question:
        notes.append(tell(f"question.{rule.open_question}", other=routing.other.percent))
    if percent is not None:
        notes += [tell(f"note.{way}", share=of(percent, then)) for way, then in routing.ways_up]
    if at.facility.level == "ban_dau" and at.facility.is_listed == "no" and percent != 100:
        notes.append(tell("note.listed_not_set"))
    if "low" in (rule.confidence, benefit.confidence):
        notes.append(tell("note.low_confidence"))
    if rule.ma_doituong_kcb:
        notes.append(tell("note.provisional_code"))
        if LAW_BEGAN <= at.visit_date < CODES_BEGAN:
            notes.append(tell("note.codes_began_later"))
    return notes


def of(benefit: int, percent: int) -> float:
    """Return a percentage of a benefit; a whole one as a whole number."""
    share = benefit * percent / 100
    return int(share) if share.is_integer() else share
