"""Requests that another site makes a clerk's browser send are refused."""

from __future__ import annotations

from flask import Flask, Response, request

from kiosk.web.problems import problem

SAME = ("same-origin", "none")
LOCAL = ("127.0.0.1", "localhost", "[::1]")

HEADERS = {
    # Nothing comes from another host; a picture may be made in the page, for the camera.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; "
    "style-src 'self'; script-src 'self'; frame-ancestors 'none'; form-action 'self'; "
    "base-uri 'none'",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    # With none at all, a browser gives a form of our own the origin "null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def install_guard(app: Flask, host: str) -> None:
    """Check where requests come from, and tell browsers what pages may load."""
    if host in ("127.0.0.1", "localhost", "::1"):
        app.config["TRUSTED_HOSTS"] = list(LOCAL)  # a name that points here is not us
    app.before_request(_refuse_other_sites)
    app.after_request(_with_headers)


def _refuse_other_sites() -> Response | None:
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    if site in SAME and (origin is None or origin.partition("://")[2] == request.host):
        return None
    return problem(403, "another_site", "This call comes from a page of another site.")


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
