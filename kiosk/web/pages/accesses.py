"""Looks at persons' data: noting each, and the page that shows them to supervisors."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Flask, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from kiosk.logbook import Accesses, Looker, NotRecorded
from kiosk.settings import Settings
from kiosk.web.callers import caller_here
from kiosk.web.pages.desks import chosen_desk

log = logging.getLogger(__name__)

SHOWN = 200
MAX_ID_DIGITS = 12
# What shows a person's data, in words.  A route with `visit_id` in its path is about that visit;
# lists say which visits they showed (`note_shown`).
LOOKS = {
    "reception.verdict": _l("a reading at the desk"),
    "logbook.visits_page": _l("the list of visits"),
    "logbook.find": _l("a search of visits"),
    "logbook.found": _l("a search of visits"),
    "logbook.export": _l("visits, taken out as a table"),
    "person.page": _l("all visits of one person"),
    "person.exam": _l("a visit, on its person’s page"),
    "person.history": _l("a person’s history at the insurer"),
    "person.join": _l("two persons, to join their records"),
    "person.undo": _l("all visits of one person"),
    "person.paper": _l("all visits of one person, on paper"),
    "logbook.visit_page": _l("a visit"),
    "logbook.show_numbers": _l("the whole numbers of a visit"),
    "logbook.tray": _l("messages that need a person"),
    "presentation_page.form": _l("a visit, to present a card later"),
    "follow_up.cases": _l("cases to follow up"),
    "follow_up.slip": _l("the slip of an unknown patient"),
    "follow_up.identity": _l("an unknown patient is identified"),
    "follow_up.commune": _l("a notice to a commune"),
    "follow_up.temporary_code": _l("a temporary card number"),
    "evidence.data": _l("the evidence of a visit, as data"),
    "evidence.paper": _l("the evidence of a visit, on paper"),
    "suspicions.with_numbers": _l("suspicions of misuse, with whole numbers"),
    "incident_report.with_numbers": _l("the report on difficulties, with whole numbers"),
    "enquiry.of_attempt": _l("a card as a picture"),
    "sent_files.sent_file": _l("a file that was sent"),
    "visits.list_visits": _l("the list of visits, by a program"),
    "fhir.of_visit": _l("a visit, as FHIR"),
    "visit_lookups.look_up": _l("a look-up at the insurer"),
    "visit_lookups_page.look_up": _l("a look-up at the insurer"),
    "ticket_prints_page.to_print": _l("a ticket"),
    "suspicions.listed": _l("suspicions of misuse"),
    "suspicions.single": _l("a suspicion of misuse"),
    "reporting.visits_of": _l("visits behind a figure"),
    "reports.visits_of": _l("visits behind a figure of a report"),
    "reports.readings_of": _l("readings behind a figure of a report"),
    "reports.questions_of": _l("questions to the insurer behind a figure of a report"),
    "reports.contacts": _l("patients to contact"),
    "wrong_times.overview": _l("visits with a wrong time"),
    "unfinished.show": _l("patients who are not recorded"),
    "facility.search": _l("the visits of the whole facility"),
    "facility.find": _l("a search over the whole facility"),
    "facility.found": _l("a search over the whole facility"),
    "facility.open_older": _l("a search over the whole facility"),
    "facility.visit": _l("a visit of another desk"),
    "facility.correct": _l("a visit of another desk, to correct it"),
    "facility.cancel": _l("a visit of another desk, to cancel it"),
    "facility.tray": _l("messages of all desks that need a person"),
    "facility.differing": _l("two versions of a visit"),
    "accesses.page": _l("this list"),
    "person_data.find": _l("a search for a person’s data"),
    "person_data.show": _l("one person’s data"),
    "person_data.data": _l("one person’s data, taken out as data"),
    "person_data.paper": _l("one person’s data, taken out on paper"),
    "person_data.erase": _l("one person’s data, erased"),
    "person_requests.single": _l("a request of a person"),
}
# What shows persons also when it refuses what was asked, beside the reason.
SHOWN_REFUSED = frozenset(
    {"person.join", "person.undo", "logbook.export", "facility.correct", "facility.cancel"}
)
# What pages fetch again and again by themselves.
UNNOTED = frozenset({"unfinished.show"})
# Lists that change with every key.
WHILE_TYPING = frozenset({"logbook.found", "facility.found"})
SAME_LOOK = timedelta(minutes=10)
MAX_RECENT = 20_000  # looks
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class RecentLooks:
    """Looks at lists that change with every key, of the last minutes. Any thread may call.

    A visit that comes again while somebody goes on typing is the same look.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[object, str], datetime] = {}

    def new(self, looker: Looker, visits: Sequence[str], now: datetime) -> list[str]:
        """Return the visits that a looker has not seen since SAME_LOOK; keep that they have now."""
        key = (looker.author, looker.session, looker.desk, looker.address)
        with self._lock:
            if len(self._seen) > MAX_RECENT:
                self._seen.clear()
            found = [
                visit
                for visit in visits
                if abs(now - self._seen.get((key, visit), LONG_AGO)) > SAME_LOOK
            ]
            self._seen |= {(key, visit): now for visit in found}
        return found


