"""What the gateway's codes say of a card: standing, reason, and when to ask again.

CV 1923/BHXH-CNTT of 20/06/2024, Phụ lục 03 §4, gives 26 of them.  The others were seen in
programs of hospitals, and no document gives them.  Sendings have codes of their own: the same
numbers with other meanings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from verify import Outcome, Reason, Standing, outcome_of


class AskAgain(Enum):
    """When the same question may be asked again."""

    NO = "no"  # it was answered: only another question would have another answer
    LATER = "later"  # the gateway could not look
    SIGNED_IN = "signed in"  # at once, once, with a new token
    ACCOUNT = "account"  # once our account, or the member of staff who asks, is put right
    OURS = "ours"  # our question was malformed: once this program is put right


@dataclass(frozen=True, slots=True)
class CardCode:
    """One code. Without a standing it says nothing about the card."""

    standing: Standing | None
    reason: Reason  # of a card that nobody signed, on the day
    again: AskAgain = AskAgain.NO
    replaced: Reason | None = None  # once the card that replaces it has begun
    official: bool = True

    @property
    def outcome(self) -> Outcome:
        """What happens to the patient, while no new card has begun."""
        return outcome_of(self.reason)


def _silent(again: AskAgain, official: bool = True) -> CardCode:
    return CardCode(None, Reason.NOT_YET_KNOWN, again, official=official)


CARD_CODES = {
    "000": CardCode(Standing.IN_FORCE, Reason.IN_FORCE),
    "001": CardCode(Standing.KEPT_ELSEWHERE, Reason.KEPT_ELSEWHERE),  # army
    "002": CardCode(Standing.KEPT_ELSEWHERE, Reason.KEPT_ELSEWHERE),  # police
    "003": CardCode(Standing.REPLACED_OLD_OVER, Reason.REPLACED, replaced=Reason.NEW_CARD_IN_FORCE),
    "004": CardCode(Standing.REPLACED_OLD_GOOD, Reason.IN_FORCE, replaced=Reason.NEW_CARD_IN_FORCE),
    "010": CardCode(Standing.ENDED, Reason.ENDED),
    "050": CardCode(Standing.NO_RECORD, Reason.NO_RECORD),
    "051": CardCode(Standing.NUMBER_WRONG, Reason.NUMBER_WRONG),
    "052": CardCode(Standing.NUMBER_WRONG, Reason.NUMBER_WRONG),  # its province
    "053": CardCode(Standing.NUMBER_WRONG, Reason.NUMBER_WRONG),  # its benefit level
    "054": _silent(AskAgain.ACCOUNT),  # the asking member of staff is not registered
    "055": _silent(AskAgain.ACCOUNT),  # or has another name
    "060": CardCode(Standing.NAME_DIFFERS, Reason.NAME_DIFFERS),
    "061": CardCode(Standing.NAME_DIFFERS, Reason.NAME_DIFFERS),  # its first letter agrees
    "070": CardCode(Standing.BIRTH_DIFFERS, Reason.BIRTH_DIFFERS),
    "100": _silent(AskAgain.LATER),
    "101": _silent(AskAgain.LATER),
    "110": CardCode(Standing.WITHDRAWN, Reason.WITHDRAWN),
    "120": CardCode(Standing.REPORTED_DOWN, Reason.REPORTED_DOWN),
    "121": CardCode(Standing.REPORTED_DOWN, Reason.REPORTED_DOWN),  # moved to another province
    "122": CardCode(Standing.REPORTED_DOWN, Reason.REPORTED_DOWN),  # moved within the province
    "123": CardCode(Standing.REPORTED_DOWN, Reason.REPORTED_DOWN),  # enrolled anew
    "124": CardCode(Standing.REPORTED_DOWN, Reason.REPORTED_DOWN),  # no longer insured
    "130": CardCode(Standing.CHILD_WITHOUT_CARD, Reason.CHILD_WITHOUT_CARD),
    "205": _silent(AskAgain.OURS),
    "401": _silent(AskAgain.SIGNED_IN),
    # In no document.
    "003.1": _silent(
        AskAgain.NO, official=False
    ),  # "extended", in one program: until when is not said
    "080": CardCode(Standing.SEX_DIFFERS, Reason.SEX_DIFFERS, official=False),
    "090": CardCode(Standing.FACILITY_DIFFERS, Reason.FACILITY_DIFFERS, official=False),
    "402": _silent(AskAgain.ACCOUNT, official=False),  # of another facility
    "403": _silent(AskAgain.ACCOUNT, official=False),  # locked
    "500": _silent(AskAgain.LATER, official=False),
}

UNKNOWN = _silent(AskAgain.LATER, official=False)


def card_code(code: str) -> CardCode:
    """Return what a code says of a card; one that is not known says nothing."""
    return CARD_CODES.get(code, UNKNOWN)
