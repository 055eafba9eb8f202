"""The search over the whole facility: as the search of the logbook, but the hub is asked.

1.  What is typed names persons: it is posted, and stands in no address and no log.  The filters
    name nobody and stay in the address.
2.  Names of today and yesterday are shown to whoever may open the logbook.  Older days take the
    person's own PIN and a reason, and a desk that has the password for reports; then all days are
    looked through for ten minutes.
3.  Each list is a look at its visits, and written down in the logbook of this desk.
4.  If the hub gives no answer, the page says so and shows what this desk alone knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from kiosk.assembly import Kiosk
from kiosk.hub import (
    DAYS_OPEN,
    MAX_DAYS_BACK,
    DeskState,
    HubAway,
    HubPlace,
    HubQuery,
    HubReader,
    HubVisits,
)
from kiosk.logbook import Cancelled, VisitQuery, numbers_of, read_query
from kiosk.readers import scans_in
from kiosk.staff import PinNotHere, SignInTry, TooManyTries
from kiosk.web.api.fields import (
    POSSIBLE_YEARS,
    BadField,
    FieldFault,
    json_object,
    read_typed_day,
)
from kiosk.web.callers import caller_here, device_here
from kiosk.web.insurer_words import STATE_WORDS
from kiosk.web.older_days import OlderDays, OlderLook
from kiosk.web.pages.accesses import note_shown_elsewhere
from kiosk.web.pages.sign_in import NOT_HERE
from kiosk.web.pages.visit_search import MAX_FILTER, MAX_PAYLOAD, Search
from kiosk.web.problems import problem
from verify import Outcome, check_first_presentation, clinic_day, judge

FILTERS = ("from", "to", "room", "desk", "outcome", "state", "cancelled")
PAGE, PAGE_WHILE_TYPING = 50, 20  # visits
ADDRESS = "X-Filters"  # the header by which the page learns its new address
MAX_WHY = 200  # characters


@dataclass
class FacilitySearch:
    """One search over the facility: what was typed, the filters, and what came of it."""

    text: str = field(repr=False)
    filters: dict[str, Any]
    older: OlderLook | None  # the caller may look at older days now
    today: date
    wrong: dict[str, BadField] = field(default_factory=dict)
    query: HubQuery = field(default_factory=lambda: HubQuery(VisitQuery()), repr=False)
    is_of_today: bool = False
    found: HubVisits = field(default_factory=HubVisits, repr=False)
    desks: Sequence[DeskState] = ()
    away: HubAway | None = None

    @property
    def first_open(self) -> date:
        """The oldest day that is shown without a PIN."""
        return self.today - timedelta(days=DAYS_OPEN - 1)

    @property
    def first(self) -> date:
        """The oldest day that is looked through."""
        oldest = self.today - timedelta(days=MAX_DAYS_BACK) if self.older else self.first_open
        return max(oldest, self.query.typed.first or oldest)

    @property
    def last(self) -> date:
        """The newest day that is looked through: a desk's clock may be a day ahead."""
        return self.query.typed.last or self.today + timedelta(days=1)

    @property
    def asks_for_older(self) -> bool:
        """Whether days were asked for that need a PIN, and it was not given."""
        first = self.query.typed.first
        return self.older is None and first is not None and first < self.first_open

    @property
    def next_place(self) -> str:
        """Where the next page begins, as a form sends it; empty: this is the last one."""
        older = self.found.older
        return f"{older.day} {older.arrived_at.isoformat()} {older.id}" if older else ""


def read_search(
    kiosk: Kiosk, older: OlderLook | None, text: str, given: MultiDict[str, str]
) -> FacilitySearch:
    """Return what was typed and chosen; nothing is looked up yet."""
    filters = {
        name: value[:MAX_FILTER] for name in FILTERS for value in filter(None, given.getlist(name))
    }
    today = clinic_day(kiosk.clock())
    search = FacilitySearch(text, filters, older, today)
    typed = read_query(text, today.year)
    first, last = _day(search, "from"), _day(search, "to")
    if first and last and last < first:
        search.wrong["to"] = BadField("to", None)
    if typed.ticket and not (first or last):
        first, last, search.is_of_today = today, today, True
    outcome, state = filters.get("outcome", ""), filters.get("state", "")
    cancelled, desk = filters.get("cancelled", ""), filters.get("desk", "")
    search.query = HubQuery(
        replace(
            typed,
            first=first,
            last=last,
            outcome=outcome if outcome in set(Outcome) else "",
            state=state if state in STATE_WORDS else "",
            cancelled=Cancelled(cancelled) if cancelled in set(Cancelled) else Cancelled.ALL,
        ),
        room=filters.get("room", ""),
        desk=int(desk) if desk.isascii() and desk.isdigit() and len(desk) < 4 else None,
    )
    return search


def look_up(search: FacilitySearch, hub: HubReader, before: HubPlace | None) -> None:
    """Ask the hub; note what is shown, or that the hub gives no answer."""
    limit = PAGE_WHILE_TYPING if search.text and before is None else PAGE
    try:
        with hub.asking(all_days=search.older is not None) as view:
            search.desks = view.desks()
            if not search.wrong and search.first <= search.last:
                search.found = view.search.find(
                    search.query, search.first, search.last, before, limit
                )
    except HubAway as exc:
        search.away = exc
        return
    why = search.older.why if search.older else ""
    note_shown_elsewhere({visit.id: visit.person for visit in search.found.visits}, why)


