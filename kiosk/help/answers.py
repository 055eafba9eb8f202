"""What a preparation sheet is made from, and what may be wrong with it.

`kiosk.help.preparation` holds the rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from verify import Birth, Card, NumberKind, Sex


class SheetGoal(StrEnum):
    """What the patient wants to do. The values are part of the page's form."""

    REGISTER = "register"  # a new VssID account
    REPAIR = "repair"  # a VssID account that cannot be used
    WALLET = "wallet"  # the card into VNeID
    CHILD = "child"  # a child's VssID account
    CORRECT = "correct"  # wrong data at the insurer


class WrongDatum(StrEnum):
    """What is wrong at the insurer."""

    NAME = "name"
    BORN = "born"
    SEX = "sex"
    ID_NUMBER = "id_number"
    OTHER = "other"


class AnswerFaultKind(StrEnum):
    """What is wrong with a field of the sheet."""

    MISSING = "missing"
    BAD_PERSONAL_NUMBER = "bad_personal_number"
    BAD_DOCUMENT_NUMBER = "bad_document_number"
    BAD_CARD_NUMBER = "bad_card_number"
    BAD_INSURANCE_NUMBER = "bad_insurance_number"
    TYPED_DIFFERENTLY = "typed_differently"
    NUMBERS_CONTRADICT = "numbers_contradict"
    TWO_PERSONAL_NUMBERS = "two_personal_numbers"
    TWO_PEOPLE = "two_people"
    PHONE_TOO_SHORT = "phone_too_short"
    PHONE_TOO_LONG = "phone_too_long"
    BAD_PHONE = "bad_phone"
    BAD_EMAIL = "bad_email"
    FORMER_PROVINCE = "former_province"
    UNKNOWN_PROVINCE = "unknown_province"
    CHILD_OF_FULL_AGE = "child_of_full_age"
    GUARDIAN_UNDER_AGE = "guardian_under_age"
    GUARDIAN_IS_CHILD = "guardian_is_child"


class AnswerFault(NamedTuple):
    """A fault, and what its sentence names: how many digits were typed, or a province."""

    kind: AnswerFaultKind
    detail: str = ""


class BadAnswers(ValueError):
    """The sheet cannot be made. `faults` has one fault for each field that is wrong."""

    def __init__(self, faults: Mapping[str, AnswerFault]) -> None:
        super().__init__(f"wrong fields: {', '.join(sorted(faults))}")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class IdentityPaper:
    """What the ID card, or another document, says. Empty or None for what it does not say."""

    number: str = field(default="", repr=False)
    kind: NumberKind = NumberKind.PERSONAL
    holder: str = field(default="", repr=False)
    born: Birth | None = field(default=None, repr=False)
    sex: Sex | None = None
    address: str = field(default="", repr=False)
    old_number: str = field(default="", repr=False)  # to be printed only if the patient wants it
    is_scanned: bool = False

    @property
    def card(self) -> Card:
        """The same as a card, to compare it with others."""
        return Card(self.number, self.holder or None, self.born, self.sex)


@dataclass(frozen=True, slots=True)
class SheetAnswers:
    """What was asked and typed: texts of one line, cleaned; empty if nothing was typed."""

    goal: SheetGoal
    insurance_number: str = field(default="", repr=False)
    insurance_number_again: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    phone_again: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    email_again: str = field(default="", repr=False)
    street: str = field(default="", repr=False)  # of the address for contact: house, street, hamlet
    commune: str = field(default="", repr=False)
    province: str = field(default="", repr=False)
    office: str = field(default="", repr=False)
    relation: str = ""  # of the guardian to the child; one of a list
    has_account: bool = False  # the guardian has a VssID account
    wrong: WrongDatum | None = None
    right_value: str = field(default="", repr=False)
    keeps_phone: bool = False  # the patient consents that the telephone number is kept
