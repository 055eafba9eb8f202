"""The words of the preparation sheet: goals, fields, faults and papers to bring.

Its steps are those of the guides, in the help tables.
"""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kiosk.help import AnswerFault, AnswerFaultKind, SheetGoal, SheetNote, SheetPaper, WrongDatum
from kiosk.logbook import ConsentPurpose, HowGiven

HEADING = _l("Preparation sheet, not a form of the social insurance office")
REMARK = _l(
    "“Mẫu số 01” of older guides belonged to decree NĐ 166/2016/NĐ-CP, which is not applied to"
    " social insurance since 01/07/2025 (NĐ 164/2025/NĐ-CP). What the form of the app or of the"
    " portal asks for decides. This sheet is neither signed nor handed in."
)
NEVER = _l("Never write a password, a code (OTP) or a bank account on this sheet.")

GOAL_WORDS = {
    SheetGoal.REGISTER: _l("Register for VssID"),
    SheetGoal.REPAIR: _l("Get back into VssID"),
    SheetGoal.WALLET: _l("Add the BHYT card to VNeID"),
    SheetGoal.CHILD: _l("VssID account for a child"),
    SheetGoal.CORRECT: _l("Correct wrong data at the insurer"),
}

WRONG_WORDS = {
    WrongDatum.NAME: _l("name"),
    WrongDatum.BORN: _l("birth date"),
    WrongDatum.SEX: _l("sex"),
    WrongDatum.ID_NUMBER: _l("number of the ID card (an old number is stored)"),
    WrongDatum.OTHER: _l("something else"),
}

PART_WORDS = {
    "insurance_number": _l("Insurance number (10 digits)"),
    "personal_number": _l("Number of the ID card (12 digits)"),
    "document_number": _l("Number of the document"),
    "old_number": _l("Number of the old identity card (CMND)"),
    "holder": _l("Full name"),
    "born": _l("Birth date"),
    "sex": _l("Sex"),
    "address_on_card": _l("Address, as on the ID card"),
    "card_number": _l("Number of the BHYT card"),
    "valid_from": _l("On the card: valid from"),
    "valid_until": _l("On the card: valid until"),
    "facility": _l("On the card: registered facility"),
    "five_years_on": _l("On the card: five years on"),
    "phone": _l("Telephone (your own, in use)"),
    "email": _l("E-mail"),
    "contact_address": _l("Address for contact"),
    "province": _l("Province or city of the office"),
    "office": _l("Local office (BHXH cơ sở)"),
    "wrong": _l("Wrong at the insurer"),
    "right_value": _l("What is right"),
    "child_holder": _l("Full name of the child"),
    "child_born": _l("Birth date of the child"),
    "child_sex": _l("Sex of the child"),
    "guardian_personal_number": _l("Guardian: number of the ID card"),
    "guardian_document_number": _l("Guardian: number of the document"),
    "guardian_old_number": _l("Guardian: number of the old identity card"),
    "guardian_holder": _l("Guardian: full name"),
    "relation": _l("Guardian is the child’s"),
    "guardian_account": _l("Guardian has a VssID account"),
}

FAULT_SENTENCES: dict[AnswerFaultKind, Any] = {
    AnswerFaultKind.MISSING: _l("This is needed for the sheet."),
    AnswerFaultKind.BAD_PERSONAL_NUMBER: _l(
        "The number of an ID card has 12 digits; here are %(detail)s characters."
    ),
    AnswerFaultKind.BAD_DOCUMENT_NUMBER: _l(
        "Letters and digits are expected, from 4 to 30; here are %(detail)s characters."
    ),
    AnswerFaultKind.BAD_CARD_NUMBER: _l(
        "A card’s number has 15, 12 or 10 characters; here are %(detail)s. Scan the card again."
    ),
    AnswerFaultKind.BAD_INSURANCE_NUMBER: _l(
        "An insurance number has 10 digits; here are %(detail)s characters."
    ),
    AnswerFaultKind.TYPED_DIFFERENTLY: _l("The two are not the same. Type both again."),
    AnswerFaultKind.NUMBERS_CONTRADICT: _l(
        "These are not the last ten digits of the card’s number. Scan the card again; if it says"
        " so again, the person has two numbers: the insurer joins them."
    ),
    AnswerFaultKind.TWO_PERSONAL_NUMBERS: _l(
        "The BHYT card has another ID number. Whose cards are these? If both are this person’s,"
        " make a sheet for a correction with one card."
    ),
    AnswerFaultKind.TWO_PEOPLE: _l(
        "Name and birth date both differ: these are the cards of two people. Make a sheet for each."
    ),
    AnswerFaultKind.PHONE_TOO_SHORT: _l(
        "A telephone number has 10 digits; here are %(detail)s. Ask the patient to read it again."
    ),
    AnswerFaultKind.PHONE_TOO_LONG: _l(
        "A telephone number has 10 digits since 2018; here are %(detail)s. Ask for the new number."
    ),
    AnswerFaultKind.BAD_PHONE: _l("A mobile number is expected: 03, 05, 07, 08 or 09 in front."),
    AnswerFaultKind.BAD_EMAIL: _l(
        "An address is expected such as ten@example.org, without blanks."
    ),
    AnswerFaultKind.FORMER_PROVINCE: _l(
        "Since 01/07/2025 this is part of %(detail)s. Write that name."
    ),
    AnswerFaultKind.UNKNOWN_PROVINCE: _l(
        "None of the 34 provinces and cities has this name. Choose one of the list."
    ),
    AnswerFaultKind.CHILD_OF_FULL_AGE: _l(
        "This person is 18 or older: choose “Register for VssID”, the way of adults."
    ),
    AnswerFaultKind.GUARDIAN_UNDER_AGE: _l(
        "A guardian is 18 or older. Scan the ID card of the parent or guardian."
    ),
    AnswerFaultKind.GUARDIAN_IS_CHILD: _l(
        "This is the child itself. Scan the ID card of the parent or guardian."
    ),
}

