"""The page of visits with a wrong time: what is proposed, and what a person decides.

A proposal can be accepted only while our clock is right: a wrong clock would refuse the right time,
or take a wrong one.  Estimates are never accepted all at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from kiosk.insurer import ClockCheck
from kiosk.logbook import (
    Corrections,
    NoSuchVisit,
    Visits,
    WrongTime,
    WrongVisitTime,
    WrongVisitTimes,
)
from kiosk.settings import Settings
from kiosk.web.api.fields import (
    BadField,
    FieldFault,
    read_field,
    read_typed_day,
    read_typed_time,
    required_version,
)
from kiosk.web.damaged_parts import readable_part
from kiosk.web.pages.change_results import DONE, NOT_CHANGED, WRONG
from kiosk.web.pages.desks import author_here
from verify import CLINIC_ZONE, clinic_day

CLOCK = "clock"  # the result if our clock is wrong


def make_wrong_times(
    wrong_times: WrongVisitTimes,
    corrections: Corrections,
    visits: Visits,
    clock_check: ClockCheck,
    settings: Settings,
    clock: Callable[[], datetime],
) -> Blueprint:
    """Return the blueprint of /logbook/wrong-times."""
    pages = Blueprint("wrong_times", __name__, url_prefix="/logbook/wrong-times")

    @pages.app_context_processor
    def for_other_pages() -> dict[str, Any]:
        """Let the page of a visit show its time, and the tray how many times are wrong."""
        return {
            "wrong_time_of": readable_part(
                "clock", lambda visit: next(iter(wrong_times.all(visit)), None), None
            ),
            "first_recorded_at": readable_part("clock", wrong_times.recorded_at, None),
            "count_wrong_times": wrong_times.count,
            "is_clock_wrong": lambda: clock_check.state().is_wrong,
        }

    def page(said: str, typed: dict[str, str] | None = None) -> str:
        entries = wrong_times.all()
        return render_template(
            "logbook/wrong_times.html",
            entries=entries,
            measured=[entry for entry in entries if _is_measured(entry)],
            said=said,
            typed=typed or {},
        )

    @pages.get("")
    def overview() -> ResponseReturnValue:
        """Show all visits with a wrong time."""
        return page(request.args.get("said", ""))

    @pages.post("")
    def accept_all() -> ResponseReturnValue:
        """Accept all proposals that were measured."""
        if clock_check.state().is_wrong:
            return page(CLOCK), 409
        results = {
            _settle(corrections, entry, entry.proposed_at, "", clock(), settings)
            for entry in wrong_times.all()
            if _is_measured(entry) and entry.proposed_at
        }
        visits.note_correction()
        left = sorted(results - {DONE})
        return redirect(url_for(".overview", said=left[0] if left else DONE), 303)

    @pages.post("/<visit_id>")
    def settle(visit_id: str) -> ResponseReturnValue:
        """Record when a patient really arrived."""
        entry = next(iter(wrong_times.all(visit_id)), None) or abort(404)
        typed = {"visit": visit_id} | {name: request.form.get(name, "") for name in FIELDS}
        if clock_check.state().is_wrong:
            return page(CLOCK, typed), 409
        try:
            arrived_at, why = _typed_moment(entry), read_field(typed["why"], "why")
            version = required_version()
        except ValueError:  # BadField is one
            return page(WRONG, typed), 400
        result = _settle(corrections, entry, arrived_at, why, clock(), settings, version)
        visits.note_correction()
        if result == DONE:
            return redirect(url_for("logbook.visit_page", visit_id=visit_id, said=DONE), 303)
        return page(result, typed), 400 if result == WRONG else 409

    return pages


FIELDS = ("time", "day", "why")


def _is_measured(entry: WrongVisitTime) -> bool:
    return entry.ahead is not None and not entry.is_estimated


def _typed_moment(entry: WrongVisitTime) -> datetime:
    """Return the moment (aware) that the form names; the proposal itself if it is that minute.

    Raises BadField if it is not a time of day and a date.
    """
    day = read_typed_day(request.form.get("day"), "day")
    at = read_typed_time(request.form.get("time"), "time")
    if day is None or at is None:
        raise BadField("day" if day is None else "time", FieldFault.MISSING)
    moment = datetime.combine(day, at, CLINIC_ZONE)
    proposed = entry.proposed_at
    if proposed is not None and proposed.replace(second=0, microsecond=0) == moment:
        return proposed
    return moment


def _settle(
    corrections: Corrections,
    entry: WrongVisitTime,
    arrived_at: datetime,
    why: str,
    now: datetime,
    settings: Settings,
    version: int | None = None,
) -> str:
    """Settle the time of one visit; return the result.  Answers 404 if there is no such visit."""
    why = why or _("the clock was wrong")
    try:
        corrections.correct_time(
            entry.visit,
            arrived_at,
            why,
            now,
            version or entry.version,
            author_here(settings),
            settings.facility.code_on(clinic_day(arrived_at)),
        )
    except NoSuchVisit:
        abort(404)
    except tuple(NOT_CHANGED) as exc:
        return NOT_CHANGED[type(exc)]
    except WrongTime:
        return WRONG
    return DONE
