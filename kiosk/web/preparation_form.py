"""Reads the form of the preparation sheet. Nothing of it is kept or logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from flask_babel import gettext as _

from kiosk.help import (
    BadAnswers,
    IdentityPaper,
    PreparationSheet,
    SheetAnswers,
    SheetGoal,
    WrongDatum,
    prepare,
)
from kiosk.logbook import ConsentPurpose, GuardianRelation
from kiosk.web.api.fields import (
    BadField,
    read_born,
    read_facility,
    read_field,
    read_person,
    read_typed_day,
)
from kiosk.web.language import FAULT_WORDS
from kiosk.web.preparation_words import fault_sentence
from verify import Card, Law, NumberKind, Sex, plain_number

DOCUMENT_KINDS = (
    NumberKind.PERSONAL,
    NumberKind.PASSPORT,
    NumberKind.FOREIGNER_IDENTITY,
    NumberKind.ORIGIN_CERTIFICATE,
)
_Value = TypeVar("_Value")


class WrongForm(ValueError):
    """The sheet cannot be made: `faults` says in words what is wrong with each field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(f"wrong fields: {', '.join(sorted(faults))}")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class SheetForm:
    """A form that was read: the sheet, and what the patient consents to."""

    sheet: PreparationSheet
    purposes: tuple[ConsentPurpose, ...]


def read_form(form: Mapping[str, str], law: Law, today: date) -> SheetForm:
    """Return the sheet that a form asks for. `today` is the day at the clinic.

    Raises WrongForm with all that is wrong, by field.
    """
    return _FormReader(form, today).read(law)


class _FormReader:
    """One form, and what could not be read of it."""

    def __init__(self, form: Mapping[str, str], today: date) -> None:
        self._form, self._today = form, today
        self._faults: dict[str, str] = {}

    def read(self, law: Law) -> SheetForm:
        purposes = tuple(p for p in ConsentPurpose if self._form.get(f"consent_{p.value}"))
        identity, cover = self._identity(), self._cover()
        answers = self._answers(keeps_phone=bool(purposes))
        try:
            is_scanned = bool(self._form.get("card_scanned"))
            sheet = prepare(identity, cover, answers, law, self._today, cover_is_scanned=is_scanned)
        except BadAnswers as exc:
            found = {name: fault_sentence(fault) for name, fault in exc.faults.items()}
            raise WrongForm(found | self._faults) from None
        if self._faults:
            raise WrongForm(self._faults)
        return SheetForm(sheet, purposes)

    def _identity(self) -> IdentityPaper:
        kind = self._choice("id_kind", DOCUMENT_KINDS) or NumberKind.PERSONAL
        is_scanned = bool(self._form.get("id_scanned"))
        wants_old = is_scanned and bool(self._form.get("with_old_number"))
        return IdentityPaper(
            number=plain_number(self._text("id_number")),
            kind=kind,
            holder=self._read("id_holder", read_person) or "",
            born=self._read("id_born", lambda value, name: read_born(value, name, self._today)),
            sex=self._choice("id_sex", tuple(Sex)),
            address=self._text("id_address"),
            old_number=plain_number(self._text("id_old_number")) if wants_old else "",
            is_scanned=is_scanned,
        )

    def _cover(self) -> Card:
        return Card(
            number=plain_number(self._text("card_number")),
            holder=self._read("card_holder", read_person) or None,
            born=self._read("card_born", lambda value, name: read_born(value, name, self._today)),
            sex=self._choice("card_sex", tuple(Sex)),
            facility=self._read("card_facility", read_facility) or None,
            valid_from=self._read("card_from", read_typed_day),
            valid_until=self._read("card_until", read_typed_day),
            five_years_on=self._read("card_five_years", read_typed_day),
            legacy_insurance_number=plain_number(self._text("card_legacy")) or None,
        )

    def _answers(self, *, keeps_phone: bool) -> SheetAnswers:
        text = self._text
        relation = self._choice("relation", tuple(GuardianRelation))
        return SheetAnswers(
            goal=self._choice("goal", tuple(SheetGoal)) or SheetGoal.REGISTER,
            insurance_number=plain_number(text("insurance_number")),
            insurance_number_again=plain_number(text("insurance_number_again")),
            phone=text("phone"),
            phone_again=text("phone_again"),
            email=text("email"),
            email_again=text("email_again"),
            street=text("street"),
            commune=text("commune"),
            province=text("province"),
            office=text("office"),
            relation=relation.value if relation else "",
            has_account=bool(self._form.get("has_account")),
            wrong=self._choice("wrong", tuple(WrongDatum)),
            right_value=text("right_value"),
            keeps_phone=keeps_phone,
        )

    def _text(self, name: str) -> str:
        return self._read(name, read_field) or ""

    def _choice(self, name: str, choices: tuple[_Value, ...]) -> _Value | None:
        """Return the choice whose value was sent. None if no choice has it."""
        sent = self._form.get(name, "")
        return next((choice for choice in choices if str(choice) == sent), None)

    def _read(self, name: str, read: Callable[[object, str], _Value]) -> _Value | None:
        """Return a field as it is read. None if it cannot be, which is noted as its fault."""
        try:
            return read(self._form.get(name), name)
        except BadField as exc:
            fault = (
                FAULT_WORDS[exc.fault] if exc.fault else _("A facility’s code has 5 characters.")
            )
            self._faults[name] = str(fault)
            return None
