"""The errors of the desk: a scan holds no text, a card gets no name, a visit is not confirmed.

KioskError
├── NothingRead            the scan holds no text, so there is nothing to judge
├── BirthRequired          neither the card, the insurer nor the clerk gives a birth date
├── NothingToConfirm       the reading holds no card, so there is nobody to record
├── PatientIsKnown         a card or a name says who the patient is that is to be unknown
├── NoTemporaryCode        the patient cannot have a temporary card number, or it has another form
├── ReasonRequired         the verdict was `desk`: the clerk must give a reason
├── TurnOver               the turn at a screen for self-service has ended, and was wiped
├── OpenElsewhere          another page of the screen for self-service has taken it over
├── CardPresentedBefore    the visit has a card already: another one is a correction
├── AnotherPersonsCard     the card that is presented later is of somebody else
├── PresentationTimeWrong  the moment of presentation lies in the future or before the arrival
├── NumberNotRead          a number on a paper sheet is not one of a card or a person
└── PaperTimeWrong         a time on a paper sheet cannot be right; says why
"""

from __future__ import annotations

from enum import StrEnum

from kiosk.errors import KioskError
from verify import Reason


class NothingRead(KioskError):
    """The scan holds nothing that can be seen."""


class BirthRequired(KioskError):
    """A name needs a birth date beside it: without one the insurer answers nothing."""


class NothingToConfirm(KioskError):
    """The reading holds no card."""


class ReasonRequired(KioskError):
    """The clerk must say why the patient goes in. `reason` is that of the verdict, if known."""

    def __init__(self, message: str, reason: Reason | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class PatientIsKnown(KioskError):
    """A card or a name says who the patient is."""


class TurnOver(KioskError):
    """The patient's turn at the screen has ended: nothing of it is kept."""


class OpenElsewhere(KioskError):
    """Another page of the screen for self-service begins its turns."""


class NoTemporaryCode(KioskError):
    """The patient cannot have a temporary card number, or the number has another form."""


class CardPresentedBefore(KioskError):
    """The visit has a card already."""


class AnotherPersonsCard(KioskError):
    """A card that is presented later is not of the visit's patient."""


class PresentationTimeWrong(KioskError):
    """A moment of presentation cannot be right."""


class NumberNotRead(KioskError):
    """The number on a line of paper cannot be used; `reason` says what is wrong with it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"the number cannot be used: {reason}")
        self.reason = reason


class PaperTimeFault(StrEnum):
    """What is wrong with a time on paper.  The values are part of the HTTP contract."""

    FUTURE = "future"
    BEFORE_PRINTED = "before_printed"
    TOO_OLD = "too_old"
    OVER_MIDNIGHT = "over_midnight"  # the lines above it are of the evening of that day
    CLOCK = "clock"  # our clock shows a time before the sheet was printed


class PaperTimeWrong(KioskError):
    """The time on a line of paper cannot be right."""

    def __init__(self, fault: PaperTimeFault) -> None:
        super().__init__(f"the time cannot be right: {fault}")
        self.fault = fault
