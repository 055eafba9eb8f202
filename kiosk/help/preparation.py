"""The preparation sheet: what a patient copies into VssID or VNeID, checked before it is printed.

It is our own sheet and no form of the insurer (`docs/preparation.md`).  The rules:

1. The insurance number is the last ten digits of the card's number.  Without a scanned card it is
   typed twice.  Numbers that contradict each other are refused, never chosen between.
2. A telephone number has ten digits and begins with 03, 05, 07, 08 or 09.  It and the e-mail
   address are typed twice; the address may be empty.
3. The province is one of those since 01/07/2025.  A former one is answered with what it is now.
4. Two cards that differ are shown side by side.  If name and birth date both differ, they belong to
   two people, and there is no joint sheet.
5. A child is under 18 and has a guardian of 18 or more who is somebody else.
6. No card is called expired: what it says is printed, and the portal decides.

Each goal asks for its own fields (`REQUIRED`).  Never on a sheet: passwords, codes, bank accounts,
pictures, diagnoses; and nothing that was not scanned or typed for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from kiosk.help.answers import (
    AnswerFault,
    AnswerFaultKind,
    BadAnswers,
    IdentityPaper,
    SheetAnswers,
    SheetGoal,
)
from kiosk.help.contact import email_fault, phone_fault, phone_number
from kiosk.help.provinces import find_province
from verify import (
    Birth,
    Card,
    Difference,
    Law,
    NameMatch,
    NumberKind,
    PersonNumber,
    Sex,
    age_on,
    compare_names,
    differences,
    is_number,
    notes_on_number,
)

FULL_AGE = 18
# Letters of card numbers that the wallet of VNeID may not know (second-hand, not dated).
NOT_IN_WALLET = frozenset(("AK", "BA", "DS", "HK", "LH", "ND", "TD", "TG", "TH", "TU", "TV"))
PERSONAL_DIGITS = 12

SheetValue = str | Birth | date | Sex | None
FieldFaults = list[tuple[str, AnswerFault | None]]


class SheetNote(StrEnum):
    """What the sheet says beside the data."""

    NO_ADDRESS = "no_address"  # the ID card's code has none
    OLD_ADDRESS = "old_address"  # of an ID card, perhaps with names of before July 2025
    NUMBER_UNUSUAL = "number_unusual"  # sex or year of birth do not match the personal number
    BORN_INCOMPLETE = "born_incomplete"
    VALIDITY_ON_CARD = "validity_on_card"  # the portal decides whether the card is valid
    CARD_ENDED = "card_ended"  # by the card: it may have been renewed
    NOT_IN_WALLET = "not_in_wallet"
    UNDER_AGE = "under_age"  # somebody under 18 goes the way of adults


class SheetPaper(StrEnum):
    """A paper, or a thing, to bring along."""

    ID_CARD = "id_card"
    PASSPORT = "passport"  # or another document of a foreigner
    HEALTH_CARD = "health_card"
    PHONE = "phone"
    PORTRAIT = "portrait"
    GUARDIAN_ID = "guardian_id"
    BIRTH_CERTIFICATE = "birth_certificate"
    CHILD_PHOTO = "child_photo"
    PROOF = "proof"  # of the right datum


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A value to copy, by the name of its field."""

    name: str
    value: str | Birth | date | Sex = field(repr=False)


@dataclass(frozen=True, slots=True)
class PreparationSheet:
    """A sheet whose data hold together. `differences` are those of the ID card and the card."""

    goal: SheetGoal
    parts: tuple[SheetPart, ...] = field(repr=False)  # in the order in which they are copied
    differences: tuple[Difference, ...] = field(repr=False)
    notes: tuple[SheetNote, ...]
    papers: tuple[SheetPaper, ...]
    phone: str = field(repr=False)  # as it is printed; empty if none was asked for
    insurance_number: str = field(repr=False)

    def part(self, name: str) -> SheetValue:
        """Return the value of a field. None if the sheet does not have it."""
        return next((part.value for part in self.parts if part.name == name), None)


