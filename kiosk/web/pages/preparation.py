"""The page of the preparation sheet for VssID and VNeID, and the consents that are given there.

1. A card that is read here fills the sheet.  No reading is recorded, nobody is asked about it, and
   it is not among the patients who are not recorded yet.
2. What was read and typed is in the browser's form and in the answers to it.  No address names any
   of it, no answer may be kept (`no-store`), and nothing is stored after printing.
3. Unless the patient consents: then the telephone number is kept for the time that is said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from kiosk.desk import PageScans
from kiosk.help import HelpTables, SheetGoal, provinces_on
from kiosk.logbook import (
    Consent,
    ConsentPurpose,
    Consents,
    HowGiven,
    NewConsent,
    NoSuchConsent,
    NothingToChange,
)
from kiosk.paper import SHEET_SIZES, CopySheet, copy_sheet_pdf
from kiosk.readers import scans_in
from kiosk.settings import Settings
from kiosk.web.api.fields import json_object, read_line, read_page_name
from kiosk.web.api.scans import MAX_SCAN_BODY
from kiosk.web.language import chosen_language, day_text, words
from kiosk.web.pages.desks import author_here, chosen_desk, readers_of_desk
from kiosk.web.preparation_form import DOCUMENT_KINDS, SheetForm, WrongForm, read_form
from kiosk.web.preparation_paper import SheetPrint, copy_sheet, guide_of
from kiosk.web.preparation_words import (
    GOAL_WORDS,
    HOW_WORDS,
    KEPT_WORDS,
    PURPOSE_WORDS,
    WRONG_WORDS,
    mail_rule,
)
from kiosk.web.problems import problem
from verify import (
    Card,
    Knowledge,
    Law,
    Note,
    Reason,
    Verdict,
    address_on_id_card,
    clinic_day,
    judge,
)

SIZES = {size.value.casefold(): size for size in SHEET_SIZES}  # as the form names them
ID_FORMATS = ("cccd", "number12")  # an ID card, or its number alone


@dataclass(frozen=True, slots=True)
class PreparationParts:
    """What the page needs of the kiosk. `clock` returns the time now, aware."""

    scans: PageScans
    consents: Consents
    knowledge: Callable[[], Knowledge]
    law: Callable[[], Law]
    tables: Callable[[], HelpTables]
    count_sheet: Callable[[SheetGoal], None]
    settings: Settings
    clock: Callable[[], datetime]


def make_preparation(parts: PreparationParts) -> Blueprint:
    """Return the blueprint of /help/preparation."""
    pages = Blueprint("preparation", __name__, url_prefix="/help/preparation")

    @pages.get("")
    def form() -> ResponseReturnValue:
        """Show the empty form."""
        today = clinic_day(parts.clock())
        return render_template(
            "preparation/form.html",
            goals=GOAL_WORDS,
            usual=SheetGoal.REGISTER,
            wrongs=WRONG_WORDS,
            kinds=DOCUMENT_KINDS,
            provinces=provinces_on(parts.law(), today),
            purposes={purpose: _purpose_text(purpose) for purpose in ConsentPurpose},
            hows=(HowGiven.SPOKEN, HowGiven.SIGNED),
            how_words=HOW_WORDS,
            mail_rule=mail_rule(),
        )

    _add_scans(pages, parts)
    _add_sheets(pages, parts)
    _add_consents(pages, parts)
    return pages


def _add_scans(pages: Blueprint, parts: PreparationParts) -> None:
    """Add what reads cards for the form to a blueprint."""

    @pages.post("/scans")
    def read_card() -> ResponseReturnValue:
        """Return what a card says, as fields of the form. Nothing is recorded."""
        if (request.content_length or 0) > MAX_SCAN_BODY:
            return problem(413, "too_large", f"A scan has at most {MAX_SCAN_BODY} bytes.")
        payload = json_object().get("payload")
        if not isinstance(payload, str):
            return problem(400, "bad_request", '"payload" must be text.')
        read = scans_in(payload.encode("utf-8", "surrogatepass"))
        return jsonify({"cards": [_card_json(single, parts) for single in read]})

    @pages.post("/scanned")
    def show_scanned() -> ResponseReturnValue:
        """Return the cards that readers of the settings have read for a page that is in front."""
        page = read_page_name(json_object())
        if not page:
            return problem(400, "bad_request", '"page" must be the name of the page.')
        readers = readers_of_desk(parts.settings, chosen_desk(parts.settings))
        found = parts.scans.listen(page, readers)
        return jsonify({"cards": [_card_json(scan.payload, parts) for scan in found]})

    @pages.post("/left")
    def leave() -> ResponseReturnValue:
        """Let the readers go to the desk again."""
        parts.scans.leave(read_page_name(json_object()))
        return "", 204


def _add_sheets(pages: Blueprint, parts: PreparationParts) -> None:
    """Add the sheet, on the screen and on paper, to a blueprint."""

    @pages.post("/sheet")
    def preview() -> ResponseReturnValue:
        """Return the sheet as it will be printed, for the patient to check."""
        try:
            document, read = _document(parts)
        except WrongForm as exc:
            return _faults(exc)
        guide = guide_of(read.sheet.goal, parts.tables(), clinic_day(parts.clock()))
        links = guide.links if guide else ()
        html = render_template("preparation/sheet.html", sheet=document, links=links)
        return jsonify({"html": html})

    @pages.post("/sheet.pdf")
    def pdf() -> ResponseReturnValue:
        """Return the sheet as PDF, on A4 or A5."""
        try:
            document, read = _document(parts)
        except WrongForm as exc:
            return _faults(exc)
        size = SIZES.get(request.form.get("size", "a4"))
        if size is None:
            return problem(400, "bad_request", '"size" must be a4 or a5.')
        pdf = copy_sheet_pdf(document, size)
        parts.count_sheet(read.sheet.goal)
        return Response(
            pdf,
            mimetype="application/pdf",
            headers={"Content-Disposition": 'inline; filename="phieu-chuan-bi.pdf"'},
        )


def _add_consents(pages: Blueprint, parts: PreparationParts) -> None:
    """Add the pages of the consents to a blueprint."""

    @pages.post("/consents")
    def consent() -> ResponseReturnValue:
        """Write down what the patient of the form consents to; the same key changes nothing."""
        key = read_line(request.form.get("key")) or ""
        how = request.form.get("how", "")
        if not key or how not in (HowGiven.SPOKEN, HowGiven.SIGNED):
            return problem(400, "bad_request", '"key" and "how" must be given.')
        try:
            read = read_form(request.form, parts.law(), clinic_day(parts.clock()))
        except WrongForm as exc:
            return _faults(exc)
        given = [
            parts.consents.give(
                NewConsent(
                    key=f"{key} {purpose}",
                    purpose=purpose,
                    values={"phone": read.sheet.phone},
                    how=HowGiven(how),
                    wording=_purpose_text(purpose),
                    author=author_here(parts.settings),
                    person=read.sheet.insurance_number,
                ),
                parts.clock(),
            )
            for purpose in read.purposes
        ]
        if not given:
            return problem(422, "nothing_agreed", "The form names nothing to consent to.")
        until = day_text(clinic_day(max(single.until for single in given)))
        recorded = _("Written down: the telephone number is kept until %(day)s.", day=until)
        return jsonify({"consents": [single.id for single in given], "words": recorded}), 201

    @pages.get("/consents")
    def consents_page() -> ResponseReturnValue:
        """Show what patients have consented to, newest first; erase what is over."""
        return _consents_page(parts, request.args.get("said", ""))

    @pages.post("/consents/<int(max=999999999999):consent_id>/withdraw")
    def withdraw(consent_id: int) -> ResponseReturnValue:
        """Withdraw a consent, and erase what was kept by it."""
        how = request.form.get("how", "")
        if how not in tuple(HowGiven):
            return problem(400, "bad_request", '"how" must say how it was withdrawn.')
        author = author_here(parts.settings)
        try:
            parts.consents.withdraw(consent_id, HowGiven(how), author, parts.clock())
        except NoSuchConsent:
            return problem(404, "no_such_consent", "There is no consent of this id.")
        except NothingToChange:
            return _consents_page(parts, "before"), 409
        return redirect(url_for(".consents_page", said="withdrawn"), 303)


def _consents_page(parts: PreparationParts, said: str) -> str:
    now = parts.clock()
    parts.consents.erase_ended(now)
    listed: list[Consent] = parts.consents.newest(now)
    return render_template(
        "preparation/consents.html",
        in_force=[consent for consent in listed if consent.is_in_force(now)],
        over=[consent for consent in listed if not consent.is_in_force(now)],
        said=said,
        kept_words=KEPT_WORDS,
        hows=tuple(HowGiven),
        how_words=HOW_WORDS,
    )


def _document(parts: PreparationParts) -> tuple[CopySheet, SheetForm]:
    """Return the sheet of the request's form. Raises WrongForm if it cannot be made."""
    now = parts.clock()
    today = clinic_day(now)
    read = read_form(request.form, parts.law(), today)
    facility = parts.settings.facility
    name = f"{facility.name} ({facility.code_on(today)})".strip()
    agreed = tuple(_purpose_text(purpose) for purpose in read.purposes)
    author = author_here(parts.settings)
    made = SheetPrint(name, author, now, today, parts.tables())
    return copy_sheet(read.sheet, made, agreed), read


