"""The errors of printing a ticket.

KioskError
└── PrinterFailed          a printer did not print; names why, and whether paper may have come out
"""

from __future__ import annotations

from enum import StrEnum

from kiosk.errors import KioskError


class PrinterTrouble(StrEnum):
    """Why a printer did not print. The values are stored."""

    NOT_INSTALLED = "not_installed"  # the library for printers is missing
    UNREACHABLE = "unreachable"  # switched off, unplugged, or a wrong address
    NO_ANSWER = "no_answer"  # it can be reached, and does not say how it is
    PAPER_OUT = "paper_out"
    OFFLINE = "offline"  # its cover is open, or it has a fault
    BROKE_OFF = "broke_off"  # the connection was lost in the middle
    NOT_CONFIRMED = "not_confirmed"  # it took the ticket, and did not say that it printed it
    RESTARTED = "restarted"  # the program ended while it was printing
    CANCELLED = "cancelled"  # the visit was cancelled before its ticket was printed
    TOO_LATE = "too_late"  # the patient has had the number for long


class PrinterFailed(KioskError):
    """A printer did not print.

    `may_have_printed` is false only if it is certain that no paper came out: then the same print
    may be tried again.
    """

    def __init__(self, trouble: PrinterTrouble, may_have_printed: bool = False) -> None:
        super().__init__(trouble.value)
        self.trouble, self.may_have_printed = trouble, may_have_printed
