"""The pages of the logbook: the newest visits, the tray, and one visit with its history."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import date, datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.insurer import ARRIVALS, Cause, cause_of, fields_at_fault
from kiosk.logbook import (
    ChangedMeanwhile,
    Correction,
    Corrections,
    NoSuchVisit,
    NothingToChange,
    Outbox,
    StillSending,
    TrayEntry,
    Visit,
    Visits,
)
from kiosk.web.api.fields import is_line
from kiosk.web.api.referral import read_referral
from kiosk.web.language import day_text, iso_day
from verify import Birth, Referral, Sex

MAX_VISITS_SHOWN = 200
DATE_FIELDS = ("valid_from", "valid_until")
REFERRAL_FIELDS = ("signed_on", "for_a_year", "referral_facility", "referral_number")
FIELDS = (
    *("holder", "born", "sex", "card_number", "citizen_number", "registered_at"),
    *(*DATE_FIELDS, "arrival", *REFERRAL_FIELDS, "service_code", "service_name", "phone"),
)

SEND_AGAIN = "send-again"
CHANGES = ("correct", "cancel", "close", SEND_AGAIN)

# The results of a change, for which the page has words (`said` in its address).
STALE = "stale"
DONE, SENDING, SAME, WRONG, WHY = "done", "sending", "same", "wrong", "why"


def make_logbook(
    visits: Visits, outbox: Outbox, corrections: Corrections, clock: Callable[[], datetime]
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
        """Show the messages that the insurer refused, and those that could not be sent."""
        entries = [
            (entry, cause_of(entry.code), fields_at_fault(entry.message))
            for entry in corrections.tray()
        ]
        return render_template("logbook/tray.html", entries=entries, counts=outbox.counts())

    @logbook.post("/tray/send-again")
    def send_all_again() -> ResponseReturnValue:
        """Send again all messages that wait because of our account, now that it works again."""
        for entry in corrections.tray():
            if cause_of(entry.code) is Cause.ACCOUNT:
                with contextlib.suppress(NothingToChange):  # somebody else has just done it
                    corrections.send_again(entry.visit, clock())
        return redirect(url_for(".tray"), 303)

    @logbook.get("/visits/<visit_id>")
    def visit_page(visit_id: str) -> ResponseReturnValue:
        """Show one visit, the history of its messages, and what can be done."""
        visit = visits.by_id(visit_id) or abort(404)
        waiting: list[TrayEntry] = corrections.tray(visit_id)
        return render_template(
            "logbook/visit.html",
            visit=visit,
            versions=corrections.versions(visit_id),
            history=outbox.history(visit_id),
            cause=cause_of(waiting[0].code) if waiting else None,
            at_fault=fields_at_fault(visit.message) if waiting else [],
            fields=FIELDS,
            values=_values(visit),
            arrivals=list(ARRIVALS),
            said=request.args.get("said", ""),
        )

    @logbook.post("/visits/<visit_id>/<change>")
    def change_visit(visit_id: str, change: str) -> ResponseReturnValue:
        """Correct, cancel, send again or close; then show the visit again."""
        why = request.form.get("why", "").strip()
        if change not in CHANGES:
            abort(404)
        if change != SEND_AGAIN and not is_line(why):
            result = WHY
        else:
            result = _change(corrections, visit_id, change, why, clock())
        return redirect(url_for(".visit_page", visit_id=visit_id, said=result), 303)

    return logbook


def _change(corrections: Corrections, visit_id: str, change: str, why: str, now: datetime) -> str:
    """Make a change, and return its result.  Answers 404 if there is no such visit."""
    try:
        if change == "correct":
            corrections.correct(visit_id, _corrections(), why, now, _version())
        elif change == "cancel":
            corrections.cancel(visit_id, why, now)
        elif change == "close":
            corrections.close(visit_id, why, now)
        else:
            corrections.send_again(visit_id, now)
    except NoSuchVisit:
        abort(404)
    except StillSending:
        return SENDING
    except ChangedMeanwhile:
        return STALE
    except NothingToChange:
        return SAME
    except ValueError:
        return WRONG
    return DONE


def _version() -> int | None:
    """Return the version of the visit that the clerk saw; None if the form does not name it.

    Raises ValueError if it is not a number.
    """
    seen = request.form.get("version")
    return None if seen is None else int(seen[:9])


def _values(visit: Visit) -> dict[str, str]:
    """Return the values for the fields of the form, with dates as dd/mm/yyyy."""
    card, service, arrival = visit.card, visit.service, visit.arrival
    referral = arrival.referral
    return {
        "holder": card.holder or "",
        "born": day_text(card.born) if card.born else "",
        "card_number": card.card_number or "",
        "citizen_number": card.citizen_number or "",
        "registered_at": card.registered_at or "",
        "valid_from": day_text(card.valid_from) if card.valid_from else "",
        "valid_until": day_text(card.valid_until) if card.valid_until else "",
        "signed_on": day_text(referral.signed_on) if referral else "",
        "for_a_year": "1" if referral and referral.for_a_year else "",
        "referral_facility": (referral.facility if referral else None) or "",
        "referral_number": (referral.number if referral else None) or "",
        "service_code": service.code,
        "service_name": service.name,
        "phone": arrival.phone,
    }


def _corrections() -> dict[str, Correction]:
    """Return the fields of the form as values of a visit.  Raises ValueError if one is invalid."""
    form = {name: request.form[name].strip() for name in FIELDS if name in request.form}
    if any(value and not is_line(value) for value in form.values()):
        raise ValueError("a field is not one line of text")
    if form.get("arrival", "registered") not in ARRIVALS:
        raise ValueError("the arrival is not one of the list")
    values: dict[str, Correction] = {
        name: value for name, value in form.items() if name not in REFERRAL_FIELDS
    }
    if form.get("sex"):
        values["sex"] = Sex(form["sex"])
    if form.get("born"):
        values["born"] = Birth.from_iso(iso_day(form["born"]))
    for name in DATE_FIELDS:
        if form.get(name):
            values[name] = date.fromisoformat(iso_day(form[name]))
    if "signed_on" in form:  # browsers leave an unticked box out of a form, but never a text field
        values["referral"] = _referral(form)
    return values


def _referral(form: dict[str, str]) -> Referral | None:
    """Return the referral of the form; None if its fields are empty.

    Raises BadReferral, a ValueError, if it cannot be read.
    """
    if not any(form.get(name) for name in REFERRAL_FIELDS):
        return None
    fields = {
        "signed_on": iso_day(form["signed_on"]),
        "facility": form.get("referral_facility", "").upper(),
        "number": form.get("referral_number"),
        "for_a_year": bool(form.get("for_a_year")),
    }
    return read_referral(fields, "")[0]
