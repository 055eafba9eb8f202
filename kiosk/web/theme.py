"""The theme that a browser chose: light, dark, high contrast, or as its system says."""

from __future__ import annotations

from flask import Flask, Response, request

from kiosk.web.cookies import remember

COOKIE = "theme"
THEMES = ("light", "dark", "contrast")


def install_theme(app: Flask) -> None:
    """Let each browser choose its theme, and tell the templates which one it is."""
    app.add_template_global(chosen_theme, "theme")
    app.add_template_global(next_theme, "next_theme")
    app.after_request(_remember_theme)


def chosen_theme() -> str:
    """Return the theme of this request, from its address or its cookie; "" for the system's."""
    chosen = request.args.get(COOKIE) or request.cookies.get(COOKIE) or ""
    return chosen if chosen in THEMES else ""


def next_theme() -> str:
    """Return the theme that the button in the rail leads to; after the last comes the first.

    A browser that follows its system is led to the dark theme first: most systems are light.
    """
    chosen = chosen_theme()
    return THEMES[(THEMES.index(chosen) + 1) % len(THEMES)] if chosen else "dark"


def _remember_theme(response: Response) -> Response:
    chosen = request.args.get(COOKIE) if request.query_string else None
    if chosen in THEMES:
        remember(response, COOKIE, chosen)
    return response
