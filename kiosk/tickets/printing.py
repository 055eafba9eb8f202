"""Tickets of this clinic on paper: what a ticket says, who prints it, and which one a code is of.

Which printer prints a ticket: the one of the desk where the patient stands, else the one that the
list of rooms names for the room, else a printer that belongs to no desk.  Without any of them the
browser prints.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiosk.logbook import (
    DESK,
    SELF_SERVICE,
    NoSuchTicket,
    NotRecorded,
    Ticket,
    TicketPrint,
    TicketPrints,
    Tickets,
    TicketState,
    Visit,
    Visits,
)
from kiosk.queue import RoomsFile
from kiosk.settings import Settings
from kiosk.tickets.printers import Printer
from kiosk.tickets.spool import Spool
from kiosk.tickets.ticket import Payment, PrintedTicket, payment_of, short_name
from kiosk.tickets.ticket_code import TicketCode, read_ticket_code, ticket_code
from verify import clinic_day

log = logging.getLogger(__name__)

MAX_HOUSEHOLD_LOOK = 100  # of the newest visits
VISIT_ID_SHOWN = 8  # the last characters of a visit's id
NOT_PRINTED = frozenset({TicketState.CANCELLED, TicketState.MOVED})


class CodeFinding(StrEnum):
    """What the code of a ticket is to this clinic today."""

    OURS = "ours"  # of today
    ANOTHER_DAY = "another_day"
    ANOTHER_FACILITY = "another_facility"
    NOT_KNOWN = "not_known"  # changed, made up, or of another logbook


@dataclass(frozen=True, slots=True)
class ReadCode:
    """The code of a ticket that was read, and what it leads to. None: to nothing here."""

    code: TicketCode
    finding: CodeFinding
    ticket: Ticket | None = None
    visit: Visit | None = None


class TicketPrinting:
    """Prints tickets.  Any thread may call.

    Methods raise LogbookUnavailable or NotRecorded as those of `TicketPrints` do.
    """

    def __init__(
        self,
        settings: Settings,
        tickets: Tickets,
        visits: Visits,
        prints: TicketPrints,
        rooms: RoomsFile,
        share_of: Callable[[Visit], float | None],
        clock: Callable[[], datetime],
        on_change: Callable[[], None],
    ) -> None:
        """`share_of` returns what the insurance pays on a visit, in percent; None: not certain.

        `clock` returns the time now, aware.  `on_change` is called when a print changes its state.
        """
        self._settings, self._clock = settings, clock
        self._tickets, self._visits, self._prints = tickets, visits, prints
        self._rooms, self._share_of = rooms, share_of
        self.spools = [
            Spool(Printer(port), prints, self._ticket_of_print, clock, on_change)
            for port in settings.printers
        ]
        self.on_change = on_change

    def recover(self) -> None:
        """Settle what an earlier run of the program left. Called before the spools run."""
        try:
            self._prints.interrupted([spool.name for spool in self.spools], self._clock())
        except NotRecorded as exc:
            log.error("the prints of the last run cannot be settled: %s", exc)

    def printer_for(self, desk: str, room: str) -> Spool | None:
        """Return the printer of a ticket. None if the browser has to print it.

        `desk` is the name of the desk; empty: none in particular.
        """
        at_room = self._rooms.read().find(room)
        names_of_room = {at_room.printer} if at_room and at_room.printer else set()
        for fits in (
            lambda spool: desk and spool.printer.port.desk == desk,
            lambda spool: spool.name in names_of_room,
            lambda spool: not spool.printer.port.desk,
        ):
            found = next((spool for spool in self.spools if fits(spool)), None)
            if found is not None:
                return found
        return None

    def ask(
        self,
        tickets: Sequence[int],
        desk: str,
        author: str,
        *,
        language: str = "vi",
        with_share: bool = True,
    ) -> bool:
        """Queue tickets for printing, together; return whether there is a printer for them.

        Raises NoSuchTicket if one of them does not exist.
        """
        found = [self._tickets.get(ticket) for ticket in tickets]
        if not found or any(ticket is None for ticket in found):
            raise NoSuchTicket("no such ticket")
        first = found[0]
        spool = self.printer_for(desk, first.room if first else "")
        if spool is None:
            return False
        now = self._clock()
        self._prints.ask(
            tickets,
            spool.name,
            now,
            language=language,
            with_share=with_share,
            author=author,
        )
        self.on_change()
        spool.wake()
        return True

    def print_at_screen(self, ticket: int, screen: str) -> bool:
        """Print a ticket at a screen for self-service, without a share; return whether it can.

        Only a printer that stands there does: `[[printers]] desk` names the screen.
        """
        has_printer = any(spool.printer.port.desk == screen for spool in self.spools)
        return has_printer and self.ask([ticket], screen, SELF_SERVICE, with_share=False)

    def note_browser(self, tickets: Sequence[int], author: str) -> None:
        """Note that a browser prints tickets. Raises NoSuchTicket if one of them does not exist."""
        if not tickets or any(self._tickets.get(ticket) is None for ticket in tickets):
            raise NoSuchTicket("no such ticket")
        self._prints.note_browser(tickets, self._clock(), author)
        self.on_change()

    def household(self, ticket_id: int) -> list[int]:
        """Return the tickets of today that one adult came with, `ticket_id` among them.

        Those are the adult's own and those of the children that the adult brought.
        """
        ticket = self._tickets.get(ticket_id)
        visit = self._visits.by_id(ticket.visit) if ticket and ticket.visit else None
        if visit is None:
            return [ticket_id]
        adult = _adult_of(visit)
        today = clinic_day(visit.arrived_at)
        others = [
            other.ticket_id
            for other in self._visits.newest(MAX_HOUSEHOLD_LOOK)
            if other.cancelled_at is None
            and clinic_day(other.arrived_at) == today
            and not adult.isdisjoint(_adult_of(other))
        ]
        return sorted({ticket_id, *others})

    def newest(self, tickets: Sequence[int]) -> dict[int, TicketPrint]:
        """Return the newest print of each of these tickets, by ticket."""
        return self._prints.newest(tickets) if tickets else {}

    def ticket(
        self, ticket_id: int, *, with_share: bool = True, again: bool = False
    ) -> PrintedTicket | None:
        """Return what a ticket says. `again` marks it as printed again now.

        None if there is no such ticket, or the patient is not to come with it any more.
        """
        ticket = self._tickets.get(ticket_id)
        if ticket is None or ticket.state in NOT_PRINTED:
            return None
        visit = self._visits.by_id(ticket.visit) if ticket.visit else None
        room = self._rooms.read().find(ticket.room)
        percent = self._share_of(visit) if visit and with_share else None
        code = self._settings.facility.code_on(ticket.day)
        return PrintedTicket(
            facility=self._settings.facility.name or code,
            label=ticket.label,
            room=ticket.room,
            person=_named(visit) if visit else "",
            at=ticket.issued_at,
            payment=payment_of(visit, percent, bool(self._settings.insurer.url))
            if visit and with_share
            else Payment.NOTHING,
            share_percent=percent,
            way=" ".join(filter(None, (_sentence(room.place), _sentence(room.notice))))
            if room
            else "",
            desk=visit.author.removeprefix(DESK).strip()
            if visit and visit.author != SELF_SERVICE
            else "",
            visit=visit.id[-VISIT_ID_SHOWN:] if visit else "",
            code=ticket_code(self._prints.key(), code, ticket.day, ticket.label, ticket.id),
            printed_again_at=self._clock() if again else None,
        )

    def _ticket_of_print(self, asked: TicketPrint) -> PrintedTicket | None:
        return self.ticket(asked.ticket, with_share=asked.with_share, again=asked.is_again)

    def read_code(self, text: str) -> ReadCode | None:
        """Return which ticket a code is of. None if the text is not the code of a ticket."""
        code = read_ticket_code(text)
        if code is None:
            return None
        if code.facility not in self._settings.facility.all_codes:
            return ReadCode(code, CodeFinding.ANOTHER_FACILITY)
        ticket = self._tickets.get(code.ticket) if code.is_made_with(self._prints.key()) else None
        if ticket is None or (ticket.day, ticket.label.replace(" ", "")) != (code.day, code.label):
            # also where a restored logbook has given the row to another patient
            return ReadCode(code, CodeFinding.NOT_KNOWN)
        visit = self._visits.by_id(ticket.visit) if ticket.visit else None
        is_today = ticket.day == clinic_day(self._clock())
        finding = CodeFinding.OURS if is_today else CodeFinding.ANOTHER_DAY
        return ReadCode(code, finding, ticket, visit)


def _adult_of(visit: Visit) -> set[str]:
    """Return the numbers of the adult: the guardian's, or the patient's own without a guardian."""
    guardian = visit.arrival.guardian
    numbers = (
        {guardian.number, guardian.phone}
        if guardian
        else {visit.person, visit.card.citizen_number, visit.arrival.phone}
    )
    return {number for number in numbers if number}


def _named(visit: Visit) -> str:
    """Return how a ticket names the patient: an unknown one by the code of the wristband."""
    return short_name(visit.card.holder) or (visit.unknown.code if visit.unknown else "")


def _sentence(text: str) -> str:
    """Return a text of the clinic with a full stop at its end."""
    text = text.strip()
    return f"{text}." if text and text[-1] not in ".!?" else text
