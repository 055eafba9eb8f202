"""What the desk's page advises for a verdict: its tone, and what the first button does.

- The first button is the advice: what the program tells the clerk to do is what Enter does.
- A button that records a visit has the tone of the outcome; one that records nothing has not.
- A reason that is not in the tables is for a person to decide.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from kiosk.logbook import Attempt, Visit, VisitAtOtherDesk
from verify import Outcome, Reason


class VerdictTone(StrEnum):
    """The colour and shape of a verdict; the values are classes of the style sheet."""

    GO = "go"  # admitted
    WAIT = "wait"  # admitted, not confirmed yet
    ASK = "ask"  # a person looks and decides
    STOP = "stop"  # the card must not be trusted
    CALM = "calm"  # nothing was read, and nothing is wrong
    HERE = "here"  # the patient is here already


class Primary(StrEnum):
    """What the first button, and Enter, do."""

    RECORD = "record"
    ASK_INSURER = "ask_insurer"  # first the name and birth date, then a question
    OTHER_CARD = "other_card"
    ID_CARD = "id_card"
    LOOK = "look"  # look at papers, then record with a reason
    SCAN_AGAIN = "scan_again"
    CORRECT = "correct"  # the number that was typed
    NO_CARD = "no_card"
    SHOW_TICKET = "show_ticket"
    NEXT = "next"


class VerdictAdvice(NamedTuple):
    """The tone of a verdict and what its first button does."""

    tone: VerdictTone
    primary: Primary


OUTCOME_TONES = {
    Outcome.ADMITTED: VerdictTone.GO,
    Outcome.UNCONFIRMED: VerdictTone.WAIT,
    Outcome.DESK: VerdictTone.ASK,
}

_OTHER_CARD = VerdictAdvice(VerdictTone.ASK, Primary.OTHER_CARD)
_ID_CARD = VerdictAdvice(VerdictTone.ASK, Primary.ID_CARD)
_SCAN_AGAIN = VerdictAdvice(VerdictTone.CALM, Primary.SCAN_AGAIN)
DESK_ADVICE = {
    Reason.ENDED: _OTHER_CARD,
    Reason.NOT_BEGUN: _OTHER_CARD,
    Reason.REPLACED: _OTHER_CARD,
    Reason.WITHDRAWN: _OTHER_CARD,
    Reason.REPORTED_DOWN: _OTHER_CARD,
    Reason.PRINTED_DATES_OVER: _OTHER_CARD,
    Reason.NAME_DIFFERS: _ID_CARD,
    Reason.BIRTH_DIFFERS: _ID_CARD,
    Reason.SEX_DIFFERS: _ID_CARD,
    Reason.FACILITY_DIFFERS: _ID_CARD,
    Reason.NOT_LIVE: VerdictAdvice(VerdictTone.ASK, Primary.SCAN_AGAIN),
    Reason.SHOWN_BEFORE: VerdictAdvice(VerdictTone.ASK, Primary.SCAN_AGAIN),
    Reason.FORGED: VerdictAdvice(VerdictTone.STOP, Primary.OTHER_CARD),
    Reason.REVOKED: VerdictAdvice(VerdictTone.STOP, Primary.OTHER_CARD),
    Reason.NUMBER_WRONG: VerdictAdvice(VerdictTone.CALM, Primary.CORRECT),
    Reason.LEADING_ZERO_LOST: VerdictAdvice(VerdictTone.CALM, Primary.CORRECT),
    Reason.NO_CARD_SHOWN: VerdictAdvice(VerdictTone.CALM, Primary.NO_CARD),
    Reason.UNREADABLE: _SCAN_AGAIN,
    Reason.TRUNCATED: _SCAN_AGAIN,
    Reason.TOO_LONG: _SCAN_AGAIN,
    Reason.BAD_ENCODING: _SCAN_AGAIN,
    Reason.SELF_CHECK_FAILED: _SCAN_AGAIN,
    Reason.CHUNKED_CARD: _SCAN_AGAIN,
    Reason.DAMAGED_BY_INPUT_METHOD: _SCAN_AGAIN,
    Reason.NOT_A_BHYT_CARD: _SCAN_AGAIN,
}


def advice_on(
    attempt: Attempt, visit: Visit | None, here: Visit | VisitAtOtherDesk | None
) -> VerdictAdvice:
    """Return what the page advises for the newest verdict on a reading.

    `visit` is the visit that was confirmed on the reading, `here` another visit that the patient
    has today, at this desk or another; None if there is no such visit.
    """
    tone = OUTCOME_TONES[attempt.outcome]
    if visit is not None:
        return VerdictAdvice(tone, Primary.NEXT)
    if isinstance(here, Visit):
        return VerdictAdvice(VerdictTone.HERE, Primary.SHOW_TICKET)
    if here is not None:  # its ticket is at the other desk
        return VerdictAdvice(VerdictTone.HERE, Primary.NEXT)
    if attempt.outcome is Outcome.DESK:
        return DESK_ADVICE.get(attempt.reason, VerdictAdvice(VerdictTone.ASK, Primary.LOOK))
    card, coverage = attempt.verdict.card, attempt.verdict.coverage
    has_name = card is not None and (card.holder or (coverage and coverage.holder))
    return VerdictAdvice(tone, Primary.RECORD if has_name else Primary.ASK_INSURER)


def tone_of(attempt: Attempt) -> VerdictTone:
    """Return the tone of a reading in a list of patients."""
    return advice_on(attempt, None, None).tone
