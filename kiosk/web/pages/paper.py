"""The pages of paper sheets: print them in advance, enter them after a power cut."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.logbook import (
    MAX_SHEETS_AT_ONCE,
    LinePlace,
    LineUsed,
    NoSuchSheet,
    NothingToChange,
    Outage,
    Outages,
    OutageState,
    PaperSheet,
    PaperSheets,
    SheetState,
    Visit,
    Visits,
)
from kiosk.settings import Settings
from kiosk.web.api.fields import MAX_ID, BadField, FieldFault, read_field, read_whole_number
from kiosk.web.pages.change_results import DONE, WRONG
from kiosk.web.pages.desks import author_here
from kiosk.web.sheet_paper import sheets_pdf
from verify import clinic_day

USED, NOTHING_OPEN = "used", "nothing_open"
ALL_OPEN = "all"  # in place of a line
USUAL_COUNT = 5  # of sheets that are printed at once


def make_paper(
    sheets: PaperSheets,
    visits: Visits,
    outages: Outages,
    settings: Settings,
    clock: Callable[[], datetime],
) -> Blueprint:
    """Return the blueprint of /paper. `clock` returns the time now, aware."""
    pages = Blueprint("paper", __name__, url_prefix="/paper")

    @pages.get("")
    def overview() -> ResponseReturnValue:
        """Show all sheets, and a form to print more."""
        return _overview(sheets, request.args.get("made", ""))

    @pages.post("")
    def make() -> ResponseReturnValue:
        """Write down new sheets, and offer them to be printed."""
        count = _typed_count()
        if count is None:
            return _overview(sheets, "", wrong=True), 400
        made = sheets.make(count, author_here(settings), clock())
        return redirect(url_for(".overview", made=f"{made[0].id}-{made[-1].id}"), 303)

    @pages.get("/sheets.pdf")
    def pdf() -> ResponseReturnValue:
        """Return sheets as PDF."""
        first, last = (_row(request.args.get(name)) for name in ("first", "last"))
        found = sheets.between(first, last)
        if not found:
            abort(404)
        name = f"{settings.facility.name} ({settings.facility.code_on(clinic_day(clock()))})"
        return Response(
            sheets_pdf(found, sheets, name.strip()),
            mimetype="application/pdf",
            headers={"Content-Disposition": f'inline; filename="sheets-{first}-{last}.pdf"'},
        )

    @pages.get("/<int:sheet_id>")
    def sheet_page(sheet_id: int) -> ResponseReturnValue:
        """Show the lines of one sheet, and what became of each."""
        return _sheet_page(sheets, visits, outages, sheet_id, request.args.get("said", ""))

    @pages.post("/<int:sheet_id>/void")
    def make_void(sheet_id: int) -> ResponseReturnValue:
        """Make a line void, or all that are open, with a reason."""
        said = _make_void(sheets, _known_id(sheet_id), author_here(settings), clock())
        if said != DONE:
            page = _sheet_page(sheets, visits, outages, sheet_id, said)
            return page, 400 if said == WRONG else 409
        return redirect(url_for(".sheet_page", sheet_id=sheet_id, said=DONE), 303)

    return pages


def _typed_count() -> int | None:
    """Return how many sheets are wanted. None if that is not a number from 1 to the limit."""
    try:
        count = read_whole_number(request.form.get("count"), "count") or 0
    except BadField:
        return None
    return count if 1 <= count <= MAX_SHEETS_AT_ONCE else None


def _make_void(sheets: PaperSheets, sheet_id: int, author: str, now: datetime) -> str:
    """Make the line of the form void, or all open lines; return the result.

    Answers 404 if there is no such line.
    """
    try:
        why = read_field(request.form.get("why"), "why")
        is_all = request.form.get("line") == ALL_OPEN
        line = None if is_all else read_whole_number(request.form.get("line"), "line")
        if not why or (line is None and not is_all):
            raise BadField("why", FieldFault.MISSING)
        if line is None:
            sheets.close(sheet_id, why, author, now)
        else:
            sheets.make_void(LinePlace(sheet_id, line), why, author, now)
    except BadField:
        return WRONG
    except NoSuchSheet:
        abort(404)
    except LineUsed:
        return USED
    except NothingToChange:
        return NOTHING_OPEN
    return DONE


def _overview(sheets: PaperSheets, made: str, wrong: bool = False) -> str:
    """Return the page of all sheets; `made` names those that were written down just now."""
    newest = sheets.newest()
    in_stock = [sheet for sheet in newest if sheet.state is SheetState.IN_STOCK]
    first, _, last = made.partition("-")
    fresh = [sheet for sheet in newest if _row(first) <= sheet.id <= _row(last)]
    return render_template(
        "paper/sheets.html",
        sheets=newest,
        in_stock=len(in_stock),
        unfinished=sheets.unfinished(),
        fresh=fresh[::-1],
        wrong=wrong,
        usual=USUAL_COUNT,
        most=MAX_SHEETS_AT_ONCE,
    )


def _sheet_page(
    sheets: PaperSheets, visits: Visits, outages: Outages, sheet_id: int, said: str
) -> str:
    """Return the page of one sheet.  Answers 404 if no sheet has this number."""
    try:
        sheet = sheets.sheet(_known_id(sheet_id))
    except NoSuchSheet:
        abort(404)
    return render_template(
        "paper/sheet.html",
        said=said,
        outages=_outages_of(sheet, outages),
        **sheet_parts(sheets, visits, sheet),
    )


def _outages_of(sheet: PaperSheet, outages: Outages) -> list[Outage]:
    """Return the outages in which the patients of a sheet came, without those dismissed."""
    if sheet.first_at is None or sheet.last_at is None:
        return []
    return outages_between(outages, sheet.first_at, sheet.last_at)


def outages_between(outages: Outages, begin: datetime, end: datetime) -> list[Outage]:
    """Return the outages that touch a time (both ends aware), without those dismissed."""
    return [
        outage
        for outage in outages.newest()
        if outage.state is not OutageState.DISMISSED
        and outage.begins_at <= end
        and (outage.ends_at is None or outage.ends_at >= begin)
    ]


def sheet_parts(sheets: PaperSheets, visits: Visits, sheet: PaperSheet) -> dict[str, Any]:
    """Return what the templates need of a sheet: it, its lines, and their visits by id."""
    lines = sheets.lines(sheet)
    found = (visits.by_id(line.visit) for line in lines if line.visit)
    by_id: dict[str, Visit] = {visit.id: visit for visit in found if visit is not None}
    return {"sheet": sheet, "lines": lines, "visits": by_id}


def day_of(sheet: PaperSheet, today: date) -> date:
    """Return the day that a sheet is most likely of: that of its last line that was entered."""
    return clinic_day(sheet.last_at) if sheet.last_at else today


def _row(text: str | None) -> int:
    """Return the number in an address; 0 without one."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _known_id(sheet_id: int) -> int:
    return min(sheet_id, MAX_ID)
