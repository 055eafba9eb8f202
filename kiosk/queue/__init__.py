"""The queue: the rooms that patients are sent to, and who is called before others.

The numbers themselves are in the logbook (`kiosk.logbook.tickets`).
"""

from kiosk.queue.errors import RoomsChanged, RoomsWrong
from kiosk.queue.priority import proposed_priority
from kiosk.queue.rooms import (
    MAX_NOTICES,
    MAX_ROOMS,
    Room,
    RoomList,
    RoomService,
    RoomsFile,
)
from kiosk.queue.shared_rooms import SharedRooms

__all__ = [
    "MAX_NOTICES",
    "MAX_ROOMS",
    "Room",
    "RoomList",
    "RoomService",
    "RoomsChanged",
    "RoomsFile",
    "RoomsWrong",
    "SharedRooms",
    "proposed_priority",
]
