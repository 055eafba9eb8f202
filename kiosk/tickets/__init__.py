"""Tickets on paper: their texts, their picture, the printers, and the jobs that wait for them.

A ticket says what `PrintedTicket` holds and no more, and is printed as a picture, so that every
printer has all Vietnamese letters.  Recording a visit never waits for a printer.
"""

from kiosk.tickets.codes_read import CodesRead
from kiosk.tickets.drawing import code_svg
from kiosk.tickets.errors import PrinterFailed, PrinterTrouble
from kiosk.tickets.printers import Printer
from kiosk.tickets.printing import ReadCode, TicketPrinting
from kiosk.tickets.test_ticket import print_test_ticket
from kiosk.tickets.wording import Language, ticket_text

__all__ = [
    "CodesRead",
    "Language",
    "Printer",
    "PrinterFailed",
    "PrinterTrouble",
    "ReadCode",
    "TicketPrinting",
    "code_svg",
    "print_test_ticket",
    "ticket_text",
]
