"""The pages over the whole facility: those of `facility_hub`, or that this desk works alone.

Nothing of the hub is imported where the settings name none.
"""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from kiosk.assembly import Kiosk

# The pages, as `facility_hub` has them: method, path and endpoint.
ROUTES = (
    ("GET", "", "search"),
    ("POST", "", "find"),
    ("POST", "/found", "found"),
    ("POST", "/scanned", "scanned"),
    ("POST", "/older", "open_older"),
    ("GET", "/visits/<visit_id>", "visit"),
    ("POST", "/visits/<visit_id>/correct", "correct"),
    ("POST", "/visits/<visit_id>/cancel", "cancel"),
    ("GET", "/visits/<visit_id>/versions", "differing"),
    ("POST", "/visits/<visit_id>/versions", "choose"),
    ("GET", "/tray", "tray"),
    ("GET", "/day", "day"),
    ("GET", "/report", "report"),
)


def make_facility(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /facility."""
    pages = Blueprint("facility", __name__, url_prefix="/facility")
    hub = kiosk.hub_reader
    pages.add_app_template_global(lambda: hub is not None, "has_hub")
    if hub is None:
        for method, path, endpoint in ROUTES:
            pages.add_url_rule(path, endpoint, _works_alone, methods=[method])
        return pages
    from kiosk.web.pages.facility_hub import add_facility

    add_facility(pages, kiosk, hub)
    return pages


def _works_alone(**path: str) -> ResponseReturnValue:
    """Say that the settings name no hub. Only the pages are there, no visit and no change."""
    is_page = request.method in ("GET", "HEAD") and not path
    return Response(render_template("facility/alone.html"), 200 if is_page else 404)
