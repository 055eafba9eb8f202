"""The logbook's page: today's visits and how the insurer took them."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from kiosk.logbook import Outbox, Visits

SHOWN = 200


def make_logbook(visits: Visits, outbox: Outbox) -> Blueprint:
    """Return the blueprint of /logbook."""
    logbook = Blueprint("logbook", __name__)

    @logbook.get("/logbook")
    def visits_page() -> ResponseReturnValue:
        """Show the newest visits."""
        return render_template(
            "logbook/visits.html", visits=visits.newest(SHOWN), counts=outbox.counts()
        )

    return logbook
