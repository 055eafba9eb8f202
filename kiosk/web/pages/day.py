"""The page of a day's end: what is still open, how long patients waited, and its closing.

Whoever closes a day signs its figures as they are then; a change afterwards is shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from kiosk.errors import SettingsError
from kiosk.logbook import (
    DayCoverage,
    DayEnd,
    DaysEnd,
    LogbookDamaged,
    NotRecorded,
    Outages,
    OutageSource,
    PaperSheets,
    ProgramRuns,
    ReadableParts,
    SlowCause,
    Unfinished,
)
from kiosk.paper import to_pdf
from kiosk.reports import (
    DayClosing,
    DayClosings,
    DayFigures,
    Incident,
    ReadingCount,
    changes_since,
    for_insurer,
    last_day_begun,
)
from kiosk.settings import Settings
from kiosk.web.api.fields import POSSIBLE_YEARS
from kiosk.web.pages.desks import author_here
from kiosk.web.pages.paper import outages_between
from kiosk.web.permissions import may
from kiosk.web.report_paper import closing_paper
from kiosk.web.report_words import INCIDENT_WORDS, closed_figure_text
from verify import CLINIC_ZONE, Law, clinic_day

log = logging.getLogger(__name__)

MAX_NOTE = 500  # characters

CAUSE_WORDS = {
    SlowCause.INSURER: _l("the insurer was asked"),
    SlowCause.SCANS: _l("scanned more than once"),
    SlowCause.TYPED: _l("a number or fields were typed"),
    SlowCause.DESK: _l("the clerk had to decide"),
    SlowCause.OTHERS: _l("others were scanned in between"),
    SlowCause.SILENT: _l("the program did not run"),
    None: _l("nothing of these"),
}
# Where the incidents of a kind are listed; of tickets there is no such list.
INCIDENT_PAGES = {
    **dict.fromkeys([*OutageSource, Incident.CUT_OFF], "outages.overview"),
    Incident.CLOCK_WRONG: "wrong_times.overview",
    Incident.LOGBOOK: "logbook_file.page",
    Incident.SUSPICION: "suspicions.listed",
    Incident.BREACH: "breaches.listed",
}


@dataclass(frozen=True, slots=True)
class DayParts:
    """What the page needs of the kiosk."""

    days: DaysEnd
    unfinished: Unfinished
    sheets: PaperSheets
    outages: Outages
    runs: ProgramRuns
    figures: DayFigures
    closings: DayClosings
    law: Callable[[], Law]
    settings: Settings
    clock: Callable[[], datetime]
    # The line of the newest signed root of a day (`kiosk.proof`); empty: nothing was signed.
    root_line: Callable[[date], str]
    sign: Callable[[datetime, date], object]  # makes such a root
    newest_visit: Callable[[], datetime | None]  # when it arrived

    def last_day(self) -> date:
        """Return the last day that can be shown."""
        return last_day_begun(self.clock(), self.newest_visit())


def make_day(parts: DayParts) -> Blueprint:
    """Return the blueprint of /day."""
    pages = Blueprint("day", __name__, url_prefix="/day")

    @pages.get("")
    def day_end() -> ResponseReturnValue:
        """Show one day, by default today."""
        now = parts.clock()
        day = _chosen_day(parts)
        found = ReadableParts()
        coverage = parts.runs.coverage([day])[day]
        end = found.read("day", lambda: parts.days.of(day), None)
        figures = _readable_figures(parts, day, end) if end else None
        closings = found.read("closings", lambda: parts.closings.of_day(day), [])
        begin = datetime.combine(day, time(), CLINIC_ZONE)
        return render_template(
            "logbook/day.html",
            end=end,
            figures=figures,
            for_insurer=for_insurer(figures) if figures else None,
            closings=closings,
            changes=changes_since(closings[0], figures) if closings and figures else [],
            root_line=parts.root_line(day),
            incident_words=INCIDENT_WORDS,
            incident_address=lambda kind: incident_address(kind, day),
            figure_name=lambda name: closed_figure_text(name, parts.law, day),
            said=request.args.get("said", ""),
            ran=coverage is DayCoverage.RAN,
            is_known=coverage is not DayCoverage.NOT_KNOWN,
            unfinished=found.read("unfinished", lambda: parts.unfinished.of_day(day), []),
            sheets=found.read("sheets", parts.sheets.unfinished, []),
            outages=found.read(
                "outages",
                lambda: outages_between(
                    parts.outages, begin, datetime.combine(day, time.max, CLINIC_ZONE)
                ),
                [],
            ),
            causes=CAUSE_WORDS,
            day=day,
            is_today=day == clinic_day(now),
            before=day - timedelta(days=1),
            after=day + timedelta(days=1) if day < parts.last_day() else None,
            made_at=now,
            damaged=found.damaged,
        )

    @pages.post("/close")
    def close() -> ResponseReturnValue:
        """Close a day: the caller signs its figures as they are now, and the kiosk the chain.

        `seen` are the visits that the page showed: if others came meanwhile, nothing is signed.
        """
        now = parts.clock()
        day = _chosen_day(parts)
        figures = parts.figures.of(day)
        if request.form.get("seen") != seen_mark(figures):
            return redirect(url_for(".day_end", date=day.isoformat(), said="stale"), 303)
        note = request.form.get("note", "").strip()[:MAX_NOTE]
        parts.closings.close(day, figures, author_here(parts.settings), now, note)
        said = "closed"
        try:
            parts.sign(now, day)
        except (NotRecorded, SettingsError) as exc:
            log.error("the logbook was not sealed: %s", exc)
            said = "unsealed"
        return redirect(url_for(".day_end", date=day.isoformat(), said=said), 303)

    @pages.get("/closing.pdf")
    def paper() -> ResponseReturnValue:
        """Return the newest closing of a day on paper, with what changed since."""
        day = _chosen_day(parts)
        closing = _newest(parts, day)
        changes = changes_since(closing, parts.figures.of(day))
        code, name = parts.settings.facility.code_on(day), parts.settings.facility.name
        content = to_pdf(
            closing_paper(
                closing,
                changes,
                f"{name} ({code})" if name else code,
                lambda figure: closed_figure_text(figure, parts.law, day),
                parts.root_line(day),
            )
        )
        answer = Response(content, mimetype="application/pdf")
        answer.headers["Cache-Control"] = "no-store"
        answer.headers.set("Content-Disposition", "inline", filename=f"closing-{day}.pdf")
        return answer

    pages.add_app_template_filter(seen_mark)
    return pages


def incident_address(kind: str, day: date) -> str:
    """Return the address of the page that lists incidents of a kind.

    Empty if no page does, or if the caller may not open it.
    """
    period = day.isoformat()
    if kind == Incident.NO_ANSWER:
        return url_for("reports.questions_of", period=period, result="no_answer")
    if kind == Incident.DAMAGED_READING:
        return url_for("reports.readings_of", period=period, count=ReadingCount.FAILED)
    endpoint = INCIDENT_PAGES.get(kind)
    return url_for(endpoint) if endpoint and may("GET", endpoint) else ""


def seen_mark(figures: Mapping[str, Any]) -> str:
    """Return a text that another visit, correction or cancellation of the day changes."""
    return f"{figures['visits']}.{figures['cancelled']}.{figures['versions']}"


def _readable_figures(parts: DayParts, day: date, end: DayEnd) -> dict[str, Any] | None:
    """Return the figures of a day. None if a part of the logbook that they need is damaged."""
    try:
        return parts.figures.of(day, end)
    except LogbookDamaged:
        return None


def _newest(parts: DayParts, day: date) -> DayClosing:
    """Return the newest closing of a day. Answers 404 if the day was not closed."""
    closings = parts.closings.of_day(day)
    return closings[0] if closings else abort(404)


def _chosen_day(parts: DayParts) -> date:
    """Return the day that the address names.  Answers 404 if it is no day, or one to come."""
    text = request.args.get("date", "")
    if not text:
        return clinic_day(parts.clock())
    try:
        day = date.fromisoformat(text)
    except ValueError:
        abort(404)
    if day > parts.last_day() or day.year not in POSSIBLE_YEARS:
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
