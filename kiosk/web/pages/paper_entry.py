"""The page on which paper sheets are entered: a line every few seconds, with the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from kiosk.desk import (
    Confirmation,
    LineScans,
    NothingToConfirm,
    NumberNotRead,
    PaperEntries,
    PaperEntry,
    PaperTimeFault,
    PaperTimeWrong,
    ReasonRequired,
    unknown_patient,
)
from kiosk.insurer import Deadlines
from kiosk.logbook import (
    AlreadyHere,
    LineUsed,
    NoSuchSheet,
    NumberTaken,
    PaperLine,
    PaperSheet,
    PaperSheets,
    Visit,
    Visits,
    WrongLineCode,
)
from kiosk.queue import RoomsFile
from kiosk.settings import Settings
from kiosk.web.api.fields import (
    BadField,
    FieldFault,
    json_object,
    read_born,
    read_field,
    read_person,
    read_phone,
    read_typed_day,
)
from kiosk.web.api.people import read_typed_moment
from kiosk.web.language import FAULT_WORDS, chosen_language, day_text, moment_text, words
from kiosk.web.pages.desks import author_here, chosen_desk, readers_elsewhere
from kiosk.web.pages.paper import day_of, sheet_parts
from kiosk.web.problems import problem
from verify import CLINIC_ZONE, Reason, clinic_day, plain_number

ARRIVALS_ON_PAPER = ("", "emergency", "uninsured")


@dataclass(frozen=True, slots=True)
class EntryParts:
    """What the page needs of the kiosk."""

    sheets: PaperSheets
    entries: PaperEntries
    visits: Visits
    deadlines: Deadlines
    rooms: RoomsFile
    line_scans: LineScans
    settings: Settings
    clock: Callable[[], datetime]


def make_paper_entry(parts: EntryParts) -> Blueprint:
    """Return the blueprint of /paper/entry."""
    pages = Blueprint("paper_entry", __name__, url_prefix="/paper/entry")

    @pages.get("")
    def form() -> ResponseReturnValue:
        """Show the form, with the first open line of the sheets that are unfinished."""
        sheet, line = _first_line(parts.sheets, request.args.get("sheet", ""))
        today = clinic_day(parts.clock())
        return render_template(
            "paper/entry.html",
            code=line.code if line else "",
            day=day_text(day_of(sheet, today) if sheet else today),
            room=parts.rooms.read().usual(parts.settings.visit.room).name,
            rooms=[room.name for room in parts.rooms.read().open_rooms],
            arrivals=ARRIVALS_ON_PAPER,
            last_scan=parts.line_scans.count(),
            shown=sheet_parts(parts.sheets, parts.visits, sheet) if sheet else None,
        )

    @pages.post("/lines")
    def show_line() -> ResponseReturnValue:
        """Say what is known of the line of a code.

        The code is no part of the address: somebody may have typed a card's number in its place.
        """
        try:
            code = json_object().get("code")
            sheet, line = parts.sheets.line(code if isinstance(code, str) else "")
        except (WrongLineCode, NoSuchSheet) as exc:
            return _problem_of(exc, parts)
        today = clinic_day(parts.clock())
        known = None if line.is_open else _words(LineUsed(line.visit), parts)
        return jsonify(_line_json(line) | {"day": day_text(day_of(sheet, today)), "words": known})

    @pages.get("/scanned")
    def show_scanned() -> ResponseReturnValue:
        """Return the newest code that a reader of this desk has read after the one named."""
        settings = parts.settings
        elsewhere = readers_elsewhere(settings, chosen_desk(settings))
        after = request.args.get("after", "0")
        known = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
        scan = parts.line_scans.after(min(known, parts.line_scans.count()), elsewhere)
        return jsonify({"last": scan.number, "code": scan.code} if scan else {"code": None})

    @pages.get("/sheets/<int:sheet_id>")
    def show_sheet(sheet_id: int) -> ResponseReturnValue:
        """Show the lines of a sheet beside the form."""
        try:
            sheet = parts.sheets.sheet(min(sheet_id, 10**9))
        except NoSuchSheet:
            abort(404)
        return render_template("paper/lines.html", **sheet_parts(parts.sheets, parts.visits, sheet))

    @pages.post("")
    def enter() -> ResponseReturnValue:
        """Record the visit of one line."""
        try:
            entry = _read_entry(json_object(), parts)
        except BadField as exc:
            said = FAULT_WORDS.get(exc.fault) if exc.fault else None
            title = str(said or _("This cannot be read. Write it as in the example."))
            return problem(
                400, "bad_request", str(exc), field=exc.name, fault=exc.fault, words=title
            )
        try:
            visit = parts.entries.enter(entry)
        except tuple(_PROBLEMS) as exc:
            return _problem_of(exc, parts)
        return jsonify(_recorded(visit, parts)), 201

    return pages


def _first_line(sheets: PaperSheets, chosen: str) -> tuple[PaperSheet | None, PaperLine | None]:
    """Return the sheet that the address names, or the one to go on with, and its first open line.

    None if there is nothing to go on with.
    """
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 10:
        candidates = sheets.between(int(chosen), int(chosen))
    else:
        candidates = sheets.unfinished()
    for sheet in candidates:
        open_lines = [line for line in sheets.lines(sheet) if line.is_open]
        return sheet, open_lines[0] if open_lines else None
    return None, None


def _read_entry(body: dict[str, Any], parts: EntryParts) -> PaperEntry:
    """Return what was typed.  Raises BadField if a field cannot be read."""
    code = read_field(body.get("code"), "code")
    if not code:
        raise BadField("code", FieldFault.MISSING)
    day = read_typed_day(body.get("day"), "day")
    if day is None:
        raise BadField("day", FieldFault.MISSING)
    of_day = datetime.combine(day, datetime.min.time(), CLINIC_ZONE)
    typed_time = read_field(body.get("time"), "time")
    arrived_at = read_typed_moment(_spaced(typed_time), "time", of_day)
    if arrived_at is None:
        raise BadField("time", FieldFault.MISSING)
    arrival = read_field(body.get("arrival"), "arrival")
    if arrival not in ARRIVALS_ON_PAPER:
        raise BadField("arrival", None, '"arrival" must be empty, emergency or uninsured.')
    holder = read_person(body.get("holder"), "holder")
    room, service_code, service_name = _read_room(body, parts)
    is_unknown = body.get("unknown") is True
    return PaperEntry(
        code=code,
        arrived_at=arrived_at,
        number=plain_number(read_field(body.get("number"), "number")),
        day_is_sure="/" in typed_time or body.get("day_is_sure") is True,
        confirmation=Confirmation(
            room=room,
            service_code=service_code,
            service_name=service_name,
            arrival=arrival,
            phone=read_phone(body.get("phone"), "phone"),
            holder=holder,
            born=read_born(body.get("born"), "born", day),
            clerk_reason=read_field(body.get("clerk_reason"), "clerk_reason"),
            repeat_reason=read_field(body.get("repeat_reason"), "repeat_reason"),
            unknown=unknown_patient(None, "") if is_unknown else None,
            author=author_here(parts.settings),
        ),
    )


def _read_room(body: dict[str, Any], parts: EntryParts) -> tuple[str, str, str]:
    """Return the room by its name, and the code and name of its first service.

    A room that is not on the list, such as one that was closed since, is taken as it was written.
    """
    typed, rooms = read_field(body.get("room"), "room"), parts.rooms.read()
    room = rooms.find(typed) if typed else rooms.usual(parts.settings.visit.room)
    if room is None:
        return typed, "", ""
    services = room.services[:1]
    return room.name, *((services[0].code, services[0].name) if services else ("", ""))


def _spaced(text: str) -> str:
    """Return a time with a colon if it was typed as three or four digits: 0705, 705."""
    clock, _blank, rest = text.partition(" ")
    if clock.isascii() and clock.isdigit() and len(clock) in (3, 4):
        clock = f"{clock[:-2]}:{clock[-2:]}"
    return f"{clock} {rest}".strip()


def _line_json(line: PaperLine) -> dict[str, Any]:
    """Return a line as JSON, without any data about a person."""
    return {
        "code": line.code,
        "sheet": line.place.sheet,
        "line": line.place.line,
        "number": line.label,
        "open": line.is_open,
        "visit": line.visit,
    }


def _recorded(visit: Visit, parts: EntryParts) -> dict[str, Any]:
    """Return the answer to an entry: the visit, and the next open line of the sheet."""
    paper = visit.paper
    assert paper is not None  # it was entered from paper
    sheet = parts.sheets.sheet(paper.sheet)
    lines = [line for line in parts.sheets.lines(sheet) if line.is_open]
    later = [line for line in lines if line.place.line > paper.line] or lines
    due_at = parts.deadlines.at(parts.clock()).due_at("check_in", visit.arrived_at)
    is_late = visit.insurer_state != "not_sent" and due_at is not None and due_at < parts.clock()
    at = moment_text(visit.arrived_at)
    recorded = _("%(n)s recorded with the time %(at)s.", n=visit.ticket_label, at=at)
    if visit.unknown is not None:
        recorded += " " + _("Code of the patient: %(code)s.", code=visit.unknown.code)
    return {
        "visit": visit.id,
        "sheet": paper.sheet,
        "line": paper.line,
        "next": later[0].code if later else None,
        "late": is_late,
        "words": recorded,
    }


# What an error answers: status and kind.
_PROBLEMS: dict[type[Exception], tuple[int, str, str]] = {
    WrongLineCode: (400, "wrong_line_code", "code"),
    NoSuchSheet: (404, "no_such_sheet", "code"),
    LineUsed: (409, "line_used", "code"),
    PaperTimeWrong: (422, "paper_time_wrong", "time"),
    NumberNotRead: (422, "number_not_read", "number"),
    ReasonRequired: (422, "reason_wanted", "clerk_reason"),
    AlreadyHere: (409, "already_here", "repeat_reason"),
    NumberTaken: (409, "number_taken", "room"),
    NothingToConfirm: (422, "nothing_to_confirm", "number"),
}


def _problem_of(exc: Exception, parts: EntryParts) -> ResponseReturnValue:
    """Answer why a line was not entered, in words of the page's language."""
    status, kind, field = _PROBLEMS[type(exc)]
    fault = exc.fault if isinstance(exc, PaperTimeWrong) else None
    return problem(status, kind, str(exc), field=field, fault=fault, words=_words(exc, parts))


