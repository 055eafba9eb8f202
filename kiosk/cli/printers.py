"""The printers of tickets, for the command `doctor`: what is wrong with each, and its cure."""

from __future__ import annotations

from typing import NamedTuple

from kiosk.settings import PrinterPort
from kiosk.tickets import Printer, PrinterFailed, PrinterTrouble


class PrinterLook(NamedTuple):
    """What was seen of a printer, and what to do about it; `do` is empty if it can print."""

    seen: str
    do: str = ""


LOOKS = {
    PrinterTrouble.NOT_INSTALLED: PrinterLook(
        "the library for printers is not installed",
        'Install it: pip install "tiepdon[print]", on Windows "tiepdon[print-windows]".',
    ),
    PrinterTrouble.UNREACHABLE: PrinterLook(
        "cannot be reached", "Switch it on, check its cable and address; see docs/tickets.md."
    ),
    PrinterTrouble.NO_ANSWER: PrinterLook(
        "takes connections and does not say how it is",
        'Switch it off and on. If it never answers, set answers = "no".',
    ),
    PrinterTrouble.PAPER_OUT: PrinterLook("out of paper", "Put in a new roll."),
    PrinterTrouble.OFFLINE: PrinterLook(
        "not ready", "Close its cover, and look for a lamp that shows a fault."
    ),
}


def look_at(port: PrinterPort) -> PrinterLook:
    """Open a printer for a moment and ask how it is; nothing is printed."""
    try:
        Printer(port).look()
    except PrinterFailed as exc:
        other = PrinterLook(exc.trouble.value, "See docs/tickets.md.")
        look = LOOKS.get(exc.trouble, other)
        return PrinterLook(f"{port.kind} {port.port}: {look.seen}", look.do)
    return PrinterLook(f"{port.kind} {port.port}: can print")