class FacilitySearches:
    """Makes the searches of requests, and the pages that show them."""

    def __init__(self, kiosk: Kiosk, hub: HubReader, older_days: OlderDays) -> None:
        self._kiosk, self._hub, self._older_days = kiosk, hub, older_days

    def of_request(self, text: str, given: MultiDict[str, str]) -> FacilitySearch:
        """Return the search for a text with the filters that were sent, and what came of it."""
        session = caller_here().session
        older = self._older_days.look(session.id if session else None, self._kiosk.clock())
        may_look = self._hub.reads_all_days
        search = read_search(self._kiosk, older if may_look else None, text, given)
        look_up(search, self._hub, _place(given.get("before", "")))
        return search

    def page(self, search: FacilitySearch, said: str = "") -> str:
        """Return the page of a search; `said` is the result of what was done, if anything was."""
        return render_template(
            "facility/search.html", said=said, **_words(self._kiosk, self._hub, search)
        )

    def part(self, search: FacilitySearch) -> str:
        """Return the part of the page that shows what was found."""
        return render_template("facility/found.html", **_words(self._kiosk, self._hub, search))

    def open_older(self) -> tuple[str, int]:
        """Open older days for the caller, by PIN and reason; return what went wrong, and a status.

        Answers 409 if nobody is signed in, or if this desk cannot read older days.
        """
        kiosk, session = self._kiosk, caller_here().session
        if session is None or not self._hub.reads_all_days:
            abort(409)
        typed = SignInTry(
            str(session.member),
            request.form.get("pin", ""),
            address=request.remote_addr or "",
            device=device_here(kiosk.staff),
        )
        why = request.form.get("why", "").strip()[:MAX_WHY]
        if not why:
            return _("Enter a short reason."), 400
        try:
            if kiosk.staff.sign_in.check(typed, kiosk.clock()) is None:
                return _("The PIN is wrong: older days stay closed."), 403
        except TooManyTries as exc:
            return _("Too many tries. Wait %(n)s s.", n=round(exc.wait_s)), 429
        except PinNotHere:
            return str(NOT_HERE), 403
        self._older_days.open(session.id, why, kiosk.clock())
        return "", 200


def add_facility_search(
    pages: Blueprint, kiosk: Kiosk, hub: HubReader, older_days: OlderDays
) -> None:
    """Add the search to the blueprint of /facility."""
    searches = FacilitySearches(kiosk, hub, older_days)

    @pages.get("")
    def search() -> ResponseReturnValue:
        """Show the newest visits of all desks that the filters of the address find."""
        return searches.page(searches.of_request("", request.args))

    @pages.post("")
    def find() -> ResponseReturnValue:
        """Show what a text finds, to a browser without scripts."""
        text = request.form.get("q", "")
        found = searches.of_request(text, request.form)
        if not text.strip() and not request.form.get("before"):
            return redirect(url_for(".search", **found.filters), 303)
        return searches.page(found)

    @pages.post("/found")
    def found() -> ResponseReturnValue:
        """Return what a text and the filters find, as a part of the page."""
        search = searches.of_request(request.form.get("q", ""), request.form)
        answer = Response(searches.part(search))
        answer.headers[ADDRESS] = url_for(".search", **search.filters)
        return answer

    @pages.post("/older")
    def open_older() -> ResponseReturnValue:
        """Look through older days, after the caller's own PIN; a reason is written down."""
        said, status = searches.open_older()
        search = searches.of_request(request.form.get("q", ""), request.form)
        return searches.page(search, said), status

    _add_scanned(pages, kiosk)


def _add_scanned(pages: Blueprint, kiosk: Kiosk) -> None:
    """Add what a keyboard-type reader reads on the page of the search."""

    @pages.post("/scanned")
    def scanned() -> ResponseReturnValue:
        """Say what to look for to find the holder of a card that was read.

        No reading is recorded: nobody is received here.
        """
        payload = json_object().get("payload")
        if not isinstance(payload, str) or len(payload) > MAX_PAYLOAD:
            return problem(400, "bad_request", '"payload" must be text.')
        *_earlier, data = scans_in(payload.encode("utf-8", "surrogatepass"))
        knowledge = kiosk.data.current().knowledge
        knowledge = replace(knowledge, check_presentation=check_first_presentation)
        numbers = sorted(numbers_of(judge(data, kiosk.clock(), knowledge)), key=len)
        return jsonify({"text": numbers[0] if numbers else "", "address": None})


def local_search(kiosk: Kiosk, search: FacilitySearch) -> Search:
    """Return the same search in the logbook of this desk alone."""
    given = MultiDict({name: text for name, text in search.filters.items() if name != "desk"})
    return Search(kiosk, search.text, given)


def _words(kiosk: Kiosk, hub: HubReader, search: FacilitySearch) -> dict[str, Any]:
    """Return what the templates show."""
    words: dict[str, Any] = {
        "facility_search": search,
        "outcomes": list(Outcome),
        "states": STATE_WORDS,
        "room_names": [room.name for room in kiosk.rooms.read().rooms],
        "hub": hub,
        "session": caller_here().session,
    }
    if search.away is not None:  # what this desk alone knows
        words |= local_search(kiosk, search).words()
    return words


def _day(search: FacilitySearch, name: str) -> date | None:
    try:
        day = read_typed_day(search.filters.get(name), name)
        if day and day.year not in POSSIBLE_YEARS:
            raise BadField(name, FieldFault.NOT_A_DATE)
    except BadField as exc:
        search.wrong[name] = exc
        return None
    return day


def _place(text: str) -> HubPlace | None:
    """Return the place that a form names. None if it names none."""
    try:
        day, moment, visit = text.split(" ")
        arrived_at, since = datetime.fromisoformat(moment), date.fromisoformat(day)
    except ValueError:
        return None
    is_place = arrived_at.tzinfo is not None and read_query(visit, since.year).visit == visit
    return HubPlace(since, arrived_at, visit) if is_place else None
