"""The cases in which a patient is recorded without a card, and what the desk's page asks in each.

The rules are those of `kiosk.desk.confirmation`, which decides; this table only keeps the page from
asking for more than a case needs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _l

from kiosk.desk import MISUSE_REASONS
from kiosk.insurer import EMERGENCY, SELF_REFERRED, UNINSURED
from kiosk.web.pages.advice import VerdictTone
from verify import Reason


class NoCardCase(NamedTuple):
    """One case: its texts, and the way of arrival and the document that it stands for."""

    name: str
    title: Any  # a lazy text, as the others
    detail: Any  # what the clerk looks at
    button: Any  # what the button does that records the visit
    say: Any  # what the clerk says to the patient; empty if there is nothing to say
    tone: VerdictTone  # of the button
    arrival: str
    papers: str = ""  # empty if no document stands for a card, or if the clerk chooses one
    key: str = ""  # with Alt


_BIRTH_RECORD, _RECEIPT, _IN_RECORD = "birth_record", "receipt", "donor_record"
_INSURED = _l("Record as insured, without a card")
UNKNOWN = "unknown"

NO_CARD_CASES = (
    NoCardCase(
        name="newborn",
        title=_l("Newborn"),
        detail=_l("up to 28 days old: the birth record, or confirmed in the patient record"),
        button=_INSURED,
        say=_l("May I see the birth record, please?"),
        tone=VerdictTone.GO,
        arrival="newborn",
    ),
    NoCardCase(
        name="child",
        title=_l("Child under 6"),
        detail=_l("by the birth record or birth certificate"),
        button=_INSURED,
        say=_l("May I see the birth record or birth certificate, please?"),
        tone=VerdictTone.GO,
        arrival=SELF_REFERRED,
        papers=_BIRTH_RECORD,
    ),
    NoCardCase(
        name="receipt",
        title=_l("Waiting for a card"),
        detail=_l("by the insurer’s receipt for the card"),
        button=_INSURED,
        say=_l("May I see the receipt for your card, please?"),
        tone=VerdictTone.GO,
        arrival=SELF_REFERRED,
        papers=_RECEIPT,
    ),
    NoCardCase(
        name="donor",
        title=_l("Organ donor"),
        detail=_l("confirmed in the patient record"),
        button=_INSURED,
        say="",
        tone=VerdictTone.GO,
        arrival="donor",
        papers=_IN_RECORD,
    ),
    NoCardCase(
        name=EMERGENCY,
        title=_l("Emergency"),
        detail=_l("the card is shown later"),
        button=_l("Record as an emergency"),
        say=_l("Please go in now. Bring the card or the ID card when you can."),
        tone=VerdictTone.WAIT,
        arrival=EMERGENCY,
        key="c",
    ),
    NoCardCase(
        name=UNKNOWN,
        title=_l("Name unknown"),
        detail=_l("nobody knows the name: the program gives a code"),
        button=_l("Record an unknown patient"),
        say="",
        tone=VerdictTone.WAIT,
        arrival=EMERGENCY,
        key="u",
    ),
    NoCardCase(
        name=UNINSURED,
        title=_l("Without insurance"),
        detail=_l("the patient pays"),
        button=_l("Record without insurance"),
        say=_l("May I have your name, please?"),
        tone=VerdictTone.ASK,
        arrival=UNINSURED,
        key="k",
    ),
)


def no_card_cases(reason: Reason) -> tuple[NoCardCase, ...]:
    """Return the cases that a reading without a card leaves open.

    If a card was shown and misused, no other document stands for it (`MISUSE_REASONS`).
    """
    if reason not in MISUSE_REASONS:
        return NO_CARD_CASES
    return tuple(case for case in NO_CARD_CASES if case.name in (EMERGENCY, UNKNOWN, UNINSURED))