NOTE_WORDS = {
    SheetNote.NO_ADDRESS: _l("The code of the ID card holds no address: copy it from the card."),
    SheetNote.OLD_ADDRESS: _l(
        "The address is as on the ID card: its names may be those of before 01/07/2025."
    ),
    SheetNote.NUMBER_UNUSUAL: _l(
        "The ID number is unusual for this sex or year of birth. Compare it with the card."
    ),
    SheetNote.BORN_INCOMPLETE: _l("The birth date is not known to the day."),
    SheetNote.VALIDITY_ON_CARD: _l(
        "Validity is what the card’s code says. What the insurer’s portal says decides."
    ),
    SheetNote.CARD_ENDED: _l(
        "By its code the card’s time is over, but cards are renewed without a new code: what the"
        " insurer’s portal says decides. Ask at the desk."
    ),
    SheetNote.NOT_IN_WALLET: _l(
        "VNeID may not know the two letters of this card (second-hand, not dated): type the ten"
        " digits of the insurance number instead."
    ),
    SheetNote.UNDER_AGE: _l(
        "Under 18: the way through a parent was written for children without an ID card (2021)."
        " Try it with the own ID card; if it is refused, ask 1900 9068."
    ),
}

PAPER_WORDS = {
    SheetPaper.ID_CARD: _l("ID card (căn cước), the original. The old CMND is void since 2025."),
    SheetPaper.PASSPORT: _l("Passport, or the document whose number is on this sheet"),
    SheetPaper.HEALTH_CARD: _l("BHYT card, or its number"),
    SheetPaper.PHONE: _l("The telephone with this number, and access to the e-mail"),
    SheetPaper.PORTRAIT: _l("One clear portrait photo on the telephone (sources differ on it)"),
    SheetPaper.GUARDIAN_ID: _l("ID card of the parent or guardian, the original"),
    SheetPaper.BIRTH_CERTIFICATE: _l("Birth certificate of the child, all four corners visible"),
    SheetPaper.CHILD_PHOTO: _l("One clear photo of the child’s face"),
    SheetPaper.PROOF: _l("A paper that proves what is right: ID card, birth certificate, decision"),
}

PURPOSE_WORDS = {
    ConsentPurpose.HELP_CALL: _l(
        "The telephone number is kept for %(days)s days, so that the desk can call back to help"
        " with VssID or VNeID, and for nothing else. You can withdraw this at the desk at any time."
    ),
}
HOW_WORDS = {
    HowGiven.SPOKEN: _l("said at the desk"),
    HowGiven.SIGNED: _l("signed on paper"),
    HowGiven.PHONE: _l("said by telephone"),
}
KEPT_WORDS = {"phone": _l("telephone number")}


def fault_sentence(fault: AnswerFault) -> str:
    """Return in words what is wrong with a field, and what to do."""
    return str(FAULT_SENTENCES[fault.kind]) % {"detail": fault.detail}


def mail_rule() -> str:
    """Return the rule about addresses, which nobody can check here."""
    return str(_("One e-mail and one telephone for each insurance number: the portal refuses those"
                 " that are tied to another number. Here that cannot be checked."))  # fmt: skip
