"""The page of a day's end: what is still open, and how long patients waited to be recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from kiosk.logbook import (
    DayCoverage,
    DaysEnd,
    Outages,
    PaperSheets,
    ProgramRuns,
    SlowCause,
    Unfinished,
)
from kiosk.web.api.fields import POSSIBLE_YEARS
from kiosk.web.pages.paper import outages_between
from verify import CLINIC_ZONE, clinic_day

CAUSE_WORDS = {
    SlowCause.INSURER: _l("the insurer was asked"),
    SlowCause.SCANS: _l("scanned more than once"),
    SlowCause.TYPED: _l("a number or fields were typed"),
    SlowCause.DESK: _l("the clerk had to decide"),
    SlowCause.OTHERS: _l("others were scanned in between"),
    SlowCause.SILENT: _l("the program did not run"),
    None: _l("nothing of these"),
}


@dataclass(frozen=True, slots=True)
class DayParts:
    """What the page needs of the kiosk."""

    days: DaysEnd
    unfinished: Unfinished
    sheets: PaperSheets
    outages: Outages
    runs: ProgramRuns
    clock: Callable[[], datetime]


def make_day(parts: DayParts) -> Blueprint:
    """Return the blueprint of /day."""
    pages = Blueprint("day", __name__, url_prefix="/day")

    @pages.get("")
    def day_end() -> ResponseReturnValue:
        """Show one day, by default today."""
        now = parts.clock()
        day = _chosen_day(clinic_day(now))
        coverage = parts.runs.coverage([day])[day]
        return render_template(
            "logbook/day.html",
            end=parts.days.of(day),
            ran=coverage is DayCoverage.RAN,
            is_known=coverage is not DayCoverage.NOT_KNOWN,
            unfinished=parts.unfinished.of_day(day),
            sheets=parts.sheets.unfinished(),
            outages=outages_between(
                parts.outages,
                datetime.combine(day, time(), CLINIC_ZONE),
                datetime.combine(day, time.max, CLINIC_ZONE),
            ),
            causes=CAUSE_WORDS,
            day=day,
            is_today=day == clinic_day(now),
            before=day - timedelta(days=1),
            after=day + timedelta(days=1) if day < clinic_day(now) else None,
            made_at=now,
        )

    return pages


def _chosen_day(today: date) -> date:
    """Return the day that the address names.  Answers 404 if it is no day, or one to come."""
    text = request.args.get("date", "")
    if not text:
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        abort(404)
    if day > today or day.year not in POSSIBLE_YEARS:
        abort(404)
    return day


def duration_text(took: timedelta | None) -> str:
    """Return how long something took, as minutes and seconds.  "—" for None."""
    if took is None:
        return "—"
    seconds = took.total_seconds()
    if seconds < 1:
        return "< 1 s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
