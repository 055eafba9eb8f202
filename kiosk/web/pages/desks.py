"""Desks: which readers belong to which desk, and at which desk a browser is."""

from __future__ import annotations

from flask import Response, request

from kiosk.logbook import desk_author
from kiosk.settings import Settings
from kiosk.web.language import YEAR_S

COOKIE = "desk"
MAX_DESK_NAME = 80  # characters


def desk_names(settings: Settings) -> list[str]:
    """Return the names of the desks, in the order of the settings."""
    return list(dict.fromkeys(reader.desk for reader in settings.readers if reader.desk))


def chosen_desk(settings: Settings) -> str:
    """Return the desk of this browser, from its address or its cookie; "" if it is at no desk."""
    chosen = request.args.get("desk", request.cookies.get(COOKIE, ""))
    return chosen if chosen in desk_names(settings) else ""


def author_here(settings: Settings) -> str:
    """Return who acts in this browser, for the logbook: its desk, until people sign in."""
    return desk_author(chosen_desk(settings))


def readers_elsewhere(settings: Settings, desk: str) -> list[str]:
    """Return the names of the readers at other desks.  A reader without a desk belongs to all."""
    return [reader.name for reader in settings.readers if desk and reader.desk not in ("", desk)]


def remember_desk(response: Response) -> Response:
    """Store the desk that the address names in the browser's cookie."""
    if "desk" in request.args:
        desk = request.args["desk"]
        response.set_cookie(
            COOKIE, desk[:MAX_DESK_NAME], max_age=YEAR_S, samesite="Lax", httponly=True
        )
    return response
