"""The desk's list of patients who were scanned and not recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue

from kiosk.logbook import Attempt, NoSuchAttempt, Unfinished
from kiosk.settings import Settings
from kiosk.web.api.fields import BadField, FieldFault, json_object, read_field
from kiosk.web.pages.advice import VerdictTone, tone_of
from kiosk.web.pages.desks import author_here, chosen_desk, readers_listed_elsewhere
from kiosk.web.problems import field_problem, problem


def make_unfinished(
    unfinished: Unfinished, settings: Settings, clock: Callable[[], datetime]
) -> Blueprint:
    """Return the blueprint of /desk/unfinished. `clock` returns the time now, aware."""
    pages = Blueprint("unfinished", __name__, url_prefix="/desk/unfinished")

    @pages.get("")
    def show() -> ResponseReturnValue:
        """Show the list."""
        entries = unfinished_here(unfinished, settings, clock())
        return render_template("desk/unfinished.html", entries=entries)

    @pages.post("/<int(max=999999999999):reading>")
    def set_aside(reading: int) -> ResponseReturnValue:
        """Take a patient off the list, with a reason."""
        try:
            reason = read_field(json_object().get("reason"), "reason")
            if not reason:
                raise BadField("reason", FieldFault.MISSING)
            unfinished.set_aside(reading, reason, author_here(settings), clock())
        except BadField as exc:
            return field_problem(exc)
        except NoSuchAttempt:
            return problem(404, "no_such_attempt", "There is no reading of this id.")
        return jsonify({"reading": reading})

    return pages


def unfinished_here(
    unfinished: Unfinished, settings: Settings, now: datetime
) -> list[tuple[Attempt, VerdictTone, str]]:
    """Return the list of this browser's desk: for each patient the newest verdict and its tone.

    And the number of the slip that sent the patient to the desk; "" without one.
    """
    elsewhere = readers_listed_elsewhere(settings, chosen_desk(settings))
    found = unfinished.list_of(now, elsewhere)
    slips = unfinished.slips_of(found)
    return [(attempt, tone_of(attempt), slips.get(attempt.reading, "")) for attempt in found]
