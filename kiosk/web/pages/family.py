"""A family at the desk: several children or cards with one adult, one visit each.

The page keeps who brought the children while the clerk goes on with the family; the server keeps
nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from kiosk.logbook import Guardian, Visit, Visits
from verify import age_on, clinic_day

ADULT_FROM_YEARS = 16
MAX_FAMILY = 20  # visits in one go


def make_family(visits: Visits, clock: Callable[[], datetime]) -> Blueprint:
    """Return the blueprint of /desk/family. `clock` returns the time now, aware."""
    pages = Blueprint("family", __name__, url_prefix="/desk/family")

    @pages.app_template_global("guardian_after")
    def guardian_after(visit: Visit) -> Guardian:
        """Return who brings the next child of the family, from a visit just recorded."""
        return guardian_from(visit, clock())

    @pages.get("")
    def show() -> ResponseReturnValue:
        """Show the numbers that a family was given in one go; `reading` is given for each."""
        readings = request.args.getlist("reading", type=int)[:MAX_FAMILY]
        found = [visit for visit in map(visits.by_reading, readings) if visit is not None]
        return render_template("desk/family.html", visits=found)

    return pages


def guardian_from(visit: Visit, now: datetime) -> Guardian:
    """Return who brings the next child: who brought this one, or the adult of this visit.

    It is empty if nobody is known.
    """
    if visit.arrival.guardian is not None:
        return visit.arrival.guardian
    card = visit.card
    if not card.holder or card.born is None:
        return Guardian()
    if age_on(card.born, clinic_day(now)) < ADULT_FROM_YEARS:
        return Guardian()
    return Guardian(name=card.holder, number=card.citizen_number or "", phone=visit.arrival.phone)
