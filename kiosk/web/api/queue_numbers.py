"""Queue numbers over HTTP: say to which room a patient is going to be sent.

Where several desks share the numbers of the rooms, one is fetched at each scan, before anybody
needs it.  Only the desk knows which room it is, if it is not the usual one.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from kiosk.assembly import Kiosk
from kiosk.web.api.answers import ExpectedNumberAnswer
from kiosk.web.api.bodies import RoomBody
from kiosk.web.api.calls import call
from kiosk.web.api.fields import read_field
from kiosk.web.pages.desks import chosen_desk


def make_queue_numbers(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /api/queue."""
    api = Blueprint("queue_numbers", __name__, url_prefix="/api/queue")

    @api.post("/expect")
    @call({202: ExpectedNumberAnswer}, body=RoomBody)
    def expect(body: dict[str, Any]) -> ResponseReturnValue:
        """Let a number of a room be fetched, if several desks share them; answer at once.

        A room that is not in the list, or none, is the usual one.
        """
        room = kiosk.rooms.read().find(read_field(body.get("room"), "room"))
        kiosk.expect_number(chosen_desk(kiosk.settings), room.name if room else "")
        return jsonify({"shared": kiosk.numbers is not None}), 202

    return api
