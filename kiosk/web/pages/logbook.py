"""The logbook's pages: the newest visits, those that need a person, and one with its history."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.errors import ChangedMeanwhile, NoSuchVisit, NothingToChange, StillSending
from kiosk.insurer import ARRIVALS, Cause, cause_of, fields_at_fault
from kiosk.logbook import Corrections, Outbox, Trouble, Visits
from kiosk.web.api.fields import is_line
from kiosk.web.language import iso_day
from verify import Birth

SHOWN = 200
DAYS = ("valid_from", "valid_until")
FIELDS = ("holder", "born", "sex", "card_number", "citizen_number", "registered_at", "valid_from",
          "valid_until", "arrival", "service_code", "service_name", "phone")  # fmt: skip

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
            (one, cause_of(one.code), fields_at_fault(one.message))
            for one in corrections.troubles()
        ]
        return render_template("logbook/tray.html", troubles=troubles, counts=outbox.counts())

    @logbook.post("/tray/send-again")
    def send_all_again() -> ResponseReturnValue:
        """Send again whatever waits because of our account, now that it is put right."""
        for one in corrections.troubles():
            if cause_of(one.code) is Cause.ACCOUNT:
                with contextlib.suppress(NothingToChange):  # somebody else has just done it
                    corrections.send_again(one.visit, clock())
        return redirect(url_for(".tray"), 303)

    @logbook.get("/visits/<visit_id>")
    def visit_page(visit_id: str) -> ResponseReturnValue:
        """Show one visit, what befell its messages, and what can be done."""
        visit = visits.by_id(visit_id) or abort(404)
        waiting: list[Trouble] = corrections.troubles(visit_id)
        return render_template(
            "logbook/visit.html",
            visit=visit,
            versions=corrections.versions(visit_id),
            history=outbox.history(visit_id),
            cause=cause_of(waiting[0].code) if waiting else None,
            at_fault=fields_at_fault(visit.message) if waiting else [],
            fields=FIELDS,
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


def _changes() -> dict[str, str]:
    """Return the fields of the form as the logbook keeps them; ValueError where one cannot be."""
    found = {name: request.form[name].strip() for name in FIELDS if name in request.form}
    if any(value and not is_line(value) for value in found.values()):
        raise ValueError("more than a line")
    if found.get("sex", "") not in ("", "male", "female"):
        raise ValueError("sex")
    if found.get("arrival", "registered") not in ARRIVALS:
        raise ValueError("arrival")
    if found.get("born"):
        found["born"] = str(Birth.from_iso(iso_day(found["born"])))
    for name in DAYS:
        if found.get(name):
            found[name] = datetime.fromisoformat(iso_day(found[name])).date().isoformat()
    return found