def install_accesses(
    app: Flask, accesses: Accesses, settings: Settings, clock: Callable[[], datetime]
) -> None:
    """Write down each look at a person's data after it was answered.

    A look that cannot be written down is shown all the same, and the log says so: the desk goes on
    while the disk is full.
    """

    recent = RecentLooks()

    def note(response: Response) -> Response:
        what = request.endpoint or ""
        if what not in LOOKS or what in UNNOTED or not _shows(response, what):
            return response
        visit = (request.view_args or {}).get("visit_id")
        visits = list(dict.fromkeys([*([visit] if visit else []), *g.get("shown_visits", [])]))
        looker, now = caller_here().looker(chosen_desk(settings)), clock()
        if what in WHILE_TYPING and visits:
            visits = recent.new(looker, visits, now)
            if not visits:
                return response
        try:
            accesses.record(
                looker,
                what,
                now,
                visits=visits,
                person=g.get("shown_person"),
                why=request.form.get("why") or request.args.get("why") or g.get("shown_why", ""),
                persons=g.get("shown_persons"),
            )
        except NotRecorded as exc:
            log.error("a look at %s was not written down: %s", what, exc)
        return response

    app.after_request(note)


def _shows(response: Response, what: str) -> bool:
    """Return whether an answer shows what was asked for, and is no redirection."""
    is_refused = 400 <= response.status_code < 500 and what in SHOWN_REFUSED
    return response.status_code == 200 or (is_refused and "shown_visits" in g)


def note_shown(visits: Iterable[str] = (), person: str | None = None) -> None:
    """Say which visits, or which person, the answer to this request shows."""
    g.shown_visits = list(visits)
    if person:
        g.shown_person = person


def note_shown_elsewhere(persons: Mapping[str, str], why: str = "") -> None:
    """Say which visits the answer shows that another desk may have recorded, with their persons.

    `why` is the reason that was given for looking, if one was.
    """
    note_shown(persons)
    g.shown_persons, g.shown_why = dict(persons), why


def make_accesses(accesses: Accesses) -> Blueprint:
    """Return the blueprint of /staff/accesses."""
    pages = Blueprint("accesses", __name__, url_prefix="/staff/accesses")

    @pages.get("")
    def page() -> ResponseReturnValue:
        """Show the newest looks: all, or those at a visit or of a member."""
        visit, member = request.args.get("visit") or None, _number("member")
        found = accesses.newest(visit=visit, member=member, before=_number("before"), limit=SHOWN)
        return render_template(
            "staff/accesses.html",
            accesses=found,
            looks=LOOKS,
            visit=visit,
            member=member,
            has_more=len(found) == SHOWN,
        )

    return pages


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS else None
