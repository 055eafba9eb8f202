"""The search of the logbook: as one types, by filters, by what a reader reads, and as a table.

1.  What is typed names persons: it is posted, and stands in no address and no log.  The filters
    name nobody and stay in the address, so that a link leads to the same visits.
2.  Each list that is shown is a look at its visits.  Numbers are masked.
3.  A list that is taken away as a table is streamed, and written down as an export before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from kiosk.assembly import Kiosk
from kiosk.logbook import (
    Cancelled,
    FoundReadings,
    FoundVisits,
    LogbookDamaged,
    ReadableParts,
    Visit,
    VisitQuery,
    numbers_of,
    read_query,
    room_key,
)
from kiosk.readers import scans_in
from kiosk.web.api.fields import (
    POSSIBLE_YEARS,
    BadField,
    FieldFault,
    json_object,
    read_typed_day,
)
from kiosk.web.insurer_words import STATE_WORDS
from kiosk.web.pages.accesses import note_shown
from kiosk.web.problems import problem
from verify import Outcome, check_first_presentation, clinic_day, judge

FILTERS = ("from", "to", "room", "by", "outcome", "state", "cancelled", "what")
LOST = "readings"  # a value of `what`: readings that led to nothing
MAX_PAYLOAD = 64 * 1024  # characters
MAX_PLACE_DIGITS = 18
MAX_FILTER = 200  # characters
PAGE, PAGE_WHILE_TYPING = 50, 20  # visits
ADDRESS = "X-Filters"  # the header by which the page learns its new address


class Search:
    """One search: what was typed, the filters, and what came of it."""

    def __init__(self, kiosk: Kiosk, text: str, given: MultiDict[str, str]) -> None:
        """`given` are the filters as they were sent."""
        self.text = text
        self.filters: dict[str, Any] = {
            name: text[:MAX_FILTER]
            for name in FILTERS
            # A button that names a filter comes behind the field of the same name.
            for text in filter(None, given.getlist(name))
        }
        self.wrong: dict[str, BadField] = {}
        self._kiosk = kiosk
        self.before, self.after = _place(given.get("before")), _place(given.get("after"))
        parts = ReadableParts()
        self.rooms = parts.read("filters", lambda: kiosk.visit_finder.choices("room"), [])
        self.authors = parts.read("filters", lambda: kiosk.visit_finder.choices("author"), [])
        self.damaged = parts.damaged
        if self.damaged and (self.filters.keys() & {"room", "by"}):
            raise LogbookDamaged("rooms and authors cannot be looked up", ["search_value"])
        self.query = self._query(clinic_day(kiosk.clock()).year)
        self.is_of_today = False
        if self.query.ticket and not (self.query.first or self.query.last):
            today = clinic_day(kiosk.clock())
            self.query = replace(self.query, first=today, last=today)
            self.is_of_today = True

    @property
    def finds_visits(self) -> bool:
        """Whether visits are looked for, by filters that can all be read."""
        return not (self.is_for_readings or self.wrong or self.query.is_unusable)

    @property
    def is_for_readings(self) -> bool:
        """Whether readings that led to nothing are looked for."""
        return self.filters.get("what") == LOST

    def visits(self) -> FoundVisits:
        """Return a page of visits, and write down that they are shown."""
        if not self.finds_visits:
            return FoundVisits()
        is_typing = self.text and not (self.before or self.after)
        limit = PAGE_WHILE_TYPING if is_typing else PAGE
        found = self._kiosk.visit_finder.find(self.query, self.before, self.after, limit)
        note_shown(visit.id for visit in found)
        return found

    def readings(self) -> FoundReadings:
        """Return a page of readings that led to nothing."""
        if not self.is_for_readings or self.wrong:
            return FoundReadings()
        found = self._kiosk.lost_readings.find(self.query, self.before)
        cards = [reading.verdict.card for reading in found.readings]
        numbers = [card.number for card in cards if card]
        note_shown((), numbers[0] if len(numbers) == 1 else None)
        return found

    def words(self) -> dict[str, Any]:
        """Return what the templates show."""
        return {
            "search": self,
            "found": self.visits(),
            "lost": self.readings(),
            "outcomes": list(Outcome),
            "states": STATE_WORDS,
        }

    def _query(self, year: int) -> VisitQuery:
        query = read_query(self.text, year)
        first, last = self._day("from"), self._day("to")
        if first and last and last < first:
            self.wrong["to"] = BadField("to", None)
        rooms = {room_key(label): row for row, label in self.rooms}
        outcome, state = self.filters.get("outcome", ""), self.filters.get("state", "")
        cancelled, author = self.filters.get("cancelled", ""), self.filters.get("by", "")
        return replace(
            query,
            first=first,
            last=last,
            # A room that no visit has been in finds nothing: 0 is no id.
            room=rooms.get(room_key(name), 0) if (name := self.filters.get("room", "")) else None,
            author=int(author) if author.isascii() and author.isdigit() else None,
            outcome=outcome if outcome in set(Outcome) else "",
            state=state if state in STATE_WORDS else "",
            cancelled=Cancelled(cancelled) if cancelled in set(Cancelled) else Cancelled.ALL,
        )

    def _day(self, name: str) -> Any:
        try:
            day = read_typed_day(self.filters.get(name), name)
            if day and day.year not in POSSIBLE_YEARS:
                raise BadField(name, FieldFault.NOT_A_DATE)
        except BadField as exc:
            self.wrong[name] = exc
            return None
        return day


def add_visit_search(pages: Blueprint, kiosk: Kiosk) -> Blueprint:
    """Add the search to the blueprint of /logbook; return it."""

    @pages.get("")
    def visits_page() -> ResponseReturnValue:
        """Show the newest visits that the filters of the address find."""
        return search_page(Search(kiosk, "", request.args), kiosk)

    @pages.post("")
    def find() -> ResponseReturnValue:
        """Show what a text finds, to a browser without scripts."""
        text = request.form.get("q", "")
        search = Search(kiosk, text, request.form)
        if not text.strip() and not (search.before or search.after):
            return redirect(url_for(".visits_page", **search.filters), 303)
        return search_page(search, kiosk)

    @pages.post("/found")
    def found() -> ResponseReturnValue:
        """Return what a text and the filters find, as a part of the page."""
        search = Search(kiosk, request.form.get("q", ""), request.form)
        answer = Response(render_template("logbook/found_visits.html", **search.words()))
        answer.headers[ADDRESS] = url_for(".visits_page", **search.filters)
        return answer

    @pages.post("/scanned")
    def scanned() -> ResponseReturnValue:
        """Say which page a card, or a ticket, of a keyboard-type reader leads to.

        No reading is recorded: nobody is received here.
        """
        payload = json_object().get("payload")
        if not isinstance(payload, str) or len(payload) > MAX_PAYLOAD:
            return problem(400, "bad_request", '"payload" must be text.')
        ticket = kiosk.printing.read_code(payload)
        if ticket is not None:
            visit = ticket.visit
            return jsonify({"address": visit and _visit_address(visit), "is_ticket": True})
        visit = _newest_of_card(kiosk, payload)
        address = visit and url_for("person.page", visit_id=visit.id)
        return jsonify({"address": address, "is_ticket": False})

    return pages


def search_page(search: Search, kiosk: Kiosk, said: str = "") -> str:
    """Return the page of a search; `said` is the result of what was done, if anything was."""
    counts = kiosk.outbox.counts()
    return render_template("logbook/visits.html", counts=counts, said=said, **search.words())


def _visit_address(visit: Visit) -> str:
    return url_for("logbook.visit_page", visit_id=visit.id)


def _newest_of_card(kiosk: Kiosk, payload: str) -> Visit | None:
    """Return the newest visit of the holder of a card. None without one, or if it is no card."""
    *_earlier, data = scans_in(payload.encode("utf-8", "surrogatepass"))
    knowledge = replace(kiosk.data.current().knowledge, check_presentation=check_first_presentation)
    numbers = numbers_of(judge(data, kiosk.clock(), knowledge))
    found = [visit for number in numbers for visit in kiosk.visits.with_number(number, 1)]
    return max(found, key=lambda visit: visit.arrived_at, default=None)


def _place(text: str | None) -> int | None:
    is_place = text and text.isascii() and text.isdigit() and len(text) <= MAX_PLACE_DIGITS
    return int(text) if text and is_place else None
