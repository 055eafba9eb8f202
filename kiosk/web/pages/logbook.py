"""The logbook's pages: the newest visits, those that need a person, and one with its history."""

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

SHOWN = 200
DAYS = ("valid_from", "valid_until")
REFERRAL = ("signed_on", "for_a_year", "referral_facility", "referral_number")
FIELDS = ("holder", "born", "sex", "card_number", "citizen_number", "registered_at", "valid_from",
          "valid_until", "arrival", *REFERRAL, "service_code", "service_name", "phone")  # fmt: skip

# What may come of a change, for the page to say in words.
SEND_AGAIN = "send-again"
CHANGES = ("correct", "cancel", "close", SEND_AGAIN)
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
        newest = visits.newest(SHOWN)
        return render_template("logbook/visits.html", visits=newest, counts=outbox.counts())

    @logbook.get("/tray")
    def tray() -> ResponseReturnValue:
        """Show what the insurer refused, and what nobody could send."""
        troubles = [
            (one, cause_of(one.code), fields_at_fault(one.message)) for one in corrections.tray()
        ]
        return render_template("logbook/tray.html", troubles=troubles, counts=outbox.counts())

    @logbook.post("/tray/send-again")
    def send_all_again() -> ResponseReturnValue:
        """Send again whatever waits because of our account, now that it is put right."""
        for one in corrections.tray():
            if cause_of(one.code) is Cause.ACCOUNT:
                with contextlib.suppress(NothingToChange):  # somebody else has just done it
                    corrections.send_again(one.visit, clock())
        return redirect(url_for(".tray"), 303)

    @logbook.get("/visits/<visit_id>")
    def visit_page(visit_id: str) -> ResponseReturnValue:
        """Show one visit, what befell its messages, and what can be done."""
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
            said = WHY
        else:
            said = _change(corrections, visit_id, change, why, clock())
        return redirect(url_for(".visit_page", visit_id=visit_id, said=said), 303)

    return logbook


def _change(corrections: Corrections, visit_id: str, change: str, why: str, now: datetime) -> str:
    """Do what was asked; return what came of it, as a word for the page."""
    try:
        if change == "correct":
            corrections.correct(visit_id, _changes(), why, now, _version())
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
    """Return the version that was looked at; ValueError where it is none."""
    seen = request.form.get("version")
    return None if seen is None else int(seen[:9])


def _values(visit: Visit) -> dict[str, str]:
    """Return what stands in the fields of the form; days as people here write them."""
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


def _changes() -> dict[str, Correction]:
    """Return the fields of the form as a visit has them; ValueError if one cannot be."""
    said = {name: request.form[name].strip() for name in FIELDS if name in request.form}
    if any(value and not is_line(value) for value in said.values()):
        raise ValueError("more than a line")
    if said.get("arrival", "registered") not in ARRIVALS:
        raise ValueError("arrival")
    found: dict[str, Correction] = {
        name: value for name, value in said.items() if name not in REFERRAL
    }
    if said.get("sex"):
        found["sex"] = Sex(said["sex"])
    if said.get("born"):
        found["born"] = Birth.from_iso(iso_day(said["born"]))
    for name in DAYS:
        if said.get(name):
            found[name] = date.fromisoformat(iso_day(said[name]))
    if "signed_on" in said:  # a box that is not ticked is not in a form
        found["referral"] = _referral(said)
    return found


def _referral(said: dict[str, str]) -> Referral | None:
    """Return the referral of the form; None if its fields are empty, ValueError if it cannot be."""
    if not any(said.get(name) for name in REFERRAL):
        return None
    fields = {
        "signed_on": iso_day(said["signed_on"]),
        "facility": said.get("referral_facility", "").upper(),
        "number": said.get("referral_number"),
        "for_a_year": bool(said.get("for_a_year")),
    }
    return read_referral(fields, "")[0]
