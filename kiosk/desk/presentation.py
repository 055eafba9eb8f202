"""How a patient showed that they are insured, and how they were identified, as far as it is known.

1.  The form that a person chose counts; else the form among the papers; else what the code says.
2.  A code says little: the QR code of an insurance card is the same on paper and in VssID, so its
    form is not known.  An ID card's code may also be shown on VNeID.
3.  How the patient was identified follows from what happened.  A person states it only where the
    program cannot see it, such as the chip of an ID card.
4.  Insurance was presented when the card was read.  A patient without insurance presented none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from kiosk.insurer import EMERGENCY, UNINSURED
from kiosk.logbook import HowPresented, IdentifiedBy, PresentedAs
from verify import Outcome, Reason, Verdict

NUMBERS = "number"  # how the formats of bare numbers begin
SIGNED_FORMATS = ("hc1", "shc")  # electronic cards
ID_CARD_FORMAT = "cccd"


@dataclass(frozen=True, slots=True)
class PresentationEntry:
    """What a person or a program said about the presentation; None where nothing was said."""

    presented_as: PresentedAs | None = None
    identified_by: IdentifiedBy | None = None
    papers: str = field(default="", repr=False)
    holder: str = field(default="", repr=False)  # the name as it was typed


def suggested_form(verdict: Verdict) -> PresentedAs:
    """Return the form of presentation that a verdict suggests."""
    shape = verdict.format or ""
    if verdict.reason is Reason.NO_CARD_SHOWN:
        return PresentedAs.NONE
    if shape == ID_CARD_FORMAT or verdict.identity is not None:
        return PresentedAs.ID_CARD
    if shape in SIGNED_FORMATS:
        return PresentedAs.E_CARD
    return PresentedAs.NUMBER if shape.startswith(NUMBERS) else PresentedAs.NOT_KNOWN


def how_presented(
    verdict: Verdict, entry: PresentationEntry, arrival: str, at: datetime
) -> HowPresented:
    """Return how insurance was presented for a visit.

    `arrival` is one of `kiosk.insurer.ARRIVALS`, and `at` (aware) is when the card was read.
    """
    form = entry.presented_as or _form_among(entry.papers) or suggested_form(verdict)
    is_emergency_without_card = arrival == EMERGENCY and verdict.card is None
    is_without_insurance = arrival == UNINSURED or is_emergency_without_card
    return HowPresented(
        presented_as=form,
        identified_by=entry.identified_by or _identification(verdict, entry, form),
        presented_at=None if is_without_insurance else at,
    )


def better_identification(before: HowPresented, after: HowPresented) -> IdentifiedBy:
    """Return how the patient was identified best: a document before a look-up, before typing."""
    order = list(IdentifiedBy)
    return min(before.identified_by, after.identified_by, key=order.index)


def _form_among(papers: str) -> PresentedAs | None:
    """Return the first form of presentation among the papers that were shown."""
    forms = {form.value: form for form in PresentedAs}
    return next((forms[paper] for paper in papers.split("; ") if paper in forms), None)


def _identification(verdict: Verdict, entry: PresentationEntry, form: PresentedAs) -> IdentifiedBy:
    card, coverage = verdict.card, verdict.coverage
    is_number = (verdict.format or "").startswith(NUMBERS)
    if card is not None and form is PresentedAs.VNEID:
        return IdentifiedBy.VNEID
    if card is not None and (verdict.identity is not None or (card.holder and not is_number)):
        return IdentifiedBy.QR
    if coverage is not None and coverage.holder and verdict.outcome is not Outcome.DESK:
        return IdentifiedBy.LOOKUP
    if entry.holder or (card is not None and card.holder):
        return IdentifiedBy.TYPED
    return IdentifiedBy.NOT_KNOWN