# The fields that each goal needs, by their names in the form.
_PERSON = ("id_number", "id_holder", "id_born")
_CONTACT = ("phone", "street", "commune", "province")
REQUIRED: dict[SheetGoal, tuple[str, ...]] = {
    SheetGoal.REGISTER: (*_PERSON, "insurance_number", *_CONTACT),
    SheetGoal.REPAIR: (*_PERSON, "insurance_number", "phone"),
    SheetGoal.WALLET: (*_PERSON, "insurance_number"),
    SheetGoal.CHILD: (
        *_PERSON, "relation", "insurance_number", "card_holder", "card_born", *_CONTACT,
    ),
    SheetGoal.CORRECT: (*_PERSON, "insurance_number", "wrong", "phone", "province"),
}  # fmt: skip


def prepare(
    identity: IdentityPaper | None,
    cover: Card | None,
    answers: SheetAnswers,
    law: Law,
    today: date,
    *,
    cover_is_scanned: bool = False,
) -> PreparationSheet:
    """Return the sheet for a patient, by the rules of this module.

    `identity` is the ID card, for a child that of the guardian; `cover` is the BHYT card, whose
    number may be empty.  None if there was none.  `today` is the day at the clinic.

    Raises BadAnswers with every fault, if there is one.
    """
    checked = _SheetData(
        identity or IdentityPaper(), cover or Card(""), cover_is_scanned, answers, law, today
    )
    faults = checked.find_faults()
    if faults:
        raise BadAnswers(faults)
    return checked.sheet()