def _words(exc: Exception, parts: EntryParts) -> str:
    """Return in words what is wrong with a line, and what to do."""
    match exc:
        case WrongLineCode():
            return str(_("This is not the code of a line, or a character is wrong. Look again."))
        case NoSuchSheet():
            return str(_("No such sheet was printed here."))
        case LineUsed(visit=None):
            return str(_("This line was marked as void. If that was wrong, use another line."))
        case LineUsed(visit=visit_id):
            return _used_words(visit_id or "", parts)
        case PaperTimeWrong(fault=fault):
            return _time_words(fault, parts)
        case NumberNotRead(reason=reason):
            return str(_("The number cannot be right: %(why)s", why=_title(reason)))
        case ReasonRequired(reason=reason):
            return _title(reason) if reason else _("A reason is needed.")
        case NumberTaken():
            return str(
                _("Another patient has this number in this room on that day. Look at the room.")
            )
        case AlreadyHere(visit_id=visit_id, desk=desk):
            return _here_words(visit_id, desk, parts)
        case _:
            return str(
                _(
                    "Without a number: the name is needed and a tick at emergency or no insurance."
                    " Nobody knows who it is: tick that."
                )
            )


def _title(reason: Reason) -> str:
    return str(words(chosen_language())["reasons"][reason]["title"])


