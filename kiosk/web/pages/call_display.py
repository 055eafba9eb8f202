"""The waiting room's display: numbers that are called, and where to go.

- It shows nothing about a person but, if the settings say so, initials.
- It has no action and leads nowhere: the screen stands where everybody can touch it.
- A number that was called long ago and never came is not called any more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from kiosk.assembly import Kiosk
from kiosk.backup import HELD
from kiosk.desk import initials_of
from kiosk.logbook import LogbookUnavailable, Ticket, TicketState
from kiosk.queue import RoomList
from kiosk.web.pages.entitlement_trial import SITUATION_WORDS

SHOWN = 12  # calls; some may wait on the display until those before them were shown
MAX_ROOMS_CHOSEN = 50
CALL_HOLDS = timedelta(minutes=10)  # after which nobody is waited for any more
AGAIN, NOW, BEFORE = "again", "now", "before"


def make_call_display(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /display/calls."""
    pages = Blueprint("call_display", __name__, url_prefix="/display")

    @pages.get("/calls")
    def page() -> ResponseReturnValue:
        """Show the display of all rooms, or of those that the address names."""
        return render_template(
            "queue/display.html", rooms=_chosen(), calls=_calls(kiosk), notices=_notices(kiosk)
        )

    @pages.get("/calls.json")
    def calls() -> ResponseReturnValue:
        """Return the newest calls, the newest first, and the notices.

        While the logbook is held nobody can be called here: the answer is 507, at which a display
        says that staff call the numbers.
        """
        if kiosk.guard is not None and kiosk.guard.holds:
            raise LogbookUnavailable(HELD)
        return jsonify({"calls": _calls(kiosk), "notices": _notices(kiosk)})

    return pages


def _chosen() -> list[str]:
    return request.args.getlist("room")[:MAX_ROOMS_CHOSEN]


def _calls(kiosk: Kiosk) -> list[dict[str, Any]]:
    """Return the newest calls as the display shows them."""
    rooms = kiosk.rooms.read()
    names = {found.name if (found := rooms.find(name)) else name for name in _chosen()}
    tickets = kiosk.tickets.newest_calls(kiosk.clock(), names, SHOWN)
    return [_call(kiosk, ticket, rooms) for ticket in tickets]


def _call(kiosk: Kiosk, ticket: Ticket, rooms: RoomList) -> dict[str, Any]:
    """Return one call: nothing in it says who the patient is.

    `id` is another one whenever the number is called again.
    """
    called_at = ticket.called_at or ticket.issued_at
    room = rooms.find(ticket.room)
    state = {TicketState.CALLED: NOW, TicketState.CALLED_AGAIN: AGAIN}.get(ticket.state, BEFORE)
    shown: dict[str, Any] = {
        "id": f"{ticket.id}-{called_at.timestamp():.3f}",
        "label": ticket.label,
        "room": ticket.room,
        "place": room.place if room else "",
        "state": state if kiosk.clock() - called_at < CALL_HOLDS else BEFORE,
    }
    if kiosk.settings.display.initials == "yes" and ticket.visit is not None:
        visit = kiosk.visits.by_id(ticket.visit)
        shown["initials"] = initials_of(visit.card.holder) if visit else ""
    return shown


def _notices(kiosk: Kiosk) -> list[str]:
    """Return what the display shows in turn at its foot.

    A facility shows its level and its points (NĐ 188/2025 Đ35 k2 e).
    """
    facility = kiosk.settings.facility
    notices = [str(_("Missed your call? Come to the reception desk. You keep your number."))]
    if facility.level:
        level = SITUATION_WORDS[facility.level]
        points = facility.score or _("ranked provisionally, no points yet")
        notices.append(
            str(
                _(
                    "Level of this facility: %(level)s. Points: %(points)s",
                    level=level,
                    points=points,
                )
            )
        )
    return [*notices, *kiosk.rooms.read().notices]