def _purpose_text(purpose: ConsentPurpose) -> str:
    days = Consents.days_kept(purpose)
    return str(PURPOSE_WORDS[purpose]) % {"days": days}


def _faults(exc: WrongForm) -> ResponseReturnValue:
    """Answer what is wrong, by field, in words of the page's language."""
    answer = {"type": "urn:tiepdon:wrong_fields", "title": "wrong_fields", "status": 422}
    return jsonify(answer | {"faults": exc.faults}), 422


def _card_json(payload: bytes, parts: PreparationParts) -> dict[str, Any]:
    """Return what a payload says, as fields of the form, or in words why it cannot be used.

    The insurer's answers, the registry and the check against replays have no part in it: nothing
    is decided here, and the same phone may be shown at the desk just after.
    """
    known = parts.knowledge()
    reading = Knowledge(
        issuers=known.issuers, revocations=known.revocations, floor=known.floor, demo=known.demo
    )
    verdict = judge(payload, parts.clock(), reading)
    card = verdict.card
    if card is None or verdict.reason is Reason.LEADING_ZERO_LOST:
        return {"part": None, "words": _why_not(verdict)}
    garbled = Note.NAME_GARBLED in verdict.notes
    note = _("The name in the code is damaged: type it from the card.") if garbled else ""
    if verdict.format in ID_FORMATS:
        return {"part": "id", "fields": _identity_fields(card, payload), "words": note}
    return {"part": "card", "fields": _cover_fields(card), "words": note}


def _why_not(verdict: Verdict) -> str:
    reason = words(chosen_language())["reasons"][verdict.reason]
    return f"{reason['title']}. {reason['next']}"


def _identity_fields(card: Card, payload: bytes) -> dict[str, str]:
    old = next((number.number for number in card.other_numbers if len(number.number) == 9), "")
    return {
        "id_number": card.number,
        "id_holder": card.holder or "",
        "id_born": day_text(card.born) if card.born else "",
        "id_sex": card.sex or "",
        "id_address": address_on_id_card(payload),
        "id_old_number": old,
        "id_scanned": "yes" if card.holder else "",
    }


def _cover_fields(card: Card) -> dict[str, str]:
    def day(value: date | None) -> str:
        return day_text(value) if value else ""

    return {
        "card_number": card.number,
        "card_holder": card.holder or "",
        "card_born": day_text(card.born) if card.born else "",
        "card_sex": card.sex or "",
        "card_facility": card.facility or "",
        "card_from": day(card.valid_from),
        "card_until": day(card.valid_until),
        "card_five_years": day(card.five_years_on),
        "card_legacy": card.legacy_insurance_number or "",
        "card_scanned": "yes",
    }
