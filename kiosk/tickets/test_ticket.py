"""A ticket that tries a printer: it says that it is a test, and has all kinds of letters."""

from __future__ import annotations

import os
import stat
from datetime import datetime
from pathlib import Path

from kiosk.settings import PrinterPort
from kiosk.tickets.drawing import draw_ticket
from kiosk.tickets.errors import PrinterFailed, PrinterTrouble
from kiosk.tickets.printers import INITIALISE, Printer
from kiosk.tickets.ticket import Payment, PrintedTicket
from kiosk.tickets.wording import Language

_TEXTS: dict[Language, tuple[str, str]] = {
    "vi": ("Phiếu in thử", "Không phải phiếu khám. Đủ chữ: Đặng Ấ Ề Ổ Ữ Ỷ ắ ằ ẳ ẵ ặ."),
    "en": ("Test ticket", "This is no ticket of a patient. Letters: Đặng Ấ Ề Ổ Ữ Ỷ ắ ằ ẳ ẵ ặ."),
}


def print_test_ticket(port: PrinterPort, facility: str, now: datetime, language: Language) -> None:
    """Print a test ticket. Raises PrinterFailed if it is not certain that it was printed.

    A file that is no device is only added to if it is empty or holds tickets.
    """
    if port.kind == "file" and not _takes_tickets(Path(port.port)):
        raise PrinterFailed(PrinterTrouble.UNREACHABLE)
    room, way = _TEXTS[language]
    ticket = PrintedTicket(facility, "0", room, "", now, Payment.NOTHING, way=way)
    Printer(port).print_pictures([draw_ticket(ticket, language, port.width)])


def _takes_tickets(path: Path) -> bool:
    """Whether a test may be written to a file: a document of somebody must not be spoiled."""
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            return os.name == "nt" or stat.S_ISCHR(kind) or stat.S_ISFIFO(kind)  # never a disk
        with path.open("rb") as file:
            return file.read(len(INITIALISE)) in (b"", INITIALISE)
    except OSError:
        return False
