"""Desks: which readers stand where, and at which desk a browser is."""

from __future__ import annotations

from flask import Response, request

from kiosk.settings import Settings
from kiosk.web.language import YEAR_S

COOKIE = "desk"


def desk_names(settings: Settings) -> list[str]:
    """Return the desks that the settings name, in their order."""
    return list(dict.fromkeys(reader.desk for reader in settings.readers if reader.desk))


def chosen_desk(settings: Settings) -> str:
    """Return the desk of this browser: asked for, remembered, or none."""
    asked = request.args.get("desk", request.cookies.get(COOKIE, ""))
    return asked if asked in desk_names(settings) else ""


def readers_elsewhere(settings: Settings, desk: str) -> list[str]:
    """Return the readers of other desks; a reader without a desk is everybody's."""
    return [reader.name for reader in settings.readers if desk and reader.desk not in ("", desk)]


def remember_desk(response: Response) -> Response:
    """Keep the desk that was asked for in the browser."""
    if "desk" in request.args:
        desk = request.args["desk"]
        response.set_cookie(COOKIE, desk[:80], max_age=YEAR_S, samesite="Lax", httponly=True)
    return response
