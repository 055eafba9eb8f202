"""The queue of a room: who waits, who was called, and what is done with each number.

- Each form names the ticket and the version that the person looked at.  Two desks that do something
  with one number do it once: the other one gets a message, and sees how it is now.
- Names are not shown; initials only if the settings say so.
- A patient who goes to another room is a correction of the visit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from kiosk.assembly import Kiosk
from kiosk.desk import initials_of
from kiosk.logbook import (
    ACTIONS,
    OPEN_STATES,
    ChangedMeanwhile,
    NewVisit,
    NoSuchTicket,
    NoSuchVisit,
    NothingToChange,
    Priority,
    QueueAction,
    StillSending,
    Ticket,
    TicketState,
    room_key,
)
from kiosk.queue import RoomList
from kiosk.web.api.fields import MAX_ID, BadField, read_field, required_version
from kiosk.web.language import chosen_language
from kiosk.web.pages.desks import author_here
from kiosk.web.queue_words import PRIORITY_WORDS
from verify import clinic_day

MAX_WAITING = 25  # numbers in the list, unless all are asked for
MAX_DONE = 5  # patients who are done and can be put back
NUMBER_WAIT_S = 0.5  # for a shared number of another room
MOVE, PRIORITY = "move", "priority"  # what the page does beside the actions of a ticket

# Why nothing was done with a ticket, for the words of the page; and the status of the answer.
NOT_DONE: dict[type[Exception], tuple[str, int]] = {
    ChangedMeanwhile: ("changed", 409),
    NothingToChange: ("not_possible", 409),
    StillSending: ("sending", 409),
    NoSuchTicket: ("gone", 404),
    NoSuchVisit: ("gone", 404),
    BadField: ("wrong", 400),
}


class RoomTab(NamedTuple):
    """A room in the list of rooms above the queue."""

    name: str
    waiting: int
    is_removed: bool  # from the list of the rooms, while its numbers are open
    is_open: bool


def make_queue(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /queue."""
    pages = Blueprint("queue", __name__, url_prefix="/queue")

    @pages.get("")
    def page() -> ResponseReturnValue:
        """Show the queue of a room, or the rooms if the address names none."""
        return _page(kiosk, request.args.get("room", ""))

    @pages.get("/state")
    def state() -> ResponseReturnValue:
        """Show the part of the page that changes; 304 if it has not changed."""
        rooms, day = kiosk.rooms.read(), clinic_day(kiosk.clock())
        numbers = kiosk.house_numbers
        twice = numbers.state().given_twice if numbers else 0
        change = kiosk.room_queues.newest_change()
        parts = (change, rooms.version, rooms.fault and "fault", day, twice)
        response = make_response("", 304)
        response.set_etag("-".join(map(str, (*parts, chosen_language()))))
        if request.if_none_match.contains(response.get_etag()[0] or ""):
            return response
        response.status_code = 200
        response.set_data(
            render_template("queue/state.html", **_state(kiosk, request.args.get("room", "")))
        )
        return response

    @pages.post("/tickets/<int:ticket_id>")
    def act(ticket_id: int) -> ResponseReturnValue:
        """Do something with a ticket, and show the queue."""
        room = request.form.get("room", "")
        if ticket_id > MAX_ID:
            abort(404)
        try:
            _act(kiosk, ticket_id)
        except tuple(NOT_DONE) as exc:
            said, status = NOT_DONE[type(exc)]
            return _page(kiosk, room, said), status
        return redirect(url_for(".page", room=room), 303)

    return pages


def _act(kiosk: Kiosk, ticket_id: int) -> None:
    """Do with a ticket what the form says.

    Raises one of NOT_DONE if that is not possible.
    """
    version, now, author = required_version(), kiosk.clock(), author_here(kiosk.settings)
    action = request.form.get("action", "")
    if action == PRIORITY:
        chosen = request.form.get("priority", "")
        if chosen and chosen not in list(Priority):
            raise BadField("priority", None, '"priority" is not one of those of the page.')
        priority = Priority(chosen) if chosen else None
        kiosk.tickets.set_priority(ticket_id, priority, version, now, author)
    elif action == MOVE:
        _move(kiosk, ticket_id, version)
    elif action in list(QueueAction):
        kiosk.tickets.act(ticket_id, QueueAction(action), version, now, author)
    else:
        raise BadField("action", None, '"action" is not one of those of the page.')


