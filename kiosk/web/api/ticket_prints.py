"""Printing tickets over HTTP: queue them, and see what became of them.

A print has the number that the ticket has: nothing here gives a number or changes a visit.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from kiosk.logbook import NoSuchTicket, TicketPrint
from kiosk.settings import Settings
from kiosk.tickets import TicketPrinting
from kiosk.web.api.answers import PrintsAnswer
from kiosk.web.api.bodies import BROWSER, MAX_TOGETHER, PrintBody
from kiosk.web.api.calls import call
from kiosk.web.api.fields import BadField
from kiosk.web.pages.desks import author_here, chosen_desk
from kiosk.web.problems import problem


def make_ticket_prints(printing: TicketPrinting, settings: Settings) -> Blueprint:
    """Return the blueprint of /api/tickets/ID/prints."""
    api = Blueprint("ticket_prints", __name__, url_prefix="/api/tickets")

    @api.post("/<int(max=999999999999):ticket>/prints")
    @call(
        {202: PrintsAnswer},
        [(404, "no_such_ticket"), (409, "no_printer")],
        body=PrintBody,
        may_be_empty=True,
    )
    def ask(body: dict[str, Any], ticket: int) -> ResponseReturnValue:
        """Print a ticket, with further ones or with its household, and answer at once."""
        tickets, language = _tickets(body, ticket, printing), body.get("language", "vi")
        author = author_here(settings)
        try:
            if body.get("by") == BROWSER:
                printing.note_browser(tickets, author)
            elif not printing.ask(tickets, chosen_desk(settings), author, language=language):
                return problem(
                    409, "no_printer", "No printer is set up here: print by the browser."
                )
        except NoSuchTicket:
            return problem(404, "no_such_ticket", "There is no ticket of this id.")
        return jsonify(_prints_json(printing.newest(tickets), tickets)), 202

    @api.get("/<int(max=999999999999):ticket>/prints")
    @call({200: PrintsAnswer})
    def state(ticket: int) -> ResponseReturnValue:
        """Return what became of the newest print of a ticket."""
        return jsonify(_prints_json(printing.newest([ticket]), [ticket]))

    return api


def _tickets(body: dict[str, Any], ticket: int, printing: TicketPrinting) -> list[int]:
    """Return the tickets of a call, without repeats. Raises BadField if there are too many."""
    if body.get("household") is True:
        return printing.household(ticket)
    tickets = list(dict.fromkeys([ticket, *body.get("also", [])]))
    if len(tickets) > MAX_TOGETHER:
        message = f'"also" must name at most {MAX_TOGETHER} tickets, with the one in the address.'
        raise BadField("also", None, message)
    return tickets


def _prints_json(prints: dict[int, TicketPrint], tickets: list[int]) -> dict[str, Any]:
    """Return prints as JSON; a ticket that was never printed has the state null."""
    return {
        "prints": [
            {
                "ticket": ticket,
                "state": found.state if found else None,
                "trouble": found.trouble if found else None,
                "printer": found.printer if found else None,
            }
            for ticket in tickets
            for found in [prints.get(ticket)]
        ]
    }
