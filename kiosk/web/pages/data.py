"""The page of local data: the age of each set, the last attempts of the feed, and "fetch now"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

Report = Callable[[], dict[str, Any]]


def make_data(report: Report, fetch_now: Callable[[], None] | None) -> Blueprint:
    """Return the blueprint of /data.  `fetch_now` is None if there is no feed."""
    pages = Blueprint("data", __name__, url_prefix="/data")

    @pages.get("")
    def page() -> ResponseReturnValue:
        """Show all sets of data."""
        return render_template("data/data.html", data=report(), can_fetch=fetch_now is not None)

    @pages.get("/now")
    def now() -> ResponseReturnValue:
        """Return the part that changes; the open page fetches it every few seconds."""
        return render_template("data/now.html", data=report(), can_fetch=fetch_now is not None)

    @pages.post("/fetch")
    def fetch() -> ResponseReturnValue:
        """Fetch from the feed now."""
        if fetch_now is not None:
            fetch_now()
        return redirect(url_for("data.page"), 303)

    return pages