def _move(kiosk: Kiosk, ticket_id: int, version: int) -> None:
    """Send the patient of a ticket to the room that the form names, as a correction of the visit.

    The service stays if the room gives it, else it becomes the room's first one.
    """
    room = kiosk.rooms.read().find(read_field(request.form.get("to"), "to"))
    if room is None:
        raise BadField("to", None, '"to" must be one of the rooms.')
    target = room
    ticket = kiosk.tickets.get(ticket_id)
    if ticket is None or ticket.visit is None:
        raise NoSuchTicket("no visit to move")
    if ticket.state not in OPEN_STATES:
        raise ChangedMeanwhile("the number is not open any more")

    def changed(visit: NewVisit) -> NewVisit:
        kiosk.tickets.require(ticket_id, version)  # nobody called it meanwhile
        service = replace(visit.service, room=target.name)
        services = target.services
        if services and all(given.code != service.code for given in services):
            service = replace(service, code=services[0].code, name=services[0].name)
        return replace(visit, service=service)

    author = author_here(kiosk.settings)
    kiosk.expect_number(author, target.name, NUMBER_WAIT_S)
    why = str(_("moved to another room"))  # in the language of the page, as a clerk would write it
    kiosk.corrections.change(ticket.visit, changed, why, kiosk.clock(), author=author)


def _page(kiosk: Kiosk, room: str, said: str = "") -> str:
    return render_template("queue/queue.html", said=said, **_state(kiosk, room))


def _state(kiosk: Kiosk, asked: str) -> dict[str, object]:
    """Return the queue of the room called `asked`, as the template shows it."""
    now, rooms = kiosk.clock(), kiosk.rooms.read()
    tabs = room_tabs(kiosk, rooms)
    key = room_key(asked)
    room = next((tab.name for tab in tabs if key and room_key(tab.name) == key), "")
    if not key and len(tabs) == 1:
        room = tabs[0].name
    tickets = kiosk.tickets.open(now, room) if room else []
    by_state = {
        str(state): [ticket for ticket in tickets if ticket.state is state] for state in TicketState
    }
    shows_all = "all" in request.args
    called = by_state["called"] + by_state["called_again"]
    return {
        "room": room,
        "tab": next((tab for tab in tabs if tab.name == room), None),
        "tabs": tabs,
        "next": next(iter(by_state["waiting"]), None),
        "called": called,
        "in_room": by_state["in_room"],
        "waiting": by_state["waiting"] if shows_all else by_state["waiting"][:MAX_WAITING],
        "count": len(by_state["waiting"]),
        "shows_all": shows_all,
        "absent": by_state["absent"],
        "done": kiosk.room_queues.newest_done(room, now, MAX_DONE) if room else [],
        "today": clinic_day(now),
        "priorities": PRIORITY_WORDS,
        "targets": [other.name for other in rooms.open_rooms if other.name != room],
        "can": lambda ticket, action: (ticket.state, action) in ACTIONS,
        "also_given_by": kiosk.also_given_by,
        "initials_of": lambda ticket: _initials(kiosk, ticket),
        "rooms_fault": rooms.fault,
    }


def room_tabs(kiosk: Kiosk, rooms: RoomList) -> list[RoomTab]:
    """Return all rooms, and those that are gone from the list while numbers of theirs are open.

    A desk to which slips send patients is among them while somebody waits for it.
    """
    queues = kiosk.room_queues.not_empty(kiosk.clock())
    waiting: dict[str, int] = {}
    for queue in queues:
        waiting[room_key(queue.room)] = waiting.get(room_key(queue.room), 0) + queue.waiting
    tabs = [
        RoomTab(room.name, waiting.get(room_key(room.name), 0), False, room.open)
        for room in rooms.rooms
    ]
    shown = {room_key(room.name) for room in rooms.rooms}
    for queue in sorted(queues, key=lambda queue: queue.is_desk):
        if room_key(queue.room) not in shown:
            shown.add(room_key(queue.room))
            count = waiting[room_key(queue.room)]
            tabs.append(RoomTab(queue.room, count, not queue.is_desk, is_open=queue.is_desk))
    return tabs


def _initials(kiosk: Kiosk, ticket: Ticket) -> str:
    """Return the initials of a patient if the settings allow them; else an empty text."""
    if kiosk.settings.display.initials != "yes" or ticket.visit is None:
        return ""
    visit = kiosk.visits.by_id(ticket.visit)
    return initials_of(visit.card.holder) if visit else ""
