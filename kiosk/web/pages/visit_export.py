"""What a search has found as a table (CSV) to take away.

1.  The export is written down before its first row leaves, with the reason of a supervisor's
    approval where a clerk needs one.  When all has left, a second row has its hash: an export
    without it was cut off.
2.  Rows are read and sent in pieces, whatever their number: neither memory nor the logbook is held.
    After each few visits the export rests as long as they took.  A longer step would keep Python
    from all other threads, and scans would wait for it.
3.  A cell that a spreadsheet would take for a formula gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from kiosk.assembly import Kiosk
from kiosk.logbook import (
    ExportedFile,
    Exports,
    LogbookDamaged,
    NotRecorded,
    UnreadableVisit,
    Visit,
    VisitFinder,
    VisitQuery,
)
from kiosk.runtime.plain_text import spreadsheet_cell
from kiosk.staff import NotApproved, PinNotHere, TooManyTries
from kiosk.web.api.approvals import approval_here
from kiosk.web.language import author_text, chosen_language, day_text
from kiosk.web.pages.desks import author_here
from kiosk.web.pages.visit_search import Search, search_page
from verify import CLINIC_ZONE, clinic_day

log = logging.getLogger(__name__)

BEGUN, WHOLE = "visits.csv", "visits.csv whole"  # kinds of rows of `export`
STEP = 5  # visits that are read and written without a rest: less than a millisecond
STEPS_OF_A_PIECE = 40  # that are sent together
MAX_REST_S = 0.5  # after a step
TYPE = "text/csv; charset=utf-8"
BYTE_ORDER_MARK = "\ufeff"  # by which spreadsheets know UTF-8


def add_visit_export(pages: Blueprint, kiosk: Kiosk) -> Blueprint:
    """Add the export to the blueprint of /logbook; return it."""

    @pages.post("/export.csv")
    def export() -> ResponseReturnValue:
        """Return all visits that a search finds as CSV, in the language of the request."""
        search = Search(kiosk, request.form.get("q", ""), request.form)
        if not search.finds_visits:  # what the page shows as nothing is not all visits
            return search_page(search, kiosk), 400
        if kiosk.visit_finder.find(search.query, limit=1).is_without_index:
            raise LogbookDamaged("the search cannot be answered", kiosk.database.damaged_tables())
        now, author = kiosk.clock(), author_here(kiosk.settings)
        exports = Exports(kiosk.database)
        try:
            within = approval_here("POST", "logbook.export", "visits")
            exports.record(ExportedFile(BEGUN, None, now, author, ""), within)
        except (NotApproved, PinNotHere, TooManyTries):
            return search_page(search, kiosk, "not_approved"), 403
        rows = table_rows(kiosk.visit_finder, search.query, chosen_language())

        def note_end(sha256: str) -> None:
            exports.record(ExportedFile(WHOLE, None, kiosk.clock(), author, sha256))

        lost = _("The table is cut off here: a part of the logbook is damaged. Tell IT.")
        answer = Response(hashed(rows, note_end, _lines([[lost]])), mimetype=TYPE)
        answer.headers["Cache-Control"] = "no-store"
        name = f"visits-{now.astimezone(CLINIC_ZONE):%Y%m%d-%H%M}.csv"
        answer.headers.set("Content-Disposition", "attachment", filename=name)
        return answer

    return pages


def hashed(
    pieces: Iterable[str], note_end: Callable[[str], None], cut_off: str = ""
) -> Iterator[bytes]:
    """Yield texts as UTF-8, then note the SHA-256 of all; not if the reader went away before.

    Nor if damage was met on the way: then `cut_off` is the last line.
    """
    sha256 = hashlib.sha256()
    try:
        for piece in pieces:
            content = piece.encode()
            sha256.update(content)
            yield content
    except LogbookDamaged as exc:
        log.error("an export was cut off: %s", exc)
        yield cut_off.encode()
        return
    try:
        note_end(sha256.hexdigest())
    except NotRecorded as exc:  # all has left, and that it began to is written down
        log.error("the hash of an export was not written down: %s", exc)


def table_rows(
    finder: VisitFinder,
    query: VisitQuery,
    language: str,
    rest: Callable[[float], None] = time.sleep,
) -> Iterator[str]:
    """Yield the table of all visits that a query finds, in pieces, newest first."""
    with force_locale(language):
        yield BYTE_ORDER_MARK + _lines([_heads()])
    steps = finder.pages(query, STEP)
    piece: list[str] = []
    while True:
        begun = time.perf_counter()
        visits = next(steps, None)
        if visits is None:
            break
        with force_locale(language):
            piece.append(_lines([_cells(visit) for visit in visits]))
        rest(min(time.perf_counter() - begun, MAX_REST_S))
        if len(piece) == STEPS_OF_A_PIECE:
            yield "".join(piece)
            piece.clear()
    if piece:
        yield "".join(piece)


def _heads() -> list[str]:
    return [
        *(_("Visit"), _("Day"), _("Time"), _("No."), _("Name"), _("Born"), _("Number")),
        *(_("Citizen number"), _("Verdict"), _("How the patient came"), _("Service"), _("Room")),
        *(_("At the insurer"), _("Transaction"), _("Cancelled at"), _("Recorded by")),
    ]


def _cells(visit: Visit | UnreadableVisit) -> list[str]:
    at = visit.arrived_at and visit.arrived_at.astimezone(CLINIC_ZONE)
    when = [visit.id, day_text(clinic_day(at)), f"{at:%H:%M:%S}"] if at else [visit.id, "", ""]
    if isinstance(visit, UnreadableVisit):
        return [*when, "", str(_("Visit row %(n)s cannot be read.", n=visit.row))]
    card = visit.card
    return [
        *when,
        visit.ticket_label or "",
        visit.patient or "",
        day_text(card.born) if card.born else "",
        card.number,
        card.citizen_number or "",
        visit.outcome,
        visit.arrival.kind,
        visit.service.name,
        visit.service.room,
        visit.insurer_state,
        visit.transaction_code or "",
        _moment(visit.cancelled_at),
        author_text(visit.author) if visit.author else "",
    ]


def _moment(moment: datetime | None) -> str:
    return f"{moment.astimezone(CLINIC_ZONE):%d/%m/%Y %H:%M}" if moment else ""


def _lines(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(map(spreadsheet_cell, row) for row in rows)
    return text.getvalue()
