"""Entitlement: what a patient is entitled to on one visit, why, and what would change it.

    share = benefit × routing

1.  The situation is read as the law counts it: an expired referral does not count.
2.  Routing gives the part of the benefit that is paid, by how and where the patient came.
3.  The card gives the benefit that is paid for a visit in order.
4.  A benefit of 80 or 95 % becomes 100 % if the visit is in order and an exemption applies.
5.  A rule that overrides, or that pays nothing, gives the share whatever the benefit is.
6.  Whatever is not known stays not known: the share is then None, and the answer says why.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from verify.entitlement.benefit import EXEMPTIBLE_DIGITS, find_benefit
from verify.entitlement.exemptions import Exemption, find_exemption, has_five_years
from verify.entitlement.explain import (
    Percentages,
    least_certain,
    percent_of,
    write_notes,
    write_sentence,
)
from verify.entitlement.referrals import effective_situation
from verify.entitlement.routing import Routing, RoutingInput
from verify.entitlement.rules.citations import Citation
from verify.entitlement.rules.law import Law
from verify.entitlement.rules.phrases import LocalizedText, Sentence
from verify.entitlement.situation import Situation

LONG_STAY = timedelta(days=60)  # a card that lasts longer than this is not mentioned
PAID_AFTER_CARD = timedelta(days=15)  # at most, after a card ends during treatment (NĐ 188 Đ50 k4)


class Entitlement(NamedTuple):
    """The answer. A percentage that is not known is None, and the sentence says so.

    An answer that was read from JSON has its texts as they were written then, and no `arrival`.
    """

    share_percent: float | None
    benefit_percent: int | None
    routing_percent: int | None
    rule: str  # the row of the routing table that decided; empty if no row did
    ma_doituong_kcb: str
    law: str
    sentence: Sentence
    notes: tuple[LocalizedText, ...]
    as_of: date  # the day on which the tables were issued
    arrival: str = ""  # as it counts: an expired referral counts as `self`
    confidence: str = ""  # of the rows that decided, the least certain; empty: not written down


def entitle(requested: Situation, law: Law) -> Entitlement:
    """Return what a patient is entitled to.

    Raises nothing: if something is not known, the answer says what it is.
    """
    situation, notes = effective_situation(requested, law)
    routing = law.route(RoutingInput.from_situation(situation))
    benefit = find_benefit(situation, law)
    rule, is_in_order = routing.rule, routing.percent == 100
    is_exemptible = benefit.digit in EXEMPTIBLE_DIGITS and rule is not None and not rule.overrides
    exemption = find_exemption(situation, law) if is_exemptible else Exemption()
    percent_in_order = 100 if exemption.reason else benefit.percent
    percent = percent_in_order if is_in_order else benefit.percent
    if is_in_order:
        notes += exemption.notes
    elif routing.percent is not None and is_exemptible and has_five_years(situation):
        notes.append(law.phrases.text("note.five_years_not_self"))
    share = _share(percent, routing)
    bases = (
        rule.legal_basis if rule else "",
        exemption.law if is_in_order else "",
        benefit.law if benefit.percent is not None else "",
    )
    percentages = Percentages(
        share, percent, percent_in_order, exemption.reason if is_in_order else ""
    )
    notes += benefit.notes
    notes += write_notes(situation, law, routing, benefit, percentages)
    citation = law.cite("; ".join(filter(None, bases)), situation.visit_date)
    notes += _notes_on_stay(situation, law)
    notes += _notes_on_older_documents(citation, law)
    return Entitlement(
        share_percent=share,
        benefit_percent=percent,
        routing_percent=routing.percent,
        rule=rule.rule if rule else "",
        ma_doituong_kcb=rule.ma_doituong_kcb if rule else "",
        law=citation.text,
        sentence=write_sentence(situation, law, routing, percentages),
        notes=tuple(notes),
        as_of=law.issued,
        arrival=situation.arrival,
        confidence=least_certain(rule.confidence if rule else "high", benefit.confidence),
    )


def _notes_on_stay(situation: Situation, law: Law) -> list[LocalizedText]:
    """Return the note on a card that may end while an inpatient is treated; empty if it lasts."""
    last_day, today = situation.card_until, situation.visit_date
    if situation.care != "inpatient" or last_day is None or last_day < today:
        return []
    if last_day - today > LONG_STAY:
        return []
    paid_until = last_day + PAID_AFTER_CARD
    key = "note.card_ends_in_stay"
    return [law.phrases.text(key, day=f"{last_day:%d/%m/%Y}", until=f"{paid_until:%d/%m/%Y}")]


def _notes_on_older_documents(citation: Citation, law: Law) -> list[LocalizedText]:
    """Return the note that only an older document is known for a part; empty if all hold."""
    if not citation.older:
        return []
    return [
        law.phrases.text(
            "note.older_document",
            documents=", ".join(row.document for row in citation.older),
            newer=", ".join(dict.fromkeys(row.replaced_by for row in citation.older)),
        )
    ]


def _share(benefit: int | None, routing: Routing) -> float | None:
    """Return the percentage of the costs that is paid; None if it is not known."""
    rule = routing.rule
    if rule is None or rule.percent is None:
        return None
    if rule.overrides or rule.percent == 0:
        return rule.percent
    return None if benefit is None else percent_of(benefit, rule.percent)
