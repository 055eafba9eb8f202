"""The report on difficulties and suspicions, to be printed for the insurer (CV 1493)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from kiosk.logbook import IncidentReports
from kiosk.web.language import iso_day
from verify import clinic_day

DAYS_BEFORE_LAST = timedelta(days=6)  # a week with the last day itself


def make_incident_report(reports: IncidentReports, clock: Callable[[], datetime]) -> Blueprint:
    """Return the blueprint of /logbook/difficulties."""
    pages = Blueprint("incident_report", __name__, url_prefix="/logbook/difficulties")

    @pages.get("")
    def report() -> ResponseReturnValue:
        """Show the report on the days of the address; by default on the last seven days."""
        today = clinic_day(clock())
        last = _day("to", today)
        first = _day("from", last - DAYS_BEFORE_LAST)
        if first > last:
            first, last = last, first
        return render_template(
            "logbook/incident_report.html", report=reports.between(first, last), today=today
        )

    return pages


def _day(name: str, default: date) -> date:
    try:
        day = date.fromisoformat(iso_day(request.args.get(name, "")))
    except ValueError:
        return default
    return day if 2000 < day.year < 2200 else default
