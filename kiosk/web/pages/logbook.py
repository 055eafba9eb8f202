"""The pages of the logbook: the newest visits, the tray, and one visit with its history."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.insurer import ARRIVALS, Cause, Deadlines, cause_of, fields_at_fault
from kiosk.logbook import (
    Correction,
    Corrections,
    NoSuchVisit,
    NothingToChange,
    Outbox,
    TrayEntry,
    Visit,
    Visits,
)
from kiosk.settings import Settings
from kiosk.web.api.fields import (
    BadField,
    FieldFault,
    read_field,
    read_person,
    read_typed_date,
    read_typed_day,
    read_typed_time,
    seen_version,
)
from kiosk.web.api.referral import read_referral
from kiosk.web.language import day_text
from kiosk.web.pages.change_results import DONE, NOT_CHANGED, STALE, WHY, WRONG
from kiosk.web.pages.desks import author_here
from verify import Deadline, Referral, Sex, clinic_day, is_newborn_on, plain_number

MAX_VISITS_SHOWN = 200
NO_DEADLINE = datetime.max.replace(tzinfo=UTC)  # behind all others
DATE_FIELDS = ("valid_from", "valid_until")
NUMBER_FIELDS = ("card_number", "citizen_number", "registered_at")
REFERRAL_FIELDS = (
    *("signed_on", "for_a_year", "referral_facility", "referral_number", "referral_form"),
)
REFERRAL_KEYS = {  # where they differ
    "facility": "referral_facility",
    "number": "referral_number",
    "form": "referral_form",
}
BIRTH_TIME = "birth_time"
FIELDS = (
    *("holder", "born", BIRTH_TIME, "sex", "card_number", "citizen_number", "registered_at"),
    *(*DATE_FIELDS, "arrival", *REFERRAL_FIELDS, "service_code", "service_name", "care", "phone"),
)

SEND_AGAIN = "send-again"
CHANGES = ("correct", "cancel", "close", SEND_AGAIN)


def make_logbook(
    visits: Visits,
    outbox: Outbox,
    corrections: Corrections,
    settings: Settings,
    clock: Callable[[], datetime],
    deadlines: Deadlines,
) -> Blueprint:
    """Return the blueprint of /logbook."""
    logbook = Blueprint("logbook", __name__, url_prefix="/logbook")

    @logbook.get("")
    def visits_page() -> ResponseReturnValue:
        """Show the newest visits."""
        newest = visits.newest(MAX_VISITS_SHOWN)
        return render_template("logbook/visits.html", visits=newest, counts=outbox.counts())

    @logbook.get("/tray")
    def tray() -> ResponseReturnValue:
        """Show the messages that the insurer refused, and those that could not be sent.

        Those that are overdue come first, then those that are due next.
        """
        now = clock()
        current = deadlines.at(now)
        due = [(entry, current.of(entry.due_as, entry.arrived_at)) for entry in corrections.tray()]
        entries = [
            (entry, cause_of(entry.code), fields_at_fault(entry.message), deadline)
            for entry, deadline in sorted(due, key=lambda pair: _due_at(pair[1]))
        ]
        return render_template(
            "logbook/tray.html", entries=entries, counts=outbox.counts(), now=now
        )

    @logbook.post("/tray/send-again")
    def send_all_again() -> ResponseReturnValue:
        """Send again all messages that wait because of our account, now that it works again."""
        for entry in corrections.tray():
            if cause_of(entry.code) is Cause.ACCOUNT:
                with contextlib.suppress(NothingToChange):  # somebody else has just done it
                    corrections.send_again(entry.visit, clock(), author_here(settings))
        return redirect(url_for(".tray"), 303)

    @logbook.get("/visits/<visit_id>")
    def visit_page(visit_id: str) -> ResponseReturnValue:
        """Show one visit, the history of its messages, and what can be done."""
        visit = visits.by_id(visit_id) or abort(404)
        return _page_of(visit, outbox, corrections, request.args.get("said", ""))

    @logbook.post("/visits/<visit_id>/<change>")
    def change_visit(visit_id: str, change: str) -> ResponseReturnValue:
        """Correct, cancel, send again or close; then show the visit again.

        If nothing was changed, the page says why, and its fields hold what was typed.
        """
        if change not in CHANGES:
            abort(404)
        result, wrong = _result_of(corrections, visit_id, change, clock(), author_here(settings))
        if result == DONE:
            return redirect(url_for(".visit_page", visit_id=visit_id, said=DONE), 303)
        visit = visits.by_id(visit_id) or abort(404)
        return _page_of(visit, outbox, corrections, result, change, wrong), 400 if wrong else 409

    return logbook


def _due_at(deadline: Deadline | None) -> datetime:
    return NO_DEADLINE if deadline is None else deadline.due_at


def _page_of(
    visit: Visit,
    outbox: Outbox,
    corrections: Corrections,
    said: str,
    change: str = "",
    wrong: BadField | None = None,
) -> str:
    """Return the page of a visit: after `change` failed, with what its form held.

    `wrong` is the field that cannot be read, if that was the reason.
    """
    waiting: list[TrayEntry] = corrections.tray(visit.id)
    recorded = _values(visit)
    values = recorded | (_typed() if change == "correct" else {})
    return render_template(
        "logbook/visit.html",
        visit=visit,
        versions=corrections.versions(visit.id),
        history=outbox.history(visit.id),
        cause=cause_of(waiting[0].code) if waiting else None,
        at_fault=fields_at_fault(visit.message) if waiting else [],
        fields=[name for name in FIELDS if name != BIRTH_TIME or _is_newborn(visit)],
        values=values,
        recorded=recorded if said == STALE else values,  # shown where they differ
        arrivals=list(ARRIVALS),
        said=said,
        wrong=wrong,
        why={change: request.form.get("why", "")},
    )


def _result_of(
    corrections: Corrections, visit_id: str, change: str, now: datetime, author: str
) -> tuple[str, BadField | None]:
    """Make a change; return its result, and the field that cannot be read if there is one."""
    try:
        return _change(corrections, visit_id, change, now, author), None
    except BadField as exc:
        return WHY if exc.name == "why" else WRONG, exc


def _change(
    corrections: Corrections, visit_id: str, change: str, now: datetime, author: str
) -> str:
    """Make a change, and return its result.  Answers 404 if there is no such visit.

    Raises BadField if a field of the form cannot be read.
    """
    why = read_field(request.form.get("why"), "why")
    if not why and change != SEND_AGAIN:
        raise BadField("why", FieldFault.MISSING)
    try:
        if change == "correct":
            corrections.correct(visit_id, _corrections(), why, now, seen_version(), author)
        elif change == "cancel":
            corrections.cancel(visit_id, why, now, author)
        elif change == "close":
            corrections.close(visit_id, why, now, author)
        else:
            corrections.send_again(visit_id, now, author)
    except NoSuchVisit:
        abort(404)
    except tuple(NOT_CHANGED) as exc:
        return NOT_CHANGED[type(exc)]
    return DONE


def _values(visit: Visit) -> dict[str, str]:
    """Return the values for the fields of the form, with dates as dd/mm/yyyy."""
    card, service, arrival = visit.card, visit.service, visit.arrival
    referral = arrival.referral
    return {
        "holder": card.holder or "",
        "born": day_text(card.born) if card.born else "",
        BIRTH_TIME: f"{visit.birth_time:%H:%M}" if visit.birth_time else "",
        "sex": card.sex or "",
        "card_number": card.card_number or "",
        "citizen_number": card.citizen_number or "",
        "registered_at": card.registered_at or "",
        "valid_from": day_text(card.valid_from) if card.valid_from else "",
        "valid_until": day_text(card.valid_until) if card.valid_until else "",
        "arrival": arrival.kind,
        "signed_on": day_text(referral.signed_on) if referral else "",
        "for_a_year": "1" if referral and referral.for_a_year else "",
        "referral_facility": (referral.facility if referral else None) or "",
        "referral_number": (referral.number if referral else None) or "",
        "referral_form": (referral.form if referral else None) or "",
        "service_code": service.code,
        "service_name": service.name,
        "care": service.care,
        "phone": arrival.phone,
    }


def _is_newborn(visit: Visit) -> bool:
    """Return whether the insurer wants the time of birth, or one was typed."""
    day = clinic_day(visit.arrived_at)
    return visit.birth_time is not None or is_newborn_on(visit.card.born, day)


def _typed() -> dict[str, str]:
    """Return the fields of the form as they were typed; a box that is not ticked is empty."""
    typed = {name: request.form[name] for name in FIELDS if name in request.form}
    return {"for_a_year": ""} | typed if "signed_on" in typed else typed


def _corrections() -> dict[str, Correction]:
    """Return the fields of the form as values of a visit.  Raises BadField if one is invalid."""
    form = {name: read_field(request.form[name], name) for name in FIELDS if name in request.form}
    if form.get("arrival", "registered") not in ARRIVALS:
        raise BadField("arrival", None)
    values: dict[str, Correction] = {
        name: value for name, value in form.items() if name not in REFERRAL_FIELDS
    }
    if "holder" in form:
        values["holder"] = read_person(form["holder"], "holder")
    for name in form.keys() & NUMBER_FIELDS:
        values[name] = plain_number(form[name])
    if form.get("sex"):
        values["sex"] = _sex(form["sex"])
    if "born" in form:
        values["born"] = read_typed_date(form["born"], "born")
    if BIRTH_TIME in form:
        values[BIRTH_TIME] = read_typed_time(form[BIRTH_TIME], BIRTH_TIME)
    for name in form.keys() & DATE_FIELDS:
        values[name] = read_typed_day(form[name], name)
    if "signed_on" in form:  # browsers leave an unticked box out of a form, but never a text field
        values["referral"] = _referral(form)
    return values


def _sex(text: str) -> Sex:
    try:
        return Sex(text)
    except ValueError:
        raise BadField("sex", None) from None


def _referral(form: dict[str, str]) -> Referral | None:
    """Return the referral of the form; None if its fields are empty.

    Raises BadField if it cannot be read.
    """
    if not any(form.get(name) for name in REFERRAL_FIELDS):
        return None
    fields = {
        "signed_on": form["signed_on"],
        "facility": form.get("referral_facility"),
        "number": form.get("referral_number"),
        "form": form.get("referral_form"),
        "for_a_year": bool(form.get("for_a_year")),
    }
    try:
        return read_referral(fields, "")[0]
    except BadField as exc:
        key = exc.name.removeprefix("referral.")
        raise BadField(REFERRAL_KEYS.get(key, key), exc.fault) from None
