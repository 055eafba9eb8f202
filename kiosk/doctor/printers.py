"""The checks of printers: each is opened for a moment and asked how it is; nothing is printed.

The running program prints on them meanwhile: what it saw of its newest ticket counts too, if the
printer itself does not say anything worse.
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


def printer_check(port: PrinterPort, printed: PrinterTrouble | None = None) -> Check:
    """Open a printer for a moment and ask how it is; nothing is printed.

    `printed` is why the running program could not print its newest ticket; None: it could.
    """
    trouble = _trouble_of(port)
    if trouble is None and printed in LOOKS and port.kind in ("file", "windows"):
        trouble = printed  # such a port does not say how the printer is
    where = f"{port.kind} {port.port}"
    what = _("printer %(name)s", name=port.name)
    if trouble is None:
        seen = _("%(where)s: can print", where=where)
        return Check("printer", what, GOOD, seen, subject=port.name)
    look = LOOKS.get(trouble, PrinterLook(plain(trouble.value), OTHER))
    seen = plain(where).then(look.seen, ": ")
    return Check("printer", what, BAD, seen, look.do, subject=port.name)


def _trouble_of(port: PrinterPort) -> PrinterTrouble | None:
    try:
        Printer(port).look()
    except PrinterFailed as exc:
        return exc.trouble
    return None
