"""Self-service: its one page, and the few calls that the page makes.

A call names its turn in the header `X-Turn`.  An answer holds the number or the slip of that turn,
the room and, if the settings say so, initials: no reason, no outcome, no name.  It says by `turn`,
the turn's public name, whose answer it is: a page drops those that come too late.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from kiosk.desk import (
    Choice,
    Intent,
    OpenElsewhere,
    SelfService,
    StaffCalls,
    TurnAnswer,
    TurnOver,
    public_name,
)
from kiosk.help import Guide
from kiosk.readers import scans_in
from kiosk.settings import SelfServiceKiosk, Settings
from kiosk.web.api.fields import json_object
from kiosk.web.language import LANGUAGES
from kiosk.web.problems import busy_problem, problem
from kiosk.web.self_guard import SELF_SERVICE, ask_for_mark, mark, marked_device, refused
from scanner import BadPicture, Busy

MAX_SCAN_BODY = 64 * 1024  # bytes
MAX_PAGE_NAME = 64
# What a browser may ask for that names a screen and is not marked yet.
BEFORE_MARK = (f"{SELF_SERVICE}.page", f"{SELF_SERVICE}.begin_here")


def make_self_service(
    self_service: SelfService,
    settings: Settings,
    guides: Callable[[], tuple[Guide, ...]],
    count_view: Callable[[str], None],
    begin: Callable[[Response, str], None],
) -> Blueprint:
    """Return the blueprint of /self; every route is 404 if the settings have no such screen.

    `guides` returns the guides for VssID and VNeID that hold today; `count_view` counts that one
    of a key was opened.
    `begin` signs a browser in as the screen of a name, where people sign in.
    """
    pages = Blueprint(SELF_SERVICE, __name__, url_prefix="/self")

    @pages.before_request
    def only_at_a_screen() -> ResponseReturnValue | None:
        """Refuse browsers that are no screen of the settings."""
        if not settings.self_service:
            abort(404)
        device = marked_device()
        if device is None and request.endpoint in BEFORE_MARK:
            device = request.values.get("device")
        return None if self_service.kiosk(device or "") else refused()

    @pages.post("/mark")
    def begin_here() -> ResponseReturnValue:
        """Mark a browser as the screen that its form names.

        Where people sign in, an administrator does, and the browser signs in as that screen.
        """
        device = request.form.get("device", "")
        response = make_response(redirect(url_for(".page"), 303))
        mark(response, device)
        begin(response, device)
        return response

    @pages.get("")
    def page() -> ResponseReturnValue:
        """Show the welcome; ask a browser that names a screen whether it is to be that screen."""
        if marked_device() is None:
            return ask_for_mark(request.args.get("device", ""))
        kiosk = _kiosk(self_service)
        screens, sounds = {}, settings.web.sounds == "yes"
        for language in LANGUAGES:
            with force_locale(language):
                screens[language] = render_template(
                    "open/self_screens.html",
                    desk=kiosk.desk,
                    language=language,
                    sounds=sounds,
                    has_guides=kiosk.help == "yes",
                )
        response = make_response(render_template("open/self.html", screens=screens, sounds=sounds))
        mark(response, kiosk.name)
        return response

    _add_guides(pages, self_service, guides, count_view)
    _add_turns(pages, self_service)
    _add_cards(pages, self_service)
    _add_errors(pages)
    return pages


def _add_guides(
    pages: Blueprint,
    self_service: SelfService,
    guides: Callable[[], tuple[Guide, ...]],
    count_view: Callable[[str], None],
) -> None:
    """Add the guides for VssID and VNeID, and their count."""

    @pages.get("/guides")
    def show_guides() -> ResponseReturnValue:
        """Return the screens of the guides, if the settings want them at this screen."""
        if _kiosk(self_service).help != "yes":
            abort(404)
        language = request.args.get("in", "")
        with force_locale(language if language in LANGUAGES else LANGUAGES[0]):
            return render_template("open/self_guides.html", guides=guides())

    @pages.post("/guides/<key>/viewed")
    def note_view(key: str) -> ResponseReturnValue:
        """Count that somebody opened a guide at this screen; nothing else is written down."""
        if _kiosk(self_service).help != "yes" or key not in {guide.key for guide in guides()}:
            abort(404)
        count_view(key)
        return jsonify({})


def _add_turns(pages: Blueprint, self_service: SelfService) -> None:
    """Add the calls about a turn as a whole, and the call for a person."""

    @pages.post("/turns")
    def begin() -> ResponseReturnValue:
        """Begin the turn of a patient; the one before is wiped.

        A page takes the screen over when it is opened; the page before begins no turns any more.
        """
        asked = json_object()
        intent, page, order = asked.get("intent"), asked.get("page", ""), asked.get("order", 0)
        if intent not in list(Intent):
            return problem(400, "bad_request", f'"intent" must be one of {", ".join(Intent)}.')
        if not isinstance(page, str) or not isinstance(order, int):
            return problem(400, "bad_request", '"page" must be text and "order" a whole number.')
        choice = Choice(page[:MAX_PAGE_NAME], order, asked.get("takes_over") is True)
        name = self_service.begin(_kiosk(self_service).name, Intent(intent), choice)
        return jsonify({"name": name, "turn": public_name(name)})

    @pages.get("/status")
    def status() -> ResponseReturnValue:
        """Return how far a turn is."""
        kiosk = _kiosk(self_service).name
        answer = _json(self_service.answer(kiosk, _turn()))
        return jsonify(answer | {"staff": self_service.calls.state(kiosk)})

    @pages.post("/end")
    def end() -> ResponseReturnValue:
        """Wipe a turn."""
        self_service.end(_kiosk(self_service).name, _turn())
        return jsonify({})

    @pages.post("/staff")
    def call_staff() -> ResponseReturnValue:
        """Call a person to the screen; the pages of its desk show the call."""
        kiosk = _kiosk(self_service)
        self_service.calls.call(kiosk.name, kiosk.desk)
        return jsonify({"staff": self_service.calls.state(kiosk.name)})


def _add_cards(pages: Blueprint, self_service: SelfService) -> None:
    """Add the calls that take what a patient shows."""

    @pages.post("/frames")
    def frame() -> ResponseReturnValue:
        """Read one frame of the screen's camera."""
        sighting, answer = self_service.look_at(
            _kiosk(self_service).name, _turn(), request.get_data(), time.monotonic()
        )
        return jsonify(_json(answer) | {"found": sighting.found, "advice": sighting.advice})

    @pages.post("/scans")
    def scan() -> ResponseReturnValue:
        """Take what a keyboard-type reader has typed into the page: the last of its scans.

        Without a turn, the desk lists it: its patient has left before a turn could take it.
        """
        if (request.content_length or 0) > MAX_SCAN_BODY:
            return problem(413, "too_large", f"A scan has at most {MAX_SCAN_BODY} bytes.")
        text = json_object().get("payload")
        if not isinstance(text, str):
            return problem(400, "bad_request", '"payload" must be text.')
        payload = scans_in(text.encode("utf-8", "surrogatepass"))[-1]
        kiosk = _kiosk(self_service).name
        if not _turn():
            self_service.pass_on(kiosk, payload)
            return jsonify({})
        return jsonify(_json(self_service.take(kiosk, _turn(), payload)))

    @pages.post("/slips")
    def take_nothing() -> ResponseReturnValue:
        """Give a slip to a patient without a card."""
        return jsonify(_json(self_service.take_nothing(_kiosk(self_service).name, _turn())))


