"""Protection of the pages and of the HTTP API from other web sites.

1. A request that names another host than the settings list is refused before any page sees it
   (DNS rebinding: the name of a hostile site that leads to this machine).
2. A call that changes something is refused if another site made the clerk's browser send it.
3. So is a call that reads, unless it opens a page in a window of its own.
4. Every answer tells the browser what its page may load, that no other site may frame it, load it
   or keep a hold on its window; only static files may be kept.
"""

from __future__ import annotations

from flask import Flask, Response, request

from kiosk.settings import LOOPBACK_NAMES, Web, is_loopback, served_names
from kiosk.web.problems import problem

OWN_SITES = ("same-origin", "none")  # of Sec-Fetch-Site; "none": a person typed the address
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
STREAMS = ("/events", "/display/patient/events")

HEADERS = {
    # Nothing may be loaded from another host. The camera makes pictures in the page itself.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; "
    "style-src 'self'; script-src 'self'; object-src 'none'; frame-ancestors 'none'; "
    "form-action 'self'; base-uri 'none'",
    # A window that opened ours, or that ours opened, cannot reach into it.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    # Without a referrer, a browser sends our own forms with the origin "null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def install_guard(app: Flask, web: Web) -> None:
    """Check where calls come from, and add the headers that protect the pages.

    `web` are the settings of the pages: the names under which they are served.
    """
    names = served_names(web)

    @app.before_request
    def refuse_other_names() -> Response | None:
        name = host_name(request.host)
        # A proxy passes on what its visitors send: the names of this machine are not theirs.
        is_local = name not in LOOPBACK_NAMES or is_loopback(request.remote_addr or "")
        if name in names and is_local:
            return None
        return problem(400, "unknown_host", "The pages are not served under this name.")

    app.before_request(_refuse_other_sites)
    app.after_request(_with_headers)


def host_name(host: str) -> str:
    """Return the host of a Host header without its port, in small letters."""
    name, bracket, _ = host.partition("]")
    return (name + bracket if bracket else host.partition(":")[0]).lower()


def _refuse_other_sites() -> Response | None:
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    if origin is None or origin == f"{request.scheme}://{request.host}":
        # A stream takes a place that another page needs, so opening one changes something.
        only_reads = request.method in SAFE_METHODS and request.path not in STREAMS
        if site in OWN_SITES or (only_reads and _opens_a_page()):
            return None
    return problem(403, "another_site", "This call comes from a page of another site.")


def _opens_a_page() -> bool:
    """Return whether the browser opens an address in a tab, as after a click on a link."""
    headers = request.headers
    return (headers.get("Sec-Fetch-Mode"), headers.get("Sec-Fetch-Dest")) == (
        "navigate",
        "document",
    )


def _with_headers(response: Response) -> Response:
    # `setdefault` of each would take three times as long, for every answer.
    present = {name.lower() for name, _ in response.headers}
    missing = {name: value for name, value in HEADERS.items() if name.lower() not in present}
    if "cache-control" not in present and not request.path.startswith("/static/"):
        missing["Cache-Control"] = "no-store"
    response.headers.extend(missing)
    return response
