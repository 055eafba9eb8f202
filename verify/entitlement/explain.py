"""Write the sentence that a clerk reads aloud: what is paid, why, and what would change it."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from verify.entitlement.benefit import Benefit
from verify.entitlement.routing import Routing
from verify.entitlement.rules.law import Law
from verify.entitlement.rules.phrases import LocalizedText, Sentence
from verify.entitlement.rules.rows import RoutingRule
from verify.entitlement.rules.tables import CONFIDENCES
from verify.entitlement.situation import Situation

ARRIVAL_CODES_BEGAN = date(2025, 7, 1)  # MA_DOITUONG_KCB of QĐ 3276
AMENDED_LAW_BEGAN = date(2025, 1, 1)  # Luật 51/2024 Đ3 k2


class Percentages(NamedTuple):
    """The percentages of an answer; None if one is not known."""

    share: float | None  # of the costs: what insurance pays on this visit
    benefit: int | None  # of this visit as it is
    benefit_in_order: int | None  # if the visit were in order
    exemption: str  # the key of the phrase that names it; empty without an exemption


def write_sentence(
    situation: Situation, law: Law, routing: Routing, percentages: Percentages
) -> Sentence:
    """Return one sentence, in both languages."""
    text, share, rule = law.phrases.text, percentages.share, routing.rule
    if share is None or rule is None:
        return _sentence_if_unknown(situation, law, routing, percentages)
    parts = [text("pays_all") if share == 100 else text("pays_nothing")]
    if 0 < share < 100:
        parts = [text("pays_part", share=share, rest=100 - share)]
    if situation.cost_vnd is not None:
        fund = round(situation.cost_vnd * share / 100)
        parts.append(text("amounts", fund=fund, patient=situation.cost_vnd - fund))
    parts += [text("because"), _reason(rule)]
    if percentages.exemption:
        parts.append(text(percentages.exemption))
    if rule.percent != 100 and not rule.overrides and percentages.benefit_in_order is not None:
        parts.append(text("would_be", share=percentages.benefit_in_order))
    return Sentence((*parts, text("end")))


def _sentence_if_unknown(
    situation: Situation, law: Law, routing: Routing, percentages: Percentages
) -> Sentence:
    """Return the sentence for a share that is not known: what is missing, and whom to ask."""
    text, rule = law.phrases.text, routing.rule
    opening = (text("not_known"), text("because"))
    if routing.profile_missing:
        return Sentence((*opening, text("profile_missing"), text("end")))
    if rule is not None and rule.percent is not None:
        return Sentence((*opening, text("benefit_missing"), text("end")))
    parts = [*opening, text("no_rules_then") if rule is None else _reason(rule)]
    in_order = percentages.benefit_in_order
    if situation.arrival == "self" and rule is not None and in_order is not None:
        parts.append(text("would_be", share=in_order))
    return Sentence((*parts, text("ask_reviewer")))


def _reason(rule: RoutingRule) -> LocalizedText:
    return LocalizedText(rule.rule, rule.because_vi, rule.because_en)


def write_notes(
    situation: Situation, law: Law, routing: Routing, benefit: Benefit, percentages: Percentages
) -> list[LocalizedText]:
    """Return the notes beside the sentence.

    They give the other reading of an open question, what would raise the share, and how certain
    the answer is.
    """
    text, rule, facility = law.phrases.text, routing.rule, situation.facility
    if rule is None:
        return []
    notes = []
    if routing.other is not None and rule.open_question:
        notes.append(_other_reading(rule.open_question, routing.other, percentages, law))
    if percentages.benefit is not None and percentages.benefit_in_order is not None:
        for change, percent in routing.improvements:
            best = percentages.benefit_in_order if percent == 100 else percentages.benefit
            notes.append(text(f"note.{change}", share=percent_of(best, percent)))
    if facility.level == "ban_dau" and facility.is_listed == "no" and percentages.benefit != 100:
        notes.append(text("note.listed_not_set"))
    confidence = least_certain(rule.confidence, benefit.confidence)
    if confidence != "high":
        notes.append(text(f"note.{confidence}_confidence"))
    if rule.ma_doituong_kcb:
        notes.append(text("note.provisional_code"))
        if AMENDED_LAW_BEGAN <= situation.visit_date < ARRIVAL_CODES_BEGAN:
            notes.append(text("note.codes_began_later"))
    return notes


def _other_reading(
    question: str, other: RoutingRule, percentages: Percentages, law: Law
) -> LocalizedText:
    """Return the note on an open question: what the other reading pays, of the benefit and in all.

    The share of the costs is `?` if the benefit of the card is not known.
    """
    benefit, percent = percentages.benefit, other.percent
    share = "?" if benefit is None or percent is None else percent_of(benefit, percent)
    return law.phrases.text(f"question.{question}", other=percent, share=share)


def least_certain(*confidences: str) -> str:
    """Return the least certain of several marks (`CONFIDENCES`)."""
    return max(confidences, key=CONFIDENCES.index)


def percent_of(benefit: int, percent: int) -> float:
    """Return a percentage of a benefit, both in percent; an int if it is a whole number."""
    share = benefit * percent / 100
    return int(share) if share.is_integer() else share
