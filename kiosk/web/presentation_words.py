"""The words of the pages for how a patient came and was identified."""

from __future__ import annotations

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kiosk.desk import LATE_CARD
from kiosk.logbook import GuardianRelation, IdentifiedBy, PresentedAs
from kiosk.web.api.people import STATED_KINDS
from kiosk.web.language import PAPERS_WORDS
from verify import NumberKind, ReferralForm

PRESENTED_WORDS = PAPERS_WORDS | {
    PresentedAs.ID_CARD: _l("ID card"),
    PresentedAs.NONE: _l("nothing"),
    PresentedAs.NOT_KNOWN: _l("not known"),
}
IDENTIFIED_WORDS = {
    IdentifiedBy.QR: _l("by the QR code of a card"),
    IdentifiedBy.CHIP: _l("by the chip of the ID card"),
    IdentifiedBy.VNEID: _l("on VNeID"),
    IdentifiedBy.LOOKUP: _l("by the insurer’s answer"),
    IdentifiedBy.TYPED: _l("typed by the clerk"),
    IdentifiedBy.NOT_KNOWN: _l("not known"),
}
RELATION_WORDS = {
    GuardianRelation.MOTHER: _l("mother"),
    GuardianRelation.FATHER: _l("father"),
    GuardianRelation.GRANDPARENT: _l("grandparent"),
    GuardianRelation.RELATIVE: _l("another relative"),
    GuardianRelation.GUARDIAN: _l("legal guardian"),
    GuardianRelation.OTHER: _l("somebody else"),
}
NUMBER_WORDS = {
    NumberKind.PERSONAL: _l("personal number"),
    NumberKind.CANCELLED_PERSONAL: _l("cancelled personal number"),
    NumberKind.OLD_ID: _l("old ID card (9 digits)"),
    NumberKind.PASSPORT: _l("passport"),
    NumberKind.ORIGIN_CERTIFICATE: _l("certificate of Vietnamese origin"),
    NumberKind.FOREIGNER_IDENTITY: _l("electronic identity of a foreigner"),
    NumberKind.INSURANCE: _l("insurance number"),
    NumberKind.CARD: _l("card number"),
}
REFERRAL_FORM_WORDS = {
    ReferralForm.PAPER: _l("on paper"),
    ReferralForm.VNEID: _l("electronic, seen on VNeID"),
    ReferralForm.ELECTRONIC: _l("electronic, seen elsewhere"),
}
WHY_WORDS = {LATE_CARD: _l("card presented later")}  # reasons that the program writes itself
PROBLEM_WORDS = {
    "no_card": _l("No card could be read. Scan the card again, or type its number."),
    "nothing_to_confirm": _l("No card could be read. Scan the card again, or type its number."),
    "no_such_attempt": _l("No card could be read. Scan the card again, or type its number."),
    "bad_field": _l(
        "Nothing was changed: something you typed is not valid. Check the marked field."
    ),
    "reason_wanted": _l("The card raises a question: look at it, and enter a reason to accept it."),
    "presented_at_wrong": _l("The time must not be in the future, nor before the patient arrived."),
    "another_person": _l("This card is not of this patient: name, birth or number differ."),
    "presented_before": _l("This visit has a card already. Correct the visit instead."),
    "attempt_used_before": _l("Another visit was recorded with this reading of the card."),
    "still_sending": _l("The visit is being sent to the insurer now. Try again in a minute."),
    "changed_meanwhile": _l(
        "Somebody has changed this visit in the meantime. Look at it again first."
    ),
    "nothing_to_change": _l(
        "Nothing was changed: the visit is already like this, or it can no longer be changed."
    ),
}


def add_words(blueprint: Blueprint) -> None:
    """Add the filters of these words to all templates."""
    blueprint.add_app_template_filter(lambda value: str(PRESENTED_WORDS[value]), "presented_as")
    blueprint.add_app_template_filter(lambda why: str(WHY_WORDS.get(why, why)), "why")
    blueprint.add_app_template_filter(lambda value: str(IDENTIFIED_WORDS[value]), "identified_by")
    blueprint.add_app_template_filter(lambda value: str(RELATION_WORDS[value]), "relation")
    blueprint.add_app_template_filter(lambda value: str(NUMBER_WORDS[value]), "number_kind")
    blueprint.add_app_template_filter(
        lambda value: str(REFERRAL_FORM_WORDS[value]), "referral_form"
    )
    blueprint.add_app_template_filter(
        lambda kind: str(PROBLEM_WORDS.get(kind, _("Nothing was changed."))), "presentation_problem"
    )
    blueprint.app_context_processor(
        lambda: {
            "guardian_relations": list(GuardianRelation),
            "referral_forms": list(ReferralForm),
            "document_kinds": STATED_KINDS,
        }
    )
