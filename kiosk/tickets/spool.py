"""The spool: takes the prints of one printer from the logbook, one job after the other.

What becomes of a job that failed:

- Nothing came out: it is tried again after PAUSES, then given up.  The desk's page says from the
  first failure on that the number has to be read out, so nobody waits for paper.
- Paper may have come out: its state is unknown, and only a person has it printed again.
- Anything else went wrong, in a driver or its library: the state is unknown, too.
- It waited longer than MAX_AGE, because the printer or the program was off: it is given up, so that
  a morning's tickets do not come out at noon.

The logbook holds the state, so a restart loses none of it.  Recording a visit waits for no printer.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from PIL import Image

from kiosk.logbook import LogbookUnavailable, NotRecorded, PrintState, TicketPrint, TicketPrints
from kiosk.tickets.drawing import draw_ticket
from kiosk.tickets.errors import PrinterFailed, PrinterTrouble
from kiosk.tickets.printers import Printer
from kiosk.tickets.ticket import PrintedTicket
from kiosk.tickets.wording import Language

log = logging.getLogger(__name__)

PAUSES = (timedelta(seconds=3), timedelta(seconds=10), timedelta(seconds=30))  # between tries
MAX_AGE = timedelta(minutes=3)  # of a job that nothing has come out of
IDLE_PAUSE_S = 0.5  # between two looks, if nobody asks
LOGBOOK_PAUSE_S = 2.0  # while the logbook cannot be used


# From a print to its ticket; None if the ticket is not in the logbook, or its visit is cancelled.
TicketOf = Callable[[TicketPrint], PrintedTicket | None]


class _Settlement(NamedTuple):
    """What became of some tickets of a job."""

    prints: list[int]  # the ids of their rows
    state: PrintState
    trouble: PrinterTrouble | None = None
    pause: timedelta = timedelta(0)  # before the next try


class Spool:
    """The prints of one printer."""

    def __init__(
        self,
        printer: Printer,
        prints: TicketPrints,
        ticket_of: TicketOf,
        clock: Callable[[], datetime],
        on_change: Callable[[], None],
    ) -> None:
        """`clock` returns the time now, aware; `on_change` is called after each change of state."""
        self.printer = printer
        self._prints, self._ticket_of = prints, ticket_of
        self._clock, self._on_change = clock, on_change
        self._asked = threading.Event()
        self._in_use = threading.Lock()  # the printer: many take one connection at a time
        self._unsettled: list[_Settlement] = []  # what the logbook does not hold yet
        self.trouble: PrinterTrouble | None = None  # of the newest job; None: it was printed

    @property
    def name(self) -> str:
        """The printer's name in the settings."""
        return self.printer.name

    def wake(self) -> None:
        """Look at once whether a ticket waits."""
        self._asked.set()

    def look(self) -> PrinterTrouble | None:
        """Ask the printer how it is, for the doctor; while it prints, return how the last job went.

        What a printer does not answer by itself is known from the last job, too.
        """
        if not self._in_use.acquire(blocking=False):
            return self.trouble
        try:
            self.printer.look()
        except PrinterFailed as exc:
            return exc.trouble
        finally:
            self._in_use.release()
        return self.trouble if self.printer.port.kind in ("file", "windows") else None

    def run(self, stop: threading.Event) -> None:
        """Print what is due until `stop` is set."""
        while not stop.is_set():
            try:
                if self.print_next():
                    continue
                self._asked.wait(IDLE_PAUSE_S)
                self._asked.clear()
            except (NotRecorded, LogbookUnavailable) as exc:
                log.error("printer %s: the logbook cannot be used now: %s", self.name, exc)
                stop.wait(LOGBOOK_PAUSE_S)

    def print_next(self) -> bool:
        """Print the job that is due; return whether there was one.

        Raises NotRecorded or LogbookUnavailable if the logbook cannot be written or read.
        """
        self._write_down()  # if the logbook could not be written then
        job = self._prints.claim(self.name, self._clock())
        if not job:
            return False
        self._on_change()
        if self._clock() - job[0].asked_at > MAX_AGE:
            self._note(job, PrintState.GIVEN_UP, self.trouble or PrinterTrouble.TOO_LATE)
            self._write_down()
            return True
        self._print(job)
        self._write_down()
        return True

    def _print(self, job: list[TicketPrint]) -> None:
        """Print a job, and note what became of each of its tickets.

        Raises LogbookUnavailable if they cannot be read: then the job is tried again.
        """
        due, failed = job, None
        try:
            pictures = self._pictures(job)
            due = [ticket_print for ticket_print in job if ticket_print.id in pictures]
            if due:
                with self._in_use:
                    self.printer.print_pictures(list(pictures.values()))
        except LogbookUnavailable:
            self._note(job, PrintState.FAILED, pause=PAUSES[0])
            raise
        except PrinterFailed as exc:
            failed = exc
        except Exception as exc:  # noqa: BLE001  (this edge is where foreign errors end)
            # Of a driver or a library: it may end neither this thread nor the program.  Its text
            # may hold what was printed, so only its kind is logged.
            log.error("printer %s: %s", self.name, type(exc).__name__)
            failed = PrinterFailed(PrinterTrouble.BROKE_OFF, may_have_printed=True)
        self._note_outcome(due, failed)
        left_out = [ticket_print for ticket_print in job if ticket_print not in due]
        self._note(left_out, PrintState.GIVEN_UP, PrinterTrouble.CANCELLED)

    def _pictures(self, job: list[TicketPrint]) -> dict[int, Image.Image]:
        """Return the tickets of a job as pictures, by the id of the print.

        A ticket that is not to be printed any more has none.  Raises LogbookUnavailable if they
        cannot be read.
        """
        width = self.printer.port.width
        return {
            ticket_print.id: draw_ticket(ticket, language_of(ticket_print), width)
            for ticket_print in job
            if (ticket := self._ticket_of(ticket_print)) is not None
        }

    def _note_outcome(self, prints: list[TicketPrint], failed: PrinterFailed | None) -> None:
        """Note what became of tickets that were sent to the printer; None: they were printed."""
        if not prints:
            return
        self.trouble = failed.trouble if failed else None
        if failed is None:
            return self._note(prints, PrintState.PRINTED)
        log.warning("printer %s: %s", self.name, failed.trouble)
        tries = prints[0].tries
        if failed.may_have_printed:
            return self._note(prints, PrintState.UNKNOWN, failed.trouble)
        if tries > len(PAUSES):
            return self._note(prints, PrintState.GIVEN_UP, failed.trouble)
        self._note(prints, PrintState.FAILED, failed.trouble, PAUSES[tries - 1])

    def _note(
        self,
        prints: list[TicketPrint],
        state: PrintState,
        trouble: PrinterTrouble | None = None,
        pause: timedelta = timedelta(0),
    ) -> None:
        """Note what became of tickets, for `_write_down`."""
        if prints:
            ids = [ticket_print.id for ticket_print in prints]
            self._unsettled.append(_Settlement(ids, state, trouble, pause))

    def _write_down(self) -> None:
        """Record what became of tickets. If that fails, it is done before the next job."""
        while self._unsettled:
            prints, state, trouble, pause = self._unsettled[0]
            now = self._clock()
            self._prints.settle(prints, state, now, trouble, now + pause)
            del self._unsettled[0]
            self._on_change()


def language_of(ticket_print: TicketPrint) -> Language:
    """Return the language of a print: Vietnamese, unless it was asked for in English."""
    return "en" if ticket_print.language == "en" else "vi"
