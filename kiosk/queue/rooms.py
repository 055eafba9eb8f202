"""The rooms that patients are sent to: one JSON file, which the page of the rooms owns.

The file lies beside the settings file and is read again when it changes, so no restart is needed.
Without it there is one room: the usual one of the settings.  If it is damaged, the last list that
could be read stays in use, and the page of the rooms shows the fault.  A list that is saved
then replaces the damaged file, of which a copy stays beside it.

    {"rooms": [{"name": "Phòng khám 1", "place": "Tầng 2", "open": true, "printer": "",
                "notice": "", "services": [{"code": "KB", "name": "Khám bệnh"}]}],
     "notices": ["Người bệnh cấp cứu được khám trước."]}
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kiosk.logbook import room_key
from kiosk.queue.errors import RoomsChanged, RoomsWrong
from kiosk.runtime.files import folder_to_disk, replace_while_read

MAX_ROOMS = 200
MAX_SERVICES = 50  # of a room
MAX_NOTICES = 20
MAX_FILE_BYTES = 1024 * 1024
DAMAGED = ".damaged.json"  # the end of the name of a copy of a file that could not be read
LONGEST = {"name": 60, "place": 120, "printer": 60, "notice": 200, "code": 40, "service": 200}


@dataclass(frozen=True, slots=True)
class RoomService:
    """A service that is given in a room."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Room:
    """A room with a series of numbers of its own."""

    name: str
    place: str = ""  # how to get there
    services: tuple[RoomService, ...] = ()
    printer: str = ""  # which prints its tickets; empty: the desk's
    notice: str = ""  # printed on its tickets
    open: bool = True  # whether new patients are sent there


@dataclass(frozen=True, slots=True)
class RoomList:
    """All rooms, and the notices of the waiting room's display."""

    rooms: tuple[Room, ...] = ()
    notices: tuple[str, ...] = ()
    version: str = ""  # of the file; empty: there is no file
    fault: str = ""  # why the file cannot be read now; empty: it can

    @property
    def open_rooms(self) -> tuple[Room, ...]:
        """The rooms to which new patients are sent."""
        return tuple(room for room in self.rooms if room.open)

    def usual(self, name: str) -> Room:
        """Return the room in which a patient is put if nobody names one.

        That is the room called `name`, if it takes patients, else the first one that does.
        """
        named = self.find(name)
        if named is not None and named.open:
            return named
        return next(iter(self.open_rooms), self.rooms[0] if self.rooms else Room(name))

    def find(self, name: str) -> Room | None:
        """Return a room by its name, whatever its case and spaces. None if no room has it."""
        key = room_key(name)
        return next((room for room in self.rooms if room_key(room.name) == key), None)


