"""The patient's own display at a desk: its page, and the narrow stream that the page follows.

The stream and the page hold a number, a room and, if the settings say so, initials.  The desk's own
event stream is not used here: it names outcomes and readings.

Anybody in the house's network can open these streams.  They have places of their own, which are
not those of the desk's pages; while all are taken, a newcomer waits and takes nobody's place.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

from flask import Blueprint, Response, abort, has_request_context, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from kiosk.desk import Desk, Notifier, PatientDisplays, PatientPicture, Picture, reader_of
from kiosk.help import Guide, Trouble
from kiosk.logbook import Attempt, LogbookUnavailable, Visits
from kiosk.settings import Settings
from kiosk.web.api.fields import MAX_ID, json_object
from kiosk.web.language import LANGUAGES, in_both_languages
from kiosk.web.pages.desks import chosen_desk, desk_names
from kiosk.web.problems import problem
from kiosk.web.self_guard import marked_device

HEARTBEAT_S = 1.5  # the page takes a longer silence than three of them for a fault
RETRY_MS = 1000
FULL_RETRY_MS = 5000  # while all places are taken
TEXTS = {  # in Vietnamese, with English beside
    "desk": _l("Desk"),
    "show": _l("Please show your card or phone to the reader"),
    "number": _l("Your number is"),
    "go": _l("Please go to"),
    "talk": _l("Please talk to the staff"),
    "papers": _l("We need to look at your papers for a moment."),
    "no_data": _l("This screen does not show your card number, your birth date or your illness."),
    "no_reason": _l("This screen shows no reason."),
    "no_code": _l("Never give a password or a code to anybody: the desk does not ask for it."),
    "wiped": _l("The number disappears after 15 seconds."),
    "card_wiped": _l("The picture disappears after 30 seconds. It is not a card."),
}
READY = PatientPicture(Picture.READY)._asdict()


def make_patient_display(
    displays: PatientDisplays,
    desk: Desk,
    notifier: Notifier,
    visits: Visits,
    settings: Settings,
    stop: threading.Event,
    help_of: Callable[[str], Guide | Trouble],
    lives: Callable[[], Callable[[], bool]],
) -> Blueprint:
    """Return the blueprint of /display/patient.

    The streams end when `stop` is set, and with their session: `lives` is as in `make_events`.
    `help_of` returns a guide or a question that holds today; it answers 404 without one.
    """
    pages = Blueprint("patient_display", __name__, url_prefix="/display/patient")

    desk.follow = _follower(displays, settings)
    places = threading.BoundedSemaphore(max_display_streams(settings))

    @pages.get("")
    def page() -> ResponseReturnValue:
        """Show the display of one desk, which a clerk turns towards the patient."""
        here = _desk_in_address(settings)
        return render_template("open/patient.html", here=here, texts=in_both_languages(TEXTS))

    @pages.get("/state")
    def state() -> ResponseReturnValue:
        """Return what the display of a desk shows now."""
        return jsonify(displays.picture(_desk_in_address(settings))._asdict())

    @pages.get("/guide")
    def guide() -> ResponseReturnValue:
        """Return a guide or a question as a part of the display, in the language of the desk."""
        shown, language = help_of(request.args.get("key", "")), request.args.get("in", "")
        with force_locale(language if language in LANGUAGES else LANGUAGES[0]):
            if isinstance(shown, Trouble):
                return render_template("open/trouble.html", row=shown)
            return render_template("open/guide.html", guide=shown)

    @pages.get("/events")
    def events() -> Response:
        """Stream what the display of a desk shows, whenever that changes."""
        here = _desk_in_address(settings)
        is_gone: Callable[[], bool] = request.environ.get(
            "waitress.client_disconnected", lambda: False
        )
        response = Response(
            _in_place(places, _stream(displays, notifier, stop, here, is_gone, lives())),
            mimetype="text/event-stream",
        )
        response.headers["X-Accel-Buffering"] = "no"
        return response

    @pages.post("/again")
    def again() -> ResponseReturnValue:
        """Show again the number that the holder of a card has today already."""
        reading = json_object().get("visit_of")
        visit = (
            visits.by_reading(reading) if type(reading) is int and 0 <= reading <= MAX_ID else None
        )
        if visit is None:
            return problem(404, "no_such_visit", "There is no visit on this reading.")
        displays.follow(chosen_desk(settings), visit.attempt)
        notifier.notify()
        return jsonify({"label": displays.picture(chosen_desk(settings)).label})

    return pages


def _follower(displays: PatientDisplays, settings: Settings) -> Callable[[Attempt], None]:
    """Return what shows a reading on the display of the desk where it was read."""
    at_no_desk = frozenset(reader_of(kiosk.name) for kiosk in settings.self_service)

    def follow(attempt: Attempt) -> None:
        is_clerk = has_request_context() and marked_device() is None
        if attempt.reader in at_no_desk and not is_clerk:
            return  # the patient stands at a screen; a clerk who records one later has a display
        # A reader of the machine belongs to a desk; a reader in a page is where its browser is.
        here = settings.desk_of(attempt.reader)
        if not here and has_request_context():
            here = chosen_desk(settings)
        displays.follow(here, attempt.reading)

    return follow


def _desk_in_address(settings: Settings) -> str:
    """Return the desk of the address; 404 for an unknown name: it may be another desk."""
    chosen = request.args.get("desk", "")
    if chosen not in ("", *desk_names(settings)):
        abort(404)
    return chosen


def max_display_streams(settings: Settings) -> int:
    """Return how many displays are shown at once: two of each desk, as after a reload."""
    return 2 * settings.web.screens


def _in_place(places: threading.BoundedSemaphore, stream: Iterator[str]) -> Iterator[str]:
    """Yield what a stream says while it has a place; without one, only when to come again."""
    if not places.acquire(blocking=False):
        yield f"retry: {FULL_RETRY_MS}\n\n"
        return
    try:
        yield from stream
    finally:
        places.release()


def _stream(
    displays: PatientDisplays,
    notifier: Notifier,
    stop: threading.Event,
    here: str,
    is_gone: Callable[[], bool],
    is_alive: Callable[[], bool],
) -> Iterator[str]:
    sent = ""
    yield f"retry: {RETRY_MS}\n\n"
    while not (stop.is_set() or is_gone()):
        version = notifier.version()
        try:
            if not is_alive():
                return
            shown = displays.picture(here)._asdict()
        except LogbookUnavailable:
            shown = READY
        picture = json.dumps(shown | {"turn": displays.turn(here)}, ensure_ascii=False)
        yield "event: alive\ndata: \n\n" if picture == sent else f"data: {picture}\n\n"
        sent = picture
        notifier.wait(version, HEARTBEAT_S)