class _SheetData:
    """The data of one sheet, while they are checked."""

    def __init__(
        self,
        identity: IdentityPaper,
        cover: Card,
        cover_is_scanned: bool,
        answers: SheetAnswers,
        law: Law,
        today: date,
    ) -> None:
        self.identity, self.cover, self.cover_is_scanned = identity, cover, cover_is_scanned
        self.answers, self.law, self.today = answers, law, today
        self.is_child = answers.goal is SheetGoal.CHILD
        self.phone = phone_number(answers.phone)
        self.province = find_province(answers.province, law, today)
        self.insurance_number = cover.insurance_number or answers.insurance_number

    def find_faults(self) -> dict[str, AnswerFault]:
        """Return the first fault of each field."""
        found: dict[str, AnswerFault] = {}
        for name, fault in (
            *self._missing(),
            *self._numbers(),
            *self._contact(),
            *(self._guardian() if self.is_child else self._one_person()),
        ):
            if fault is not None:
                found.setdefault(name, fault)
        return found

    def _missing(self) -> FieldFaults:
        values: dict[str, object] = {
            "id_number": self.identity.number,
            "id_holder": self.identity.holder,
            "id_born": self.identity.born,
            "card_holder": self.cover.holder,
            "card_born": self.cover.born,
            "insurance_number": self.insurance_number,
        }
        required = REQUIRED[self.answers.goal]
        if self.answers.keeps_phone and "phone" not in required:
            required = (*required, "phone")
        return [
            (name, AnswerFault(AnswerFaultKind.MISSING))
            for name in required
            if not (values[name] if name in values else getattr(self.answers, name))
        ]

    def _numbers(self) -> FieldFaults:
        """Check the form of each number, and that no two of them contradict each other."""
        identity, cover, answers = self.identity, self.cover, self.answers
        kind = AnswerFaultKind
        found: FieldFaults = []
        if identity.number and not PersonNumber(identity.kind, identity.number).is_well_formed:
            is_personal = identity.kind is NumberKind.PERSONAL
            bad = kind.BAD_PERSONAL_NUMBER if is_personal else kind.BAD_DOCUMENT_NUMBER
            found.append(("id_number", AnswerFault(bad, str(len(identity.number)))))
        if cover.number and not is_number(cover.number):
            bad_card = AnswerFault(kind.BAD_CARD_NUMBER, str(len(cover.number)))
            return [*found, ("card_number", bad_card)]
        typed, again = answers.insurance_number, answers.insurance_number_again
        for name, number in (("insurance_number", typed), ("insurance_number_again", again)):
            if number and not PersonNumber(NumberKind.INSURANCE, number).is_well_formed:
                found.append((name, AnswerFault(kind.BAD_INSURANCE_NUMBER, str(len(number)))))
        of_card = cover.insurance_number
        if typed and of_card and typed != of_card:
            found.append(("insurance_number", AnswerFault(kind.NUMBERS_CONTRADICT)))
        is_certain = self.cover_is_scanned and of_card is not None
        if self.insurance_number and not is_certain and not (typed and typed == again):
            name = "insurance_number_again" if typed else "insurance_number"
            missing = not (again if typed else typed)
            fault = kind.MISSING if missing else kind.TYPED_DIFFERENTLY
            found.append((name, AnswerFault(fault)))
        other = cover.personal_id
        is_personal = identity.kind is NumberKind.PERSONAL and bool(identity.number)
        if other and is_personal and not self.is_child and other != identity.number:
            found.append(("id_number", AnswerFault(kind.TWO_PERSONAL_NUMBERS)))
        return found

    def _contact(self) -> FieldFaults:
        answers, kind = self.answers, AnswerFaultKind
        found: FieldFaults = [
            ("phone", phone_fault(self.phone) if self.phone else None),
            ("email", email_fault(answers.email)),
        ]
        is_phone = bool(answers.phone) and phone_fault(self.phone) is None
        if is_phone and self.phone != phone_number(answers.phone_again):
            again = answers.phone_again
            fault = kind.TYPED_DIFFERENTLY if again else kind.MISSING
            found.append(("phone_again", AnswerFault(fault)))
        if answers.email.casefold() != answers.email_again.casefold():
            fault = kind.TYPED_DIFFERENTLY if answers.email_again else kind.MISSING
            found.append(("email_again", AnswerFault(fault)))
        if answers.province and self.province.now_part_of:
            former = AnswerFault(kind.FORMER_PROVINCE, self.province.now_part_of)
            found.append(("province", former))
        elif answers.province and not self.province.name:
            found.append(("province", AnswerFault(kind.UNKNOWN_PROVINCE)))
        return found

    def _one_person(self) -> FieldFaults:
        """Check that both cards may belong to one person."""
        id_card, cover = self.identity.card, self.cover
        if not (id_card.holder and cover.holder and id_card.born and cover.born):
            return []
        are_two = compare_names(
            id_card.holder, cover.holder
        ) is NameMatch.DIFFERENT and not id_card.born.agrees_with(cover.born)
        return [("cards", AnswerFault(AnswerFaultKind.TWO_PEOPLE) if are_two else None)]

    def _guardian(self) -> FieldFaults:
        """Check the ages of a child and its guardian, and that they are two people."""
        guardian, child, kind = self.identity, self.cover, AnswerFaultKind
        found: FieldFaults = []
        is_same_number = bool(guardian.number) and guardian.number == child.personal_id
        is_same_person = (
            bool(guardian.holder and child.holder and guardian.born and child.born)
            and compare_names(guardian.holder, child.holder or "") is not NameMatch.DIFFERENT
            and guardian.born == child.born
        )
        if is_same_number or is_same_person:
            found.append(("id_number", AnswerFault(kind.GUARDIAN_IS_CHILD)))
        if child.born is not None and age_on(child.born, self.today) >= FULL_AGE:
            found.append(("card_born", AnswerFault(kind.CHILD_OF_FULL_AGE)))
        if guardian.born is not None and age_on(guardian.born, self.today) < FULL_AGE:
            found.append(("id_born", AnswerFault(kind.GUARDIAN_UNDER_AGE)))
        return found

    def sheet(self) -> PreparationSheet:
        """Return the sheet. Nothing may be at fault."""
        found = () if self.is_child else tuple(differences(self.identity.card, self.cover))
        return PreparationSheet(
            goal=self.answers.goal,
            parts=tuple(SheetPart(name, value) for name, value in self._parts() if value),
            differences=tuple(part for part in found if part.name != "facility"),
            notes=tuple(self._notes()),
            papers=tuple(self._papers()),
            phone=self.phone,
            insurance_number=self.insurance_number,
        )

    def _parts(self) -> list[tuple[str, SheetValue]]:
        """Return all fields in the order in which the apps ask for them."""
        identity, cover, answers = self.identity, self.cover, self.answers
        number = "personal_number" if identity.kind is NumberKind.PERSONAL else "document_number"
        person: list[tuple[str, SheetValue]] = [
            (number, identity.number),
            ("old_number", identity.old_number),
            ("holder", identity.holder),
            ("born", identity.born),
            ("sex", identity.sex),
            ("address_on_card", identity.address),
        ]
        card: list[tuple[str, SheetValue]] = [
            ("insurance_number", self.insurance_number),
            ("card_number", cover.number if len(cover.number) > PERSONAL_DIGITS else ""),
            ("valid_from", cover.valid_from),
            ("valid_until", cover.valid_until),
            ("facility", cover.facility),
            ("five_years_on", cover.five_years_on),
        ]
        contact: list[tuple[str, SheetValue]] = [
            ("phone", self.phone),
            ("email", answers.email),
            ("contact_address", self._contact_address()),
            ("province", self.province.name),
            ("office", answers.office),
        ]
        correction: list[tuple[str, SheetValue]] = [
            ("wrong", answers.wrong.value if answers.wrong else ""),
            ("right_value", answers.right_value),
        ]
        if self.is_child:
            child = [("child_holder", cover.holder), ("child_born", cover.born)]
            guardian = [
                (f"guardian_{name}", value)
                for name, value in person
                if name in (number, "old_number", "holder")
            ]
            account = "yes" if answers.has_account else "no"
            extra = [("relation", answers.relation), ("guardian_account", account)]
            return [
                card[0],
                *child,
                ("child_sex", cover.sex),
                *card[1:],
                *guardian,
                *extra,
                *contact,
            ]
        if answers.goal is SheetGoal.WALLET:
            return [card[0], *person[:4], *card[1:]]
        if answers.goal is SheetGoal.CORRECT:
            return [*correction, card[0], *person, *card[1:], *contact]
        return [card[0], *person, *card[1:], *contact]

    def _contact_address(self) -> str:
        parts = (self.answers.street, self.answers.commune, self.province.name or "")
        return ", ".join(part for part in parts if part)

    def _notes(self) -> list[SheetNote]:
        identity, cover, goal = self.identity, self.cover, self.answers.goal
        notes = []
        if goal not in (SheetGoal.WALLET, SheetGoal.CHILD) and identity.is_scanned:
            notes.append(SheetNote.OLD_ADDRESS if identity.address else SheetNote.NO_ADDRESS)
        if identity.kind is NumberKind.PERSONAL and notes_on_number(identity.card):
            notes.append(SheetNote.NUMBER_UNUSUAL)
        born = cover.born if self.is_child else identity.born
        if born is not None and born.day is None:
            notes.append(SheetNote.BORN_INCOMPLETE)
        if cover.valid_from or cover.valid_until:
            has_ended = cover.valid_until is not None and cover.valid_until < self.today
            notes.append(SheetNote.CARD_ENDED if has_ended else SheetNote.VALIDITY_ON_CARD)
        if goal is SheetGoal.WALLET and cover.object_code in NOT_IN_WALLET:
            notes.append(SheetNote.NOT_IN_WALLET)
        if not self.is_child and born is not None and age_on(born, self.today) < FULL_AGE:
            notes.append(SheetNote.UNDER_AGE)
        return notes

    def _papers(self) -> list[SheetPaper]:
        """Return what to bring. The old identity card (CMND) is never among it."""
        is_foreign = self.identity.kind is not NumberKind.PERSONAL
        own = SheetPaper.PASSPORT if is_foreign else SheetPaper.ID_CARD
        match self.answers.goal:
            case SheetGoal.REGISTER:
                return [own, SheetPaper.HEALTH_CARD, SheetPaper.PHONE, SheetPaper.PORTRAIT]
            case SheetGoal.CHILD:
                guardian = SheetPaper.PASSPORT if is_foreign else SheetPaper.GUARDIAN_ID
                return [
                    guardian,
                    SheetPaper.HEALTH_CARD,
                    SheetPaper.BIRTH_CERTIFICATE,
                    SheetPaper.CHILD_PHOTO,
                    SheetPaper.PHONE,
                ]
            case SheetGoal.CORRECT:
                return [own, SheetPaper.HEALTH_CARD, SheetPaper.PROOF, SheetPaper.PHONE]
            case _:
                return [own, SheetPaper.PHONE]
