"""The errors of the desk: a scan holds no text, a card gets no name, a visit is not confirmed.

KioskError
├── NothingRead            the scan holds no text, so there is nothing to judge
├── BirthRequired          neither the card, the insurer nor the clerk gives a birth date
├── NothingToConfirm       the reading holds no card, so there is nobody to record
├── PatientIsKnown         a card or a name says who the patient is that is to be unknown
├── NoTemporaryCode        the patient cannot have a temporary card number, or it has another form
├── ReasonRequired         the verdict was `desk`: the clerk must give a reason
├── CardPresentedBefore    the visit has a card already: another one is a correction
├── AnotherPersonsCard     the card that is presented later is of somebody else
└── PresentationTimeWrong  the moment of presentation lies in the future or before the arrival
"""

from __future__ import annotations

from kiosk.errors import KioskError


class NothingRead(KioskError):
    """The scan holds nothing that can be seen."""


class BirthRequired(KioskError):
    """A name needs a birth date beside it: without one the insurer answers nothing."""


class NothingToConfirm(KioskError):
    """The reading holds no card."""


class ReasonRequired(KioskError):
    """The clerk must say why the patient goes in."""


class PatientIsKnown(KioskError):
    """A card or a name says who the patient is."""


class NoTemporaryCode(KioskError):
    """The patient cannot have a temporary card number, or the number has another form."""


class CardPresentedBefore(KioskError):
    """The visit has a card already."""


class AnotherPersonsCard(KioskError):
    """A card that is presented later is not of the visit's patient."""


class PresentationTimeWrong(KioskError):
    """A moment of presentation cannot be right."""
