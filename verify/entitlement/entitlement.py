"""Entitlement: what a patient is entitled to on one visit, why, and what would change it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from verify.entitlement.benefit import LIFTED, Benefit, benefit_of
from verify.entitlement.explain import notes_on, of, sentence
from verify.entitlement.law import Law
from verify.entitlement.lifts import lifts
from verify.entitlement.phrases import Sentence, Told
from verify.entitlement.provisions import Rule
from verify.entitlement.routing import Routing, Way
from verify.entitlement.situation import Situation
from verify.entitlement.slips import last_good_day


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The answer. A percentage that is None is not known, and is told so."""

    share_percent: float | None
    benefit_percent: int | None
    routing_percent: int | None
    rule: Rule | None
    ma_doituong_kcb: str
    law: str
    sentence: Sentence
    notes: tuple[Told, ...]
    as_of: date  # of the tables
    arrival: str  # as it counts: a lapsed referral is none


def entitle(asked: Situation, law: Law) -> Entitlement:
    """Return what a patient is entitled to. Raises nothing: what is not known is told."""
    at, notes = _as_it_counts(asked, law)
    routing, benefit = law.route(Way.of(at)), benefit_of(at, law)
    rule = routing.rule
    in_order = routing.percent == 100
    percent = benefit.percent
    lifting: list[Told] = []
    if benefit.digit in LIFTED and rule is not None and not rule.overrides:
        is_lifted, lifting = lifts(at, law, in_order)
        percent = 100 if is_lifted else percent
    share = _share(percent, routing)
    return Entitlement(
        share_percent=share,
        benefit_percent=percent,
        routing_percent=routing.percent,
        rule=rule,
        ma_doituong_kcb=rule.ma_doituong_kcb if rule else "",
        law="; ".join(part for part in (rule.legal_basis if rule else "", _basis(benefit)) if part),
        sentence=sentence(at, law, routing, percent, share),
        notes=(*notes, *benefit.notes, *lifting, *notes_on(at, law, routing, benefit, percent)),
        as_of=law.issued,
        arrival=at.arrival,
    )


def _share(benefit: int | None, routing: Routing) -> float | None:
    rule = routing.rule
    if rule is None or rule.percent is None:
        return None
    if rule.overrides or rule.percent == 0:
        return rule.percent
    return None if benefit is None else of(benefit, rule.percent)


def _basis(benefit: Benefit) -> str:
    return benefit.law if benefit.percent is not None else ""


def _as_it_counts(at: Situation, law: Law) -> tuple[Situation, list[Told]]:
    """Return the visit as the law sees it, and what differs from what was said at the desk."""
    tell = law.phrases.told
    registered_here = bool(at.facility.code) and at.facility.code in at.registered_at
    if at.arrival == "self" and registered_here:
        return replace(at, arrival="registered"), [tell("note.registered_here")]
    if at.arrival == "registered" and at.registered_at and at.facility.code and not registered_here:
        return at, [tell("note.registered_elsewhere", code=at.registered_at)]
    if at.arrival != "referral" or at.slip is None:
        return at, []
    if at.slip.signed_on > at.visit_date:
        return at, [tell("note.slip_not_begun")]
    last = last_good_day(at.slip, law)
    if last < at.visit_date:
        lapsed = tell("note.slip_lapsed", day=f"{last:%d/%m/%Y}")
        return replace(at, arrival="self"), [lapsed]
    return at, [tell("note.slip_until", day=f"{last:%d/%m/%Y}")]
