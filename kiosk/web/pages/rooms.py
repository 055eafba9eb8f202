"""The page of the rooms: their services, printers and notices, in one form.

- Nothing is written until somebody saves.  Adding, removing and moving a room change the form only,
  so that a whole rebuild of the rooms is one step for everybody else.
- If the list cannot be used, or somebody else saved another one meanwhile, the form keeps what was
  typed.
- A room may be removed or closed while its numbers are open: the page says how many, and they can
  be called and moved on the page of the queue.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.assembly import Kiosk
from kiosk.queue import (
    MAX_NOTICES,
    MAX_ROOMS,
    Room,
    RoomList,
    RoomsChanged,
    RoomService,
    RoomsWrong,
)
from kiosk.web.pages.queue import room_tabs
from verify import clean_line

log = logging.getLogger(__name__)

MAX_TYPED = 20_000  # characters of one field that the page gives back
TEXTS = ("name", "place", "services", "printer", "notice")
# The fields of a list of rooms that have another name in the form.
FIELD_OF = {"code": "services", "service": "services"}
SAVED, UNSAVED, WRONG, CHANGED, NOT_WRITTEN = "saved", "unsaved", "wrong", "changed", "not_written"


@dataclass
class RoomForm:
    """The form as it was typed: a row of texts for each room."""

    rows: list[dict[str, str]] = field(default_factory=list)
    notices: str = ""
    version: str = ""  # of the list that the person looked at


def make_rooms(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /rooms."""
    pages = Blueprint("rooms", __name__)

    @pages.get("/rooms")
    def page() -> ResponseReturnValue:
        """Show the rooms as they are in the file."""
        return _page(kiosk, _form_of(kiosk.rooms.read()), request.args.get("said", ""))

    @pages.post("/rooms")
    def change() -> ResponseReturnValue:
        """Save the rooms, or change the form by one step without saving it."""
        form = _typed()
        step = request.form.get("do", "save")
        if step != "save":
            at = _take_step(form, step)
            return _page(kiosk, form, UNSAVED, at=at)
        try:
            kiosk.rooms.save(_list_of(form))
        except RoomsWrong as exc:
            return _page(kiosk, form, WRONG, wrong=exc, at=exc.place), 400
        except RoomsChanged:
            newer = kiosk.rooms.read()
            form.version = newer.version
            return _page(kiosk, form, CHANGED, newer=newer), 409
        except OSError as exc:
            log.error("the file of the rooms was not written: %s", exc.strerror)
            return _page(kiosk, form, NOT_WRITTEN), 507
        return redirect(url_for(".page", said=SAVED), 303)

    return pages


def _page(
    kiosk: Kiosk,
    form: RoomForm,
    said: str,
    wrong: RoomsWrong | None = None,
    newer: RoomList | None = None,
    at: int | None = None,
) -> str:
    rooms = kiosk.rooms.read()
    tabs = room_tabs(kiosk, rooms)
    return render_template(
        "queue/rooms.html",
        form=form,
        said=said,
        wrong_place=wrong.place if wrong else None,
        wrong_field=FIELD_OF.get(wrong.field, wrong.field) if wrong else "",
        newer=newer,
        at=at,
        fault=rooms.fault,
        removed=[tab for tab in tabs if tab.is_removed],
        waiting={tab.name: tab.waiting for tab in tabs},
        max_rooms=MAX_ROOMS,
        max_notices=MAX_NOTICES,
    )


def _typed() -> RoomForm:
    """Return the form of the request."""
    rows = []
    for row in request.form.getlist("row")[: MAX_ROOMS + 1]:
        texts = {name: request.form.get(f"{name}-{row}", "")[:MAX_TYPED] for name in TEXTS}
        rows.append(texts | {"open": "yes" if request.form.get(f"open-{row}") else ""})
    notices = request.form.get("notices", "")[:MAX_TYPED]
    return RoomForm(rows, notices, request.form.get("version", ""))


def _form_of(rooms: RoomList) -> RoomForm:
    """Return the form for a list of rooms."""
    rows = [
        {
            "name": room.name,
            "place": room.place,
            "services": "\n".join(f"{given.code} {given.name}" for given in room.services),
            "printer": room.printer,
            "notice": room.notice,
            "open": "yes" if room.open else "",
        }
        for room in rooms.rooms
    ]
    return RoomForm(rows, "\n".join(rooms.notices), rooms.version)


def _list_of(form: RoomForm) -> RoomList:
    """Return the list of rooms that was typed."""
    return RoomList(
        tuple(_room(row) for row in form.rows), tuple(_lines(form.notices)), form.version
    )


def _room(row: dict[str, str]) -> Room:
    services = []
    for line in _lines(row["services"]):
        code, _, name = line.partition(" ")
        services.append(RoomService(code, name.strip()))
    return Room(
        clean_line(row["name"]),
        clean_line(row["place"]),
        tuple(services),
        clean_line(row["printer"]),
        clean_line(row["notice"]),
        bool(row["open"]),
    )


def _lines(text: str) -> list[str]:
    """Return the lines of a text that hold something, cleaned."""
    return [line for line in map(clean_line, text.splitlines()) if line]


def _take_step(form: RoomForm, step: str) -> int | None:
    """Add, remove or move a room in the form; return which row to show then.

    `step` is "add", or "up", "down" or "remove" with the number of a row: "up-2".
    """
    if step == "add" and len(form.rows) < MAX_ROOMS:
        form.rows.append(dict.fromkeys(TEXTS, "") | {"open": "yes"})
        return len(form.rows) - 1
    name, _, digits = step.partition("-")
    row = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 4 else -1
    if not 0 <= row < len(form.rows):
        return None
    if name == "remove":
        del form.rows[row]
        return min(row, len(form.rows) - 1)
    to = row + {"up": -1, "down": 1}.get(name, 0)
    if 0 <= to < len(form.rows):
        form.rows.insert(to, form.rows.pop(row))
        return to
    return row
