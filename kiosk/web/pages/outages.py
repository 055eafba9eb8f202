"""The pages of outages: their list, what the program suggests, and a report of each to print."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.insurer import Reporting
from kiosk.logbook import (
    NewOutage,
    NoSuchOutage,
    Outage,
    OutageKnown,
    OutageReport,
    Outages,
    OutageSource,
    OutageState,
    WrongOutage,
)
from kiosk.settings import Settings
from kiosk.web.api.fields import (
    MAX_ID,
    BadField,
    FieldFault,
    read_field,
    read_typed_day,
    read_typed_time,
    required_version,
)
from kiosk.web.language import day_text
from kiosk.web.pages.change_results import DONE, NOT_CHANGED, WRONG
from kiosk.web.pages.desks import author_here
from verify import CLINIC_ZONE, clinic_day

MAX_MESSAGES_SHOWN = 500
MOMENTS = ("begins", "ends", "reported")  # each of a field with the day and one with the time
CONFIRM, DISMISS = "confirm", "dismiss"
KNOWN = "known"  # the result if the outage stands in the list already
# Which field of the form a wrong value of an outage belongs to.
FIELD_OF = {
    "begins_at": "begins_day",
    "ends_at": "ends_day",
    "reported_at": "reported_day",
    "reported_to": "reported_to",
}

Wrong = BadField | WrongOutage


def make_outages(
    outages: Outages, reporting: Reporting, settings: Settings, clock: Callable[[], datetime]
) -> Blueprint:
    """Return the blueprint of /logbook/outages."""
    pages = Blueprint("outages", __name__, url_prefix="/logbook/outages")

    @pages.get("")
    def overview() -> ResponseReturnValue:
        """Show all outages, those that nobody has looked at first, and a form for a new one."""
        return _list_page(outages, clock(), request.args.get("said", ""))

    @pages.post("")
    def add() -> ResponseReturnValue:
        """Record an outage that a person noticed."""
        try:
            new = outages.add(_typed_outage(), clock(), author_here(settings))
        except (BadField, WrongOutage) as exc:
            return _list_page(outages, clock(), WRONG, _of_form(exc)), 400
        except OutageKnown as exc:
            return redirect(url_for(".outage_page", outage_id=exc.outage, said=KNOWN), 303)
        return redirect(url_for(".outage_page", outage_id=new, said=DONE), 303)

    @pages.get("/<int:outage_id>")
    def outage_page(outage_id: int) -> ResponseReturnValue:
        """Show one outage with its messages and its versions; it can be printed."""
        said = request.args.get("said", "")
        return _page_of(outages, reporting, outage_id, clock(), said)

    @pages.post("/<int:outage_id>/<change>")
    def change_outage(outage_id: int, change: str) -> ResponseReturnValue:
        """Confirm an outage with what the form says of it, or dismiss it."""
        if change not in (CONFIRM, DISMISS) or outage_id > MAX_ID:
            abort(404)
        wrong: Wrong | None = None
        try:
            said = _change(outages, outage_id, change, clock(), author_here(settings))
        except (BadField, WrongOutage) as exc:
            said, wrong = WRONG, _of_form(exc)
        if said == DONE:
            return redirect(url_for(".outage_page", outage_id=outage_id, said=DONE), 303)
        page = _page_of(outages, reporting, outage_id, clock(), said, wrong)
        return page, 400 if said == WRONG else 409

    return pages


def _list_page(outages: Outages, now: datetime, said: str, wrong: Wrong | None = None) -> str:
    """Return the page of all outages; after a form that cannot be read, with what it held."""
    found = outages.newest()
    return render_template(
        "logbook/outages.html",
        outages=sorted(found, key=lambda outage: outage.state is not OutageState.SUGGESTED),
        sources=list(OutageSource),
        typed=_typed() if wrong else _today(now),
        wrong=wrong,
        said=said,
    )


def _page_of(
    outages: Outages,
    reporting: Reporting,
    outage_id: int,
    now: datetime,
    said: str,
    wrong: Wrong | None = None,
) -> str:
    """Return the page of an outage; after a form that cannot be read, with what it held.

    Answers 404 if there is no such outage.
    """
    versions = outages.versions(outage_id) if outage_id <= MAX_ID else []
    newest = versions[-1] if versions else abort(404)
    tied = reporting.tied_to(newest, now)
    return render_template(
        "logbook/outage.html",
        outage=newest,
        versions=versions,
        tied=tied[:MAX_MESSAGES_SHOWN],
        count=len(tied),
        unsent=sum(message.answered_at is None for message in tied),
        late=sum((message.answered_at or now) > message.extended_to for message in tied),
        sources=list(OutageSource),
        typed=_values(newest) | (_typed() if wrong else {}),
        wrong=wrong,
        said=said,
        today=clinic_day(now),
    )


def _change(outages: Outages, outage_id: int, change: str, now: datetime, author: str) -> str:
    """Confirm or dismiss an outage, and return the result.  Answers 404 if no outage has this id.

    Raises BadField or WrongOutage if the form cannot be read.
    """
    try:
        if change == CONFIRM:
            outages.confirm(outage_id, _typed_outage(), required_version(), now, author)
        else:
            outages.dismiss(outage_id, required_version(), now, author)
    except NoSuchOutage:
        abort(404)
    except tuple(NOT_CHANGED) as exc:
        return NOT_CHANGED[type(exc)]
    except OutageKnown:
        return KNOWN
    return DONE


def _typed_outage() -> NewOutage:
    """Return the outage of the form.  Raises BadField if a field cannot be read."""
    try:
        source = OutageSource(request.form.get("source", ""))
    except ValueError:
        raise BadField("source", FieldFault.MISSING) from None
    begins_at = _moment("begins")
    if begins_at is None:
        raise BadField("begins_day", FieldFault.MISSING)
    report = OutageReport(_text("reported_to"), _moment("reported"), _text("reported_by"))
    return NewOutage(source, begins_at, _moment("ends"), report, _text("note"))


def _text(name: str) -> str:
    return read_field(request.form.get(name), name)


def _moment(name: str) -> datetime | None:
    """Return the moment of two fields, the day and the time.  None if both are empty.

    Raises BadField if one is missing or cannot be read.
    """
    day_field, time_field = f"{name}_day", f"{name}_time"
    day: date | None = read_typed_day(request.form.get(day_field), day_field)
    at = read_typed_time(request.form.get(time_field), time_field)
    if day is None and at is None:
        return None
    if day is None:
        raise BadField(day_field, FieldFault.MISSING)
    if at is None:
        raise BadField(time_field, FieldFault.MISSING)
    return datetime.combine(day, at, CLINIC_ZONE)


def _of_form(exc: Wrong) -> Wrong:
    """Return an error whose `name` is the field of the form."""
    exc.name = FIELD_OF.get(exc.name, exc.name)
    return exc


def _typed() -> dict[str, str]:
    """Return the fields of the form as they were typed."""
    return {name: value[:400] for name, value in request.form.items()}


def _today(now: datetime) -> dict[str, str]:
    """Return the values of an empty form: the day is mostly today's."""
    return {"begins_day": day_text(clinic_day(now))}


def _values(outage: Outage) -> dict[str, str]:
    """Return the values of the form for an outage."""
    moments = (outage.begins_at, outage.ends_at, outage.report.at)
    values = {
        "source": str(outage.source),
        "reported_to": outage.report.to,
        "reported_by": outage.report.by,
        "note": outage.note,
    }
    for name, moment in zip(MOMENTS, moments, strict=True):
        there = moment and moment.astimezone(CLINIC_ZONE)
        values[f"{name}_day"] = day_text(there.date()) if there else ""
        values[f"{name}_time"] = f"{there:%H:%M}" if there else ""
    return values
