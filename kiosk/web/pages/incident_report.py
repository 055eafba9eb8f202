"""The report on difficulties and suspicions, to be printed for the insurer (CV 1493)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from kiosk.logbook import IncidentReports
from kiosk.web.api.fields import POSSIBLE_YEARS, BadField, FieldFault, read_typed_date
from kiosk.web.language import day_text
from verify import clinic_day, read_first_day, read_last_day

DAYS_BEFORE_LAST = timedelta(days=6)  # a week with the last day itself


def make_incident_report(reports: IncidentReports, clock: Callable[[], datetime]) -> Blueprint:
    """Return the blueprint of /logbook/difficulties."""
    pages = Blueprint("incident_report", __name__, url_prefix="/logbook/difficulties")

    @pages.get("")
    def report() -> ResponseReturnValue:
        """Show the report on the days of the address; by default on the last seven days."""
        return shown(False)

    @pages.post("/numbers")
    def with_numbers() -> ResponseReturnValue:
        """Show the report with the whole numbers, to print it for the insurer."""
        return shown(True)

    def shown(shows_numbers: bool) -> ResponseReturnValue:
        today = clinic_day(clock())
        last, wrong_last = _day("to", read_last_day)
        first, wrong_first = _day("from", read_first_day)
        last = last or today
        first = first or last - DAYS_BEFORE_LAST
        first, last = min(first, last), max(first, last)
        wrong = [fault for fault in (wrong_first, wrong_last) if fault is not None]
        shown = {"from": day_text(first), "to": day_text(last)}
        return render_template(
            "logbook/incident_report.html",
            report=reports.between(first, last),
            typed=shown | {fault.name: request.args[fault.name] for fault in wrong},
            wrong={fault.name: fault.fault for fault in wrong},
            today=today,
            shows_numbers=shows_numbers,
        ), 400 if wrong else 200

    return pages


def _day(name: str, read: Callable[[str], date | None]) -> tuple[date | None, BadField | None]:
    """Return a day of the address, None if it names none, and what is wrong with it.

    `read` takes the day out of a month or a year.
    """
    text = request.args.get(name, "")
    try:
        typed = read_typed_date(text, name)
        if typed is not None and typed.year not in POSSIBLE_YEARS:
            raise BadField(name, FieldFault.NOT_A_DATE)
        return read(text), None
    except BadField as exc:
        return None, exc