def _used_words(visit_id: str, parts: EntryParts) -> str:
    visit = parts.visits.by_id(visit_id)
    entered = visit.paper.entered_at if visit and visit.paper else None
    return str(
        _("This line was entered before, at %(at)s.", at=moment_text(entered or parts.clock()))
    )


def _here_words(visit_id: str, desk: str, parts: EntryParts) -> str:
    if desk:
        return str(_("This person has a visit on that day already, at desk %(name)s.", name=desk))
    visit = parts.visits.by_id(visit_id)
    if visit is None:
        return str(_("This person has a visit on that day already."))
    return str(
        _(
            "This person has a visit on that day already: number %(n)s, %(at)s.",
            n=visit.ticket_label,
            at=moment_text(visit.arrived_at),
        )
    )


def _time_words(fault: PaperTimeFault, parts: EntryParts) -> str:
    """Return in words why a time cannot be right."""
    now = moment_text(parts.clock())
    match fault:
        case PaperTimeFault.FUTURE:
            return str(_("This time is still to come: it is %(now)s. Look at the day.", now=now))
        case PaperTimeFault.BEFORE_PRINTED:
            return str(_("The sheet was printed only after this time. Look at the day."))
        case PaperTimeFault.TOO_OLD:
            return str(_("This is more than 14 days ago: the program no longer enters it. Ask IT."))
        case PaperTimeFault.OVER_MIDNIGHT:
            return str(_("The lines above are of that evening. After midnight it is the next day."))
        case PaperTimeFault.CLOCK:
            return str(
                _(
                    "This machine’s clock shows %(now)s, before the sheet was printed:"
                    " set the clock.",
                    now=now,
                )
            )
