"""Protection of the pages and of the HTTP API from other web sites.

- A call that changes something is refused if another site made the clerk's browser send it.
- On a machine that serves itself only, other names for its address are refused.
- Every answer tells the browser what its page may load; only static files may be kept.
"""

from __future__ import annotations

from flask import Flask, Response, request

from kiosk.web.problems import problem

OWN_SITES = ("same-origin", "none")  # of Sec-Fetch-Site; "none": a person typed the address
LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")  # as in a URL
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

HEADERS = {
    # Nothing may be loaded from another host. The camera makes pictures in the page itself.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; "
    "style-src 'self'; script-src 'self'; frame-ancestors 'none'; form-action 'self'; "
    "base-uri 'none'",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    # Without a referrer, a browser sends our own forms with the origin "null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def install_guard(app: Flask, host: str) -> None:
    """Check where calls come from, and add the headers that protect the pages.

    `host` is the address that the program serves, from the settings.
    """
    if host in ("127.0.0.1", "localhost", "::1"):
        app.config["TRUSTED_HOSTS"] = list(LOCAL_NAMES)  # against DNS rebinding
    app.before_request(_refuse_other_sites)
    app.after_request(_with_headers)


def _refuse_other_sites() -> Response | None:
    # A stream takes the place of another page, so opening one changes something.
    if request.method in SAFE_METHODS and request.path != "/events":
        return None
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    if site in OWN_SITES and (origin is None or origin.partition("://")[2] == request.host):
        return None
    return problem(403, "another_site", "This call comes from a page of another site.")


def _with_headers(response: Response) -> Response:
    # `setdefault` of each would take three times as long, for every answer.
    present = {name.lower() for name, _ in response.headers}
    missing = {name: value for name, value in HEADERS.items() if name.lower() not in present}
    if "cache-control" not in present and not request.path.startswith("/static/"):
        missing["Cache-Control"] = "no-store"
    response.headers.extend(missing)
    return response