def _add_errors(pages: Blueprint) -> None:
    """Add the answers to calls that cannot be served."""

    @pages.errorhandler(TurnOver)
    def turn_over(_exc: TurnOver) -> ResponseReturnValue:
        return problem(410, "turn_over", "The turn has ended, and nothing of it is kept.")

    @pages.errorhandler(OpenElsewhere)
    def open_elsewhere(_exc: OpenElsewhere) -> ResponseReturnValue:
        return problem(409, "open_elsewhere", "The screen is open in another page, opened later.")

    @pages.errorhandler(BadPicture)
    def bad_picture(exc: BadPicture) -> ResponseReturnValue:
        return problem(400, "bad_picture", str(exc))

    @pages.errorhandler(Busy)
    def busy(exc: Busy) -> ResponseReturnValue:
        return busy_problem(exc)


def make_staff_calls(calls: StaffCalls) -> Blueprint:
    """Return the blueprint of /desk/calls, by which a desk answers a call."""
    pages = Blueprint("staff_calls", __name__, url_prefix="/desk/calls")

    @pages.post("/<kiosk>")
    def answer(kiosk: str) -> ResponseReturnValue:
        """Take a call off the list: somebody goes. The screen says so."""
        calls.answer(kiosk)
        return jsonify({})

    return pages


def _turn() -> str:
    return request.headers.get("X-Turn", "")


def _json(answer: TurnAnswer) -> dict[str, Any]:
    """Return an answer to the turn that the call names."""
    return answer._asdict() | {"turn": public_name(_turn())}


def _kiosk(self_service: SelfService) -> SelfServiceKiosk:
    """Return the screen that this browser is."""
    return self_service.kiosk(marked_device() or "") or abort(403)
