"""The theme that a browser chose: light, dark, or as its system says."""

from __future__ import annotations

from flask import Flask, Response, request

from kiosk.web.language import YEAR_S

COOKIE = "theme"
THEMES = ("light", "dark")


def install_theme(app: Flask) -> None:
    """Let each browser choose its theme, and tell the templates which one it is."""
    app.add_template_global(chosen_theme, "theme")
    app.after_request(_remember_theme)


def chosen_theme() -> str:
    """Return the theme of this request, from its address or its cookie; "" for the system's."""
    chosen = request.args.get(COOKIE) or request.cookies.get(COOKIE) or ""
    return chosen if chosen in THEMES else ""


def _remember_theme(response: Response) -> Response:
    chosen = request.args.get(COOKIE) if request.query_string else None
    if chosen in THEMES:
        response.set_cookie(COOKIE, chosen, max_age=YEAR_S, samesite="Lax", httponly=True)
    return response
