"""What the desk's templates ask about rooms and the queue."""

from __future__ import annotations

from typing import NamedTuple

from flask import Flask

from kiosk.assembly import Kiosk
from kiosk.logbook import Attempt, Priority, Ticket, TicketState, room_key
from kiosk.queue import Room, proposed_priority
from kiosk.web.queue_words import PRIORITY_WORDS
from verify import clinic_day


class DeskRooms(NamedTuple):
    """The rooms that the desk offers: the one used last first, and the one that is preset."""

    rooms: list[Room]
    usual: str


class QueuePosition(NamedTuple):
    """Where the patient of a visit is in the queue."""

    ticket: Ticket
    room: Room | None  # None: it is not in the list of the rooms any more
    ahead: (
        int | None
    )  # called before; None: the patient does not wait, or nobody calls numbers here


def install_desk_queue(app: Flask, kiosk: Kiosk) -> None:
    """Let the templates ask about the rooms, priorities and the queue of a kiosk."""

    def desk_rooms() -> DeskRooms:
        rooms = kiosk.rooms.read()
        used = [room_key(name) for name in kiosk.tickets.rooms_by_use(clinic_day(kiosk.clock()))]
        place = {key: number for number, key in enumerate(used)}
        offered = sorted(
            rooms.open_rooms, key=lambda room: place.get(room_key(room.name), len(place))
        )
        return DeskRooms(offered, rooms.usual(kiosk.settings.visit.room).name)

    def priority_of(attempt: Attempt) -> Priority | None:
        return proposed_priority(attempt.verdict, "", clinic_day(kiosk.clock()))

    def queue_position(visit_id: str) -> QueuePosition | None:
        ticket, now = kiosk.tickets.of_visit(visit_id), kiosk.clock()
        if ticket is None:
            return None
        waits = ticket.state is TicketState.WAITING and kiosk.room_queues.are_called(now)
        ahead = kiosk.tickets.count_ahead(ticket, now) if waits else None
        return QueuePosition(ticket, kiosk.rooms.read().find(ticket.room), ahead)

    def shares_numbers() -> bool:
        return kiosk.numbers is not None

    app.add_template_global(desk_rooms)
    app.add_template_global(shares_numbers)
    app.add_template_global(priority_of)
    app.add_template_global(queue_position)
    app.jinja_env.globals["priority_words"] = PRIORITY_WORDS
