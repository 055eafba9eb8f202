"""Who may do what, to be looked through and signed off every six months."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.assembly import Kiosk
from kiosk.privacy import NotTheSame, list_sha256
from kiosk.staff import Role
from kiosk.web.api.fields import BadField
from kiosk.web.pages.desks import author_here
from kiosk.web.permissions import permission_rows
from kiosk.web.privacy_fields import read_text

ROLES = tuple(role.value for role in Role)


def make_access_reviews(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /privacy/access."""
    pages = Blueprint("access_reviews", __name__, url_prefix="/privacy/access")
    reviews = kiosk.privacy.reviews

    def shown(now: datetime, said: str = "", wrong: BadField | None = None) -> ResponseReturnValue:
        accounts = reviews.accounts(now)
        page = render_template(
            "privacy/access.html",
            accounts=accounts,
            sha256=list_sha256(accounts),
            reviews=reviews.newest(),
            due_at=reviews.due_at(),
            is_due=reviews.is_due(now),
            roles=ROLES,
            permissions=list(permission_rows(current_app)),
            counts=_counts(permission_rows(current_app)),
            tokens=kiosk.staff.tokens.all(),
            typed=request.form,
            said=said,
            wrong=wrong,
        )
        return page, 409 if said else 400 if wrong else 200

    @pages.get("")
    def page() -> ResponseReturnValue:
        """Show the accounts, the roles, and when the next review is due."""
        return shown(kiosk.clock())

    @pages.post("")
    def sign_off() -> ResponseReturnValue:
        """Record that the accounts were looked through."""
        now = kiosk.clock()
        try:
            note = read_text(request.form.get("note"), "note")
            seen = request.form.get("seen", "")
            reviews.sign_off(seen, note, now, author_here(kiosk.settings))
        except NotTheSame:
            return shown(now, said="stale")
        except BadField as exc:
            return shown(now, wrong=exc)
        return redirect(url_for("access_reviews.page"), 303)

    return pages


def _counts(rows: Iterable[tuple[str, str, frozenset[str], str]]) -> dict[str, int]:
    """Return how many routes each role may call."""
    found = dict.fromkeys(ROLES, 0)
    for _method, _path, who, _action in rows:
        for role in who & found.keys():
            found[role] += 1
    return found
