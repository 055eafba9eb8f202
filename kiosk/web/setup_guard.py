"""Before the facility has a code nobody can be received: the pages lead to the assistant.

What signs people in, checks readers and watches the program goes on; every other call is answered
503, and opening a page leads an administrator to the assistant.
"""

from __future__ import annotations

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.settings import Settings
from kiosk.web.permissions import may
from kiosk.web.problems import PAGE_TYPE, PROBLEM_TYPE, problem

OPEN_ROOMS = frozenset(
    {
        "setup",
        "sign_in",
        "own_account",
        "staff",
        "health",
        "readers",
        "reader_checks",
        "events",
        "doctor",
        "metrics",
    }
)


def install_setup_guard(app: Flask, settings: Settings) -> None:
    """Lead to the assistant as long as the settings in use have no code of the facility."""
    if settings.facility.code:
        return

    @app.before_request
    def lead() -> ResponseReturnValue | None:
        endpoint = request.endpoint or ""
        if endpoint in ("", "static") or endpoint.partition(".")[0] in OPEN_ROOMS:
            return None
        is_page = request.accept_mimetypes.best_match([PROBLEM_TYPE, PAGE_TYPE]) == PAGE_TYPE
        if request.method != "GET" or not is_page:
            detail = "The facility has no code yet: an administrator sets the program up first."
            return problem(503, "not_set_up", detail)
        if may("GET", "setup.overview"):
            return redirect(url_for("setup.overview"), 303)
        return render_template("setup/not_yet.html"), 503
