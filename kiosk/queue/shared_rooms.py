"""The rooms as a list that several desks share.

1.  A room is shared with its place, its services, its notice, and whether it takes patients.  The
    printer of its tickets is not: printers are named in the settings of each desk.
2.  The notices of the waiting room are shared as one entry.
3.  Rooms without a file, which come from the settings, are not shared: nobody has chosen them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from kiosk.logbook import room_key
from kiosk.queue.errors import RoomsChanged, RoomsWrong
from kiosk.queue.rooms import Room, RoomList, RoomsFile, rooms_from_json, rooms_json

NOTICES = ""  # the key of the notices; no room has it
NOT_WRITTEN, WRONG = "not_written", "wrong"  # why a list was not taken over


class SharedRooms:
    """Gives and takes over the list of rooms: all of it, or nothing."""

    takes_whole = True

    def __init__(self, file: RoomsFile) -> None:
        self._file = file

    def entries(self) -> dict[str, dict[str, Any]] | None:
        """Return the rooms by their names, and the notices. None: there is no list to share.

        That is so without a file, and with a damaged one.
        """
        rooms = self._file.read()
        if not rooms.version or rooms.fault:
            return None
        record = rooms_json(rooms)
        entries = {room_key(room["name"]): dict(room) for room in record["rooms"]}
        for entry in entries.values():
            del entry["printer"]
            entry["services"] = [dict(service) for service in entry["services"]]
        return entries | {NOTICES: {"texts": list(record["notices"])}}

    def take_over(
        self,
        entries: Mapping[str, Any],
        known: Collection[str],  # noqa: ARG002  rooms have no identity but their name
        now: datetime,  # noqa: ARG002
    ) -> dict[str, str]:
        """Make this desk's rooms as a list has them; return the key and why, if that failed.

        Each room keeps the printer that it has here.
        """
        here = self._file.read()
        try:
            rooms = _room_list(entries, here)
            if (rooms.rooms, rooms.notices) != (here.rooms, here.notices) or here.fault:
                self._file.save(rooms)
        except RoomsWrong as exc:
            keys = list(key for key in entries if key != NOTICES)
            is_one = exc.place is not None and exc.place < len(keys)
            return {keys[exc.place] if is_one and exc.place is not None else NOTICES: WRONG}
        except (RoomsChanged, OSError):  # somebody saves them now, or the disk is full: next time
            return {NOTICES: NOT_WRITTEN}
        return {}


def _room_list(entries: Mapping[str, Any], here: RoomList) -> RoomList:
    """Return the list that the entries are, with this desk's printers. Raises RoomsWrong."""
    notices = entries.get(NOTICES, {"texts": []})
    rooms = [entry for key, entry in entries.items() if key != NOTICES]
    given = rooms_from_json(
        {
            "rooms": [_known_fields(room) for room in rooms],
            "notices": notices.get("texts") if isinstance(notices, dict) else None,
        }
    )
    with_printers = tuple(_with_printer(room, here.find(room.name)) for room in given.rooms)
    return RoomList(with_printers, given.notices, here.version)


def _known_fields(room: object) -> object:
    """Return a room without what a newer program may have added."""
    known = ("name", "place", "services", "notice", "open")
    if not isinstance(room, dict):
        return room
    return {key: value for key, value in room.items() if key in known}


def _with_printer(room: Room, here: Room | None) -> Room:
    printer = here.printer if here else ""
    return Room(room.name, room.place, room.services, printer, room.notice, room.open)