class RoomsFile:
    """The file of the rooms.  Any thread may call."""

    def __init__(self, path: Path, usual: Room) -> None:
        """`usual` is the room of the settings, which there is without a file."""
        self._path = path
        self._without_file = RoomList((usual,))
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._list = self._without_file

    def read(self) -> RoomList:
        """Return the rooms as the file has them now.

        If the file is damaged: the last list that could be read, with the fault.
        """
        with self._lock:
            try:
                stat = self._path.stat()
            except FileNotFoundError:
                self._seen, self._list = None, self._without_file
                return self._list
            except OSError as exc:
                return replace(self._list, fault=f"{self._path}: {exc.strerror}")
            seen = (stat.st_mtime_ns, stat.st_size)
            if seen != self._seen:
                self._seen, self._list = seen, self._load()
            return self._list

    def _load(self) -> RoomList:
        try:
            if self._path.stat().st_size > MAX_FILE_BYTES:
                raise RoomsWrong(f"the file has more than {MAX_FILE_BYTES} bytes")
            content = self._path.read_bytes()
        except OSError as exc:
            return replace(self._list, fault=f"{self._path}: {exc.strerror}")
        except RoomsWrong as exc:
            return replace(self._list, fault=f"{self._path}: {exc}")
        try:
            return replace(rooms_from_json(_decoded(content)), version=_version(content))
        except RoomsWrong as exc:
            return replace(self._list, version=_version(content), fault=f"{self._path}: {exc}")

    def save(self, rooms: RoomList) -> RoomList:
        """Write the rooms; return them as they are in the file then.

        `rooms.version` is the version that the person looked at.  Raises RoomsWrong if the list
        cannot be used, RoomsChanged if the file has another version by now, and OSError if it
        cannot be written: then it stays as it was.
        """
        check_rooms(rooms)
        content = json.dumps(rooms_json(rooms), ensure_ascii=False, indent=1).encode() + b"\n"
        with self._lock:
            if self._version_on_disk() != rooms.version:
                raise RoomsChanged("the rooms were changed meanwhile")
            if self._list.fault and self._path.exists():
                shutil.copyfile(self._path, self._path.with_suffix(DAMAGED))
            self._write(content)
            self._seen = None
        return self.read()

    def _version_on_disk(self) -> str:
        try:
            return _version(self._path.read_bytes())
        except FileNotFoundError:
            return ""

    def _write(self, content: bytes) -> None:
        """Replace the file in one step, so that a power cut leaves the old one or the new one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".rooms-")
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            replace_while_read(part, self._path)
        finally:
            part.unlink(missing_ok=True)
        folder_to_disk(self._path.parent)


def check_rooms(rooms: RoomList) -> None:
    """Raise RoomsWrong if a list of rooms cannot be used."""
    if not rooms.rooms:
        raise RoomsWrong("there must be one room at least")
    if len(rooms.rooms) > MAX_ROOMS:
        raise RoomsWrong(f"there may be {MAX_ROOMS} rooms at most")
    if len(rooms.notices) > MAX_NOTICES:
        raise RoomsWrong(f"there may be {MAX_NOTICES} notices at most")
    for notice in rooms.notices:
        _check_text(notice, "notice", None)
    seen: set[str] = set()
    for place, room in enumerate(rooms.rooms):
        if not room_key(room.name):
            raise RoomsWrong("the room has no name", place, "name")
        if room_key(room.name) in seen:
            raise RoomsWrong("another room has this name", place, "name")
        seen.add(room_key(room.name))
        for field in ("name", "place", "printer", "notice"):
            _check_text(getattr(room, field), field, place)
        _check_services(room, place)


def _check_services(room: Room, place: int) -> None:
    if len(room.services) > MAX_SERVICES:
        raise RoomsWrong(f"there may be {MAX_SERVICES} services at most", place, "services")
    for service in room.services:
        if not service.code:
            raise RoomsWrong("a service has no code", place, "services")
        _check_text(service.code, "code", place)
        _check_text(service.name, "service", place)


def _check_text(text: str, field: str, place: int | None) -> None:
    if len(text) > LONGEST[field]:
        raise RoomsWrong(f"longer than {LONGEST[field]} characters", place, field)
    if any(unicodedata.category(letter).startswith("C") for letter in text):
        raise RoomsWrong("holds a character that cannot be printed", place, field)


def rooms_json(rooms: RoomList) -> Mapping[str, Any]:
    """Return a list of rooms as the file holds it."""
    return {"rooms": [asdict(room) for room in rooms.rooms], "notices": list(rooms.notices)}


def rooms_from_json(record: object) -> RoomList:
    """Return the list of rooms that the file holds. Raises RoomsWrong if it is not such a list."""
    if not isinstance(record, dict) or not isinstance(record.get("rooms"), list):
        raise RoomsWrong('expected {"rooms": [...]}')
    notices = record.get("notices", [])
    if not isinstance(notices, list) or not all(isinstance(text, str) for text in notices):
        raise RoomsWrong('"notices" must be a list of texts')
    found = [_room(room, place) for place, room in enumerate(record["rooms"][: MAX_ROOMS + 1])]
    rooms = RoomList(tuple(found), tuple(notices))
    check_rooms(rooms)
    return rooms


def _room(record: object, place: int) -> Room:
    if not isinstance(record, dict):
        raise RoomsWrong("expected an object", place)
    known = {"name", "place", "services", "printer", "notice", "open"}
    for key in record.keys() - known:
        raise RoomsWrong(f"known fields are {', '.join(sorted(known))}", place, str(key))
    texts = {key: record.get(key, "") for key in ("name", "place", "printer", "notice")}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise RoomsWrong("expected a text", place, key)
    services, is_open = record.get("services", []), record.get("open", True)
    if not isinstance(is_open, bool):
        raise RoomsWrong("expected true or false", place, "open")
    if not isinstance(services, list):
        raise RoomsWrong("expected a list", place, "services")
    return Room(**texts, services=tuple(_service(row, place) for row in services), open=is_open)


def _service(record: object, place: int) -> RoomService:
    if not isinstance(record, dict) or not all(
        isinstance(record.get(key), str) for key in ("code", "name")
    ):
        raise RoomsWrong('a service is {"code": text, "name": text}', place, "services")
    return RoomService(record["code"], record["name"])


def _decoded(content: bytes) -> object:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as exc:
        raise RoomsWrong(f"not JSON: {str(exc).splitlines()[0]}") from exc


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
