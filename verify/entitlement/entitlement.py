"""Entitlement: what a patient is entitled to on one visit, why, and what would change it."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from verify.entitlement.benefit import LIFTED, find_benefit
from verify.entitlement.exemptions import Exemption, find_exemption, has_five_years
from verify.entitlement.explain import Percentages, percent_of, write_notes, write_sentence
from verify.entitlement.referrals import effective_situation
from verify.entitlement.routing import Routing, RoutingInput
from verify.entitlement.rules.law import Law
from verify.entitlement.rules.phrases import LocalizedText, Sentence
from verify.entitlement.situation import Situation


class Entitlement(NamedTuple):
    """The answer. A percentage that is None is not known, and is told so.

    One that is read back from JSON has its words as they were written then, and no `arrival`.
    """

    share_percent: float | None
    benefit_percent: int | None
    routing_percent: int | None
    rule: str  # the row of the routing table that decided; empty: none
    ma_doituong_kcb: str
    law: str
    sentence: Sentence
    notes: tuple[LocalizedText, ...]
    as_of: date  # of the tables
    arrival: str = ""  # as it counts: a lapsed referral is none


def entitle(asked: Situation, law: Law) -> Entitlement:
    """Return what a patient is entitled to. Raises nothing: what is not known is told."""
    at, notes = effective_situation(asked, law)
    routing, benefit = law.route(RoutingInput.from_situation(at)), find_benefit(at, law)
    rule, in_order = routing.rule, routing.percent == 100
    may_be_lifted = benefit.digit in LIFTED and rule is not None and not rule.overrides
    lift = find_exemption(at, law) if may_be_lifted else Exemption()
    best = 100 if lift.reason else benefit.percent  # what the visit would be paid in order
    percent = best if in_order else benefit.percent
    if in_order:
        notes += lift.notes
    elif routing.percent is not None and may_be_lifted and has_five_years(at):
        notes.append(law.phrases.text("note.five_years_not_self"))
    share = _share(percent, routing)
    bases = (
        rule.legal_basis if rule else "",
        lift.law if in_order else "",
        benefit.law if benefit.percent is not None else "",
    )
    reached = Percentages(share, percent, best, lift.reason if in_order else "")
    return Entitlement(
        share_percent=share,
        benefit_percent=percent,
        routing_percent=routing.percent,
        rule=rule.rule if rule else "",
        ma_doituong_kcb=rule.ma_doituong_kcb if rule else "",
        law="; ".join(filter(None, bases)),
        sentence=write_sentence(at, law, routing, reached),
        notes=(*notes, *benefit.notes, *write_notes(at, law, routing, benefit, reached)),
        as_of=law.issued,
        arrival=at.arrival,
    )


def _share(benefit: int | None, routing: Routing) -> float | None:
    rule = routing.rule
    if rule is None or rule.percent is None:
        return None
    if rule.overrides or rule.percent == 0:
        return rule.percent
    return None if benefit is None else percent_of(benefit, rule.percent)
