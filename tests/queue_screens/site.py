"""A kiosk with rooms, its pages, and what clerks do with them."""

from __future__ import annotations

import re
import threading
from typing import Any
from urllib.parse import quote

from kiosk.desk import Confirmation
from kiosk.logbook import Visit
from kiosk.queue import Room, RoomList, RoomService
from kiosk.runtime.webserver import WebServer
from kiosk.web.app import create_app
from tests.cast import AGAIN, make_coverage, payload
from tests.conftest import Kiosk
from tests.wedge import wedge

ROOM, OTHER = "Phòng khám 1", "Phòng mắt"


EXTRA = RoomService("N2", "Siêu âm")


SERVICES = (RoomService("KB", "Khám bệnh"), RoomService("KB02", "Khám mắt"))


ROOMS = RoomList(
    (
        Room(ROOM, "Tầng 1"),
        Room(OTHER, services=SERVICES),
        Room("Phòng khám 12"),
        Room("Phòng đóng", open=False),
    ),
    ("Giữ trật tự.",),
)


QUEUE = f"/queue?room={quote(ROOM)}"


WITHIN_MS = 2_000


TICKET = ".ticket .room"


CHILD = "khoi"  # of three years


SETTLED_MS = 800  # after an action; a second press right after the first does nothing


class Site:
    """A kiosk whose pages are served within this process."""

    def __init__(self, kiosk: Kiosk, stop: threading.Event) -> None:
        self.kiosk = kiosk
        self._app = create_app(kiosk, stop)
        self.web = WebServer(self._app, "127.0.0.1", 0, threads=8)
        self.web.start()
        self.url = f"http://127.0.0.1:{self.web.port}"

    def start_again(self) -> None:
        """Serve the pages again at the same address."""
        self.web = WebServer(self._app, "127.0.0.1", self.web.port, threads=8)
        self.web.start()

    def record(self, person: str) -> Visit:
        """Record a visit in ROOM."""
        confirmation = Confirmation(room=ROOM, repeat_reason=AGAIN)
        reading = self.kiosk.scan(payload(person))
        return self.kiosk.desk.confirm(reading, confirmation, str(reading))[0]

    def visits(self) -> list[Visit]:
        """Return all visits, the newest first."""
        return self.kiosk.visits.newest()

    def calls(self) -> list[str]:
        """Return the numbers on the display and their states, the newest call first."""
        tickets = self.kiosk.tickets.newest_calls(self.kiosk.clock())
        return [f"{ticket.label} {ticket.state}" for ticket in tickets]


def open_page(context: Any, site: Site, path: str) -> Any:
    page = context.new_page()
    page.goto(site.url + path)
    return page


def call(page: Any, label: str) -> None:
    words = re.compile(rf"(Mời số|Call number) {label}\b")  # each page may change the language
    page.locator(".next-up button", has_text=words).click()
    page.wait_for_selector(f".current.called .label:text-is('{label}')")


def scanned(page: Any, person: str) -> None:
    wedge(page, payload(person).decode() + "<Enter>")
    page.wait_for_selector(".pass[data-ready]")


def desk(context: Any, site: Site) -> Any:
    page = open_page(context, site, "/")
    page.wait_for_selector("#status *")
    return page


def choose_room(page: Any, name: str) -> None:
    page.fill("#room", name)
    page.press("#room", "Enter")


def refine(site: Site, page: Any) -> None:
    """Let the insurer answer about the newest card, and wait until the page shows it."""
    reading = site.kiosk.attempts.get(site.kiosk.attempts.last_id())
    assert reading is not None
    card = reading.verdict.card
    assert card is not None
    known = make_coverage(card.number, holder=card.holder, born=card.born)
    assert site.kiosk.desk.refine(reading, reading.verdict, known) is not None
    page.wait_for_selector(".pass:not([data-reason=not_yet_known])")


def record(page: Any) -> None:
    page.press("#payload", "Enter")
    page.wait_for_selector(TICKET)
