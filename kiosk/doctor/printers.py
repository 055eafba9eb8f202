"""The checks of printers: each is asked how it is; nothing is printed.

Many printers take one connection at a time.  While the program runs, it asks them itself, between
two tickets, and the command takes what the program saw; else the command opens them for a moment.
"""

from __future__ import annotations

from typing import NamedTuple

from kiosk.doctor.check import BAD, GOOD, Check
from kiosk.doctor.words import Words, plain
from kiosk.doctor.words import words as _
from kiosk.settings import PrinterPort
from kiosk.tickets import Printer, PrinterFailed, PrinterTrouble


class PrinterLook(NamedTuple):
    """What was seen of a printer, and what to do about it."""

    seen: Words
    do: Words


LOOKS = {
    PrinterTrouble.NOT_INSTALLED: PrinterLook(
        _("the library for printers is not installed"),
        _('Install it: pip install "tiepdon[print]", on Windows "tiepdon[print-windows]".'),
    ),
    PrinterTrouble.UNREACHABLE: PrinterLook(
        _("cannot be reached"), _("Switch it on, check its cable and address; see docs/tickets.md.")
    ),
    PrinterTrouble.NO_ANSWER: PrinterLook(
        _("takes connections and does not say how it is"),
        _('Switch it off and on. If it never answers, set answers = "no".'),
    ),
    PrinterTrouble.PAPER_OUT: PrinterLook(_("out of paper"), _("Put in a new roll.")),
    PrinterTrouble.OFFLINE: PrinterLook(
        _("not ready"), _("Close its cover, and look for a lamp that shows a fault.")
    ),
}
OTHER = _("See docs/tickets.md.")


def printer_check(port: PrinterPort, seen: str | None = None) -> Check:
    """Check a printer of the settings.

    `seen` is what is wrong with it, as the program that runs now sees it; empty: nothing.  None: it
    is opened and asked here.
    """
    if seen is None:
        trouble = _trouble_of(port)
    else:
        trouble = next((known for known in PrinterTrouble if known == seen), None)
    where = f"{port.kind} {port.port}"
    what = _("printer %(name)s", name=port.name)
    if trouble is None:
        good = _("%(where)s: can print", where=where)
        return Check("printer", what, GOOD, good, subject=port.name)
    look = LOOKS.get(trouble, PrinterLook(plain(trouble.value), OTHER))
    said = plain(where).then(look.seen, ": ")
    return Check("printer", what, BAD, said, look.do, subject=port.name)


def _trouble_of(port: PrinterPort) -> PrinterTrouble | None:
    try:
        Printer(port).look()
    except PrinterFailed as exc:
        return exc.trouble
    return None
