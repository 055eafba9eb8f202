"""A browser that is a screen for self-service can open that, and nothing else.

- /self?device=NAME asks whether this browser is to be that screen; pressing the button there marks
  it with a cookie.  Whatever the cookie's value is, every route that is not in `ALLOWED` is refused
  from then on, those that do not exist too.
- Opening an address marks nothing: the press is a POST, whose origin `kiosk.web.guard` checks.
  Over plain HTTP a browser does not say which site led to an address.
- Nothing in a page takes the mark off: that is done in the settings of the browser, by IT.
- The routes of self-service themselves are refused to browsers without the mark.
"""

from __future__ import annotations

from flask import Flask, Response, make_response, render_template, request
from flask_babel import lazy_gettext as _l

from kiosk.web.cookies import remember
from kiosk.web.language import in_both_languages

COOKIE = "self_service"
SELF_SERVICE = "self_service"  # the blueprint
TEXTS = {
    "refused": _l("This screen is for taking a number only"),
    "start": _l("To the beginning"),
}
MARK_TEXTS = {
    "heading": _l("Use this browser for self-service only?"),
    "screen": _l("Screen:"),
    "why": _l("It can open nothing else then. To undo that, IT deletes its cookies."),
    "press": _l("Begin self-service"),
}
ALLOWED = frozenset(
    {
        "static",
        "health.ping",
        f"{SELF_SERVICE}.page",
        f"{SELF_SERVICE}.show_guides",
        f"{SELF_SERVICE}.note_view",
        f"{SELF_SERVICE}.begin",
        f"{SELF_SERVICE}.frame",
        f"{SELF_SERVICE}.scan",
        f"{SELF_SERVICE}.take_nothing",
        f"{SELF_SERVICE}.status",
        f"{SELF_SERVICE}.end",
        f"{SELF_SERVICE}.call_staff",
    }
)


def install_self_guard(app: Flask) -> None:
    """Refuse all but self-service to browsers that are marked as such a screen."""
    app.before_request(_refuse_all_else)


def marked_device() -> str | None:
    """Return the name of the screen that this browser is; None if it is no such screen."""
    return request.cookies.get(COOKIE)


def mark(response: Response, device: str) -> None:
    """Mark the browser that gets this response as a screen for self-service."""
    remember(response, COOKIE, device, "Strict")


def ask_for_mark(device: str) -> Response:
    """Return the page that asks whether this browser is to be a screen for self-service."""
    texts = in_both_languages(MARK_TEXTS)
    return make_response(render_template("open/mark.html", device=device, texts=texts))


def refused() -> Response:
    """Return the plain page that says what this browser may open."""
    return make_response(render_template("open/refused.html", texts=in_both_languages(TEXTS)), 403)


def _refuse_all_else() -> Response | None:
    if marked_device() is None or request.endpoint in ALLOWED:
        return None
    return refused()
