"""What the gateway's codes say about a card: standing, reason, and when to ask again.

- CV 1923/BHXH-CNTT of 20/06/2024, Phụ lục 03 §4, defines 26 codes.  No document defines the others;
  they were seen in programs of hospitals.
- A code that is not in the table says nothing about the card.
- The codes for sent visits (`kiosk.insurer.codes`) use the same numbers with other meanings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from verify import Outcome, Reason, Standing, outcome_of


class AskAgain(Enum):
    """When the same question may be asked again. The values are those of docs/codes.md."""

    NEVER = "no"  # the answer is final: only another question would get another answer
    LATER = "later"  # the gateway could not look the card up
    AFTER_SIGN_IN = "signed in"  # at once, one time, with a new token
    AFTER_ACCOUNT_FIX = "account"  # when our account or the member of staff who asks is corrected
    AFTER_PROGRAM_FIX = "ours"  # our question was malformed: when this program is corrected


@dataclass(frozen=True, slots=True)
class CardCode:
    """The meaning of one code. A code without a standing says nothing about the card."""

    standing: Standing | None
    reason: Reason  # on the day of the answer, for a card without a signature
    ask_again: AskAgain = AskAgain.NEVER
    replaced: Reason | None = None  # the reason once the replacing card is valid
    official: bool = True  # a document defines it

    @property
    def outcome(self) -> Outcome:
        """The outcome while no replacing card is valid."""
        return outcome_of(self.reason)


def _says_nothing(ask_again: AskAgain, official: bool = True) -> CardCode:
    return CardCode(None, Reason.NOT_YET_KNOWN, ask_again, official=official)


CARD_CODES = {
    "000": CardCode(Standing.IN_FORCE, Reason.IN_FORCE),
    "001": CardCode(Standing.KEPT_ELSEWHERE, Reason.KEPT_ELSEWHERE),  # army
    "002": CardCode(Standing.KEPT_ELSEWHERE, Reason.KEPT_ELSEWHERE),  # police
    "003": CardCode(Standing.REPLACED_OLD_OVER, Reason.REPLACED, replaced=Reason.NEW_CARD_IN_FORCE),
    "004": CardCode(Standing.REPLACED_OLD_GOOD, Reason.IN_FORCE, replaced=Reason.NEW_CARD_IN_FORCE),
    "010": CardCode(Standing.ENDED, Reason.ENDED),
    "050": CardCode(Standing.NO_RECORD, Reason.NO_RECORD),
    "051": CardCode(Standing.NUMBER_WRONG, Reason.NUMBER_WRONG),
    "052": CardCode(Standing.NUMBER_WRONG, Reason.NUMBER_WRONG),  # the province in it
    "053": CardCode(Standing.NUMBER_WRONG, Reason.NUMBER_WRONG),  # the benefit level in it
    "054": _says_nothing(AskAgain.AFTER_ACCOUNT_FIX),  # the member of staff is not registered
    "055": _says_nothing(AskAgain.AFTER_ACCOUNT_FIX),  # or is registered with another name
    "060": CardCode(Standing.NAME_DIFFERS, Reason.NAME_DIFFERS),
    "061": CardCode(Standing.NAME_DIFFERS, Reason.NAME_DIFFERS),  # its first letter agrees
    "070": CardCode(Standing.BIRTH_DIFFERS, Reason.BIRTH_DIFFERS),
    "100": _says_nothing(AskAgain.LATER),
    "101": _says_nothing(AskAgain.LATER),
    "110": CardCode(Standing.WITHDRAWN, Reason.WITHDRAWN),
    "120": CardCode(Standing.REPORTED_DOWN, Reason.REPORTED_DOWN),
    "121": CardCode(Standing.REPORTED_DOWN, Reason.REPORTED_DOWN),  # moved to another province
    "122": CardCode(Standing.REPORTED_DOWN, Reason.REPORTED_DOWN),  # moved within the province
    "123": CardCode(Standing.REPORTED_DOWN, Reason.REPORTED_DOWN),  # enrolled again
    "124": CardCode(Standing.REPORTED_DOWN, Reason.REPORTED_DOWN),  # no longer insured
    "130": CardCode(Standing.CHILD_WITHOUT_CARD, Reason.CHILD_WITHOUT_CARD),
    "205": _says_nothing(AskAgain.AFTER_PROGRAM_FIX),
    "401": _says_nothing(AskAgain.AFTER_SIGN_IN),
    # No document defines these.
    # "extended", in one program; the answer does not say until when.
    "003.1": _says_nothing(AskAgain.NEVER, official=False),
    "080": CardCode(Standing.SEX_DIFFERS, Reason.SEX_DIFFERS, official=False),
    "090": CardCode(Standing.FACILITY_DIFFERS, Reason.FACILITY_DIFFERS, official=False),
    "402": _says_nothing(AskAgain.AFTER_ACCOUNT_FIX, official=False),  # of another facility
    "403": _says_nothing(AskAgain.AFTER_ACCOUNT_FIX, official=False),  # a locked account
    "500": _says_nothing(AskAgain.LATER, official=False),
}

# What each standing means on the day of the answer.
STANDING_REASONS = {
    meaning.standing: meaning.reason for meaning in CARD_CODES.values() if meaning.standing
}

UNKNOWN_CODE = _says_nothing(AskAgain.LATER, official=False)


def card_code(code: str) -> CardCode:
    """Return what a code says about a card. A code that is not in the table says nothing."""
    return CARD_CODES.get(code, UNKNOWN_CODE)


def reason_of_standing(standing: Standing) -> Reason:
    """Return the reason that a card's standing is on the day of the insurer's answer."""
    return STANDING_REASONS[standing]
