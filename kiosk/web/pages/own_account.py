"""The page of one's own account: PIN, second factor, and where else one is signed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from kiosk.settings import Settings
from kiosk.staff import PinNotHere, SignInTry, Staff, TooManyTries, WeakPin
from kiosk.web.callers import NO_FACTOR, caller_here, device_here
from kiosk.web.pages.desks import author_here
from kiosk.web.pages.sign_in import FAULT_WORDS, NOT_HERE
from kiosk.web.pages.staff import code_picture


def make_own_account(staff: Staff, settings: Settings, clock: Callable[[], datetime]) -> Blueprint:
    """Return the blueprint of /staff/me. `clock` returns the time, aware."""
    pages = Blueprint("own_account", __name__, url_prefix="/staff/me")

    def shown(said: str = "", status: int = 200, **once: object) -> ResponseReturnValue:
        session = caller_here().session
        page = render_template(
            "staff/own_account.html",
            session=session,
            others=staff.sessions.others(session) if session else [],
            has_factor=session is not None and staff.factor.is_on(session.member),
            codes_left=staff.factor.unused_codes(session.member) if session else 0,
            needs_factor=NO_FACTOR in caller_here().powers,
            said=said,
            **once,
        )
        return page, status

    @pages.get("")
    def page() -> ResponseReturnValue:
        """Show one's own account."""
        return shown()

    @pages.post("/pin")
    def change_pin() -> ResponseReturnValue:
        """Change one's own PIN; the old one is asked for."""
        number, new = _own_number(), request.form.get("new_pin", "")
        typed = SignInTry(
            str(number),
            request.form.get("pin", ""),
            address=request.remote_addr or "",
            device=device_here(staff),
        )
        try:
            if staff.sign_in.check(typed, clock()) is None:
                return shown(_("The old PIN is wrong."), 403)
            staff.pins.set(number, new, clock(), author_here(settings))
        except TooManyTries as exc:
            return shown(_("Too many tries. Wait %(n)s s.", n=round(exc.wait_s)), 429)
        except PinNotHere:
            return shown(str(NOT_HERE), 403)
        except WeakPin as exc:
            return shown(str(FAULT_WORDS[exc.fault]), 400)
        return shown(_("Your PIN was changed."), good=True)

    _add_factor(pages, staff, settings, clock, shown)
    return pages


def _own_number() -> int:
    session = caller_here().session
    return abort(409) if session is None else session.member


def _add_factor(
    pages: Blueprint,
    staff: Staff,
    settings: Settings,
    clock: Callable[[], datetime],
    shown: Callable[..., ResponseReturnValue],
) -> None:
    """Add the set-up of the second factor."""

    @pages.post("/factor")
    def offer_factor() -> ResponseReturnValue:
        """Show the secret of a new second factor, for the authenticator app."""
        number = _own_number()
        if staff.factor.is_on(number):
            return shown(_("The second factor is on already. An administrator can forget it."), 409)
        secret, uri = staff.factor.offer(number, f"{caller_here().name} ({number})")
        return shown(secret=secret, picture=code_picture(uri))

    @pages.post("/factor/confirm")
    def confirm_factor() -> ResponseReturnValue:
        """Turn the second factor on, and show the recovery codes once."""
        codes = staff.factor.confirm(
            _own_number(), request.form.get("code", ""), clock(), author_here(settings)
        )
        if codes is None:
            return shown(_("The code is wrong. Show a new secret, and check the PC’s clock."), 400)
        return shown(_("The second factor is on."), good=True, recovery_codes=codes)
