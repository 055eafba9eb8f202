"""The page of the API tokens, by which other programs sign in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from kiosk.settings import Settings
from kiosk.staff import Scope, Staff, WrongToken
from kiosk.web.api.fields import BadField, read_typed_day
from kiosk.web.pages.desks import author_here
from verify import clinic_day

SCOPE_WORDS = {
    Scope.SCAN: _l("send scans and get verdicts"),
    Scope.VISIT: _l("record visits and what belongs to them"),
    Scope.READ: _l("read visits"),
    Scope.ADMIT: _l("record admissions to treatment"),
    Scope.WEBHOOK: _l("manage notifications"),
    Scope.METRICS: _l("read figures for monitoring"),
}
SAID = {
    "name": _l("Write the name of the program, one line."),
    "scopes": _l("Choose what the program may do."),
    "last_day": _l("The last day cannot be read, or is over: write it as 31/12/2027."),
    "reader": _l("No reader of the settings has this name."),
}


def make_api_tokens(staff: Staff, settings: Settings, clock: Callable[[], datetime]) -> Blueprint:
    """Return the blueprint of /staff/tokens. `clock` returns the time, aware."""
    pages = Blueprint("api_tokens", __name__, url_prefix="/staff/tokens")
    readers = [reader.name for reader in settings.readers]

    def shown(said: str = "", status: int = 200, **once: object) -> ResponseReturnValue:
        page = render_template(
            "staff/tokens.html",
            tokens=staff.tokens.all(),
            today=clinic_day(clock()),
            scopes=SCOPE_WORDS,
            readers=readers,
            typed=request.form,
            said=SAID.get(said, ""),
            **once,
        )
        return page, status

    @pages.get("")
    def page() -> ResponseReturnValue:
        """Show the tokens, without their secrets."""
        return shown()

    @pages.post("")
    def make() -> ResponseReturnValue:
        """Make a token, and show it once."""
        form = request.form
        reader = form.get("reader", "")
        if reader and reader not in readers:
            return shown("reader", 400)
        chosen = [scope for scope in Scope if scope.value in form.getlist("scope")]
        try:
            token = staff.tokens.make(
                form.get("name", ""), chosen, clock(), author_here(settings), reader, _last_day()
            )
        except WrongToken as exc:
            return shown(exc.name, 400)
        except BadField:
            return shown("last_day", 400)
        return shown(token=token)

    @pages.post("/<int:token_id>/revoke")
    def revoke(token_id: int) -> ResponseReturnValue:
        """Revoke a token."""
        staff.tokens.revoke(token_id, clock(), author_here(settings))
        return redirect(url_for(".page"), 303)

    return pages


def _last_day() -> date | None:
    """Return the last day that was typed. None without one. Raises BadField."""
    return read_typed_day(request.form.get("last_day", ""), "last_day")
