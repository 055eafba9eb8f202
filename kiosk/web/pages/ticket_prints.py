"""What the desk shows of tickets on paper, and the page that a browser prints as a ticket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from kiosk.logbook import Attempt, PrintState, TicketPrint, Visit
from kiosk.settings import Settings
from kiosk.tickets import (
    CodesRead,
    Language,
    PrinterTrouble,
    ReadCode,
    TicketPrinting,
    code_svg,
    ticket_text,
)
from kiosk.web.pages.desks import chosen_desk

# Why a ticket was not printed, for the clerk.
TROUBLE_WORDS = {
    PrinterTrouble.NOT_INSTALLED: _l("The printing software is not installed"),
    PrinterTrouble.UNREACHABLE: _l("The printer cannot be reached"),
    PrinterTrouble.NO_ANSWER: _l("The printer does not answer"),
    PrinterTrouble.PAPER_OUT: _l("The printer is out of paper"),
    PrinterTrouble.OFFLINE: _l("The printer is not ready: is its cover open?"),
    PrinterTrouble.BROKE_OFF: _l("The printer was cut off in the middle"),
    PrinterTrouble.NOT_CONFIRMED: _l("The printer did not say that it printed"),
    PrinterTrouble.RESTARTED: _l("The program was restarted while printing"),
    PrinterTrouble.CANCELLED: _l("The visit was cancelled"),
    PrinterTrouble.TOO_LATE: _l("The printer was away too long"),
}
MAX_TOGETHER = 20  # tickets on one page


def make_ticket_pages(printing: TicketPrinting, codes: CodesRead, settings: Settings) -> Blueprint:
    """Return the blueprint of /tickets/ID/print, with what the desk's templates need."""
    pages = Blueprint("ticket_prints_page", __name__)

    @pages.app_template_global("prints_of")
    def prints_of(visits: Sequence[Visit]) -> Mapping[int, TicketPrint]:
        """Return the newest print of each visit's ticket, by ticket."""
        return printing.newest([visit.ticket_id for visit in visits])

    @pages.app_template_global("has_printer")
    def has_printer(room: str) -> bool:
        """Return whether a printer prints the tickets of a room at this desk."""
        return printing.printer_for(chosen_desk(settings), room) is not None

    @pages.app_template_global("household_of")
    def household_of(ticket: int) -> list[int]:
        """Return the tickets of the family that came with a ticket."""
        return printing.household(ticket)

    @pages.app_template_global("ticket_read")
    def ticket_read(attempt: Attempt) -> ReadCode | None:
        """Return which ticket a reading is of."""
        return codes.of_reading(attempt.reading)

    pages.add_app_template_global(trouble_text, "print_trouble")

    @pages.get("/tickets/<int(max=999999999999):ticket_id>/print")
    def to_print(ticket_id: int) -> ResponseReturnValue:
        """Show a ticket, or those of its household, in the form that a browser prints by itself."""
        language: Language = "en" if request.args.get("language") == "en" else "vi"
        together = printing.household(ticket_id) if "household" in request.args else [ticket_id]
        newest = printing.newest(together[:MAX_TOGETHER])
        texts = {
            number: ticket_text(ticket, language)
            for number in together[:MAX_TOGETHER]
            if (ticket := printing.ticket(number, again=may_have_come_out(newest.get(number))))
        }
        if not texts:
            abort(404)
        return render_template(
            "desk/ticket_paper.html",
            ids=list(texts),
            tickets=[(text, Markup(code_svg(text.code))) for text in texts.values()],
            paper_language=language,
        )

    return pages


def may_have_come_out(newest: TicketPrint | None) -> bool:
    """Return whether a ticket that a browser prints now may have been on paper before.

    The page notes its own print only when it begins.
    """
    if newest is None:
        return False
    came_out = newest.state in (PrintState.PRINTED, PrintState.UNKNOWN, PrintState.PRINTING)
    return newest.is_again or came_out


def trouble_text(ticket_print: TicketPrint) -> str:
    """Return in words why a ticket was not printed."""
    try:
        return str(TROUBLE_WORDS[PrinterTrouble(ticket_print.trouble or "")])
    except ValueError:  # of a newer version of the program
        return str(_("The printer does not answer"))
