"""The page of the nightly job: what its last run did and found, also as a table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, abort, render_template
from flask.typing import ResponseReturnValue

from kiosk.logbook import NightlyRuns
from kiosk.sync import LOOK_BACK_PERIOD, as_csv


def make_nightly(jobs: NightlyRuns, clock: Callable[[], datetime]) -> Blueprint:
    """Return the blueprint of /logbook/nightly."""
    pages = Blueprint("nightly", __name__, url_prefix="/logbook/nightly")

    @pages.get("")
    def report() -> ResponseReturnValue:
        """Show what the last run did, and which patients must be contacted."""
        last = jobs.last_report()
        worklist = jobs.worklist(clock() - LOOK_BACK_PERIOD)
        return render_template(
            "logbook/nightly.html",
            finished_at=last and last[0],
            report=last and last[1],
            worklist=worklist,
        )

    @pages.get("/days.csv")
    def table() -> ResponseReturnValue:
        """Return the days of the last report as CSV."""
        last = jobs.last_report() or abort(404)
        return Response(as_csv(last[1]), mimetype="text/csv; charset=utf-8")

    return pages
