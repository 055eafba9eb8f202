"""Signing in and out, the lock, and the first administrator.

The page's script sends JSON and gets JSON, so that a page whose session was locked goes on where it
was; without a script, the form does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kiosk.settings import Settings
from kiosk.staff import (
    PinFault,
    PinVoid,
    SignInResult,
    SignInTry,
    Staff,
    TooManyTries,
    WeakPin,
    WrongMember,
)
from kiosk.web.api.fields import json_object
from kiosk.web.callers import (
    DEVICE_COOKIE,
    SESSION_COOKIE,
    caller_here,
    cookie,
    device_here,
    remember_device,
    set_cookie,
)
from kiosk.web.pages.desks import chosen_desk, desk_here

FIELDS = ("account", "pin", "code", "new_pin")
MAX_FIELD = 200  # characters; more cannot be meant
FIRST = "first"  # the account of the throttle under which first codes are tried

RESULT_WORDS = {
    SignInResult.WRONG: _l("The number or the PIN is wrong."),
    SignInResult.CODE_NEEDED: _l("Enter the code of your authenticator app, or a recovery code."),
    SignInResult.WRONG_CODE: _l("The code is wrong, or was used before. Wait for the next one."),
    SignInResult.NEW_PIN_NEEDED: _l("Your PIN is a temporary one: choose a new one."),
    SignInResult.FAR_CODE_NEEDED: _l(
        "From outside of the site’s own network, the code of your authenticator app is needed too."
    ),
    SignInResult.FAR_WRONG: _l(
        "The number, the PIN or the code is wrong, or this account has no second factor. Without"
        " one you can sign in from the site’s own network only."
    ),
    SignInResult.LOCKED: _l(
        "This account was not used for 45 days and is locked. An administrator unlocks it."
    ),
}
NOT_HERE = _l("A PIN alone counts at this PC and in the site’s own network only.")
FAULT_WORDS = {
    PinFault.NOT_DIGITS: _l("A PIN has only digits."),
    PinFault.TOO_SHORT: _l("A PIN has at least 6 digits."),
    PinFault.TOO_LONG: _l("A PIN has at most 12 digits."),
    PinFault.FEW_DIGITS: _l("Use at least three different digits."),
    PinFault.REPEATED: _l("This PIN repeats itself: choose another."),
    PinFault.RUN: _l("Digits in a row are guessed first: choose another PIN."),
    PinFault.KEYPAD: _l("Figures on the keypad are guessed first: choose another PIN."),
    PinFault.DATE: _l("This PIN may be a birth date: choose another."),
    PinFault.OWN_NUMBER: _l("This PIN is a part of your own number: choose another."),
    PinFault.SAME: _l("Choose a PIN that differs from the old one."),
}


def make_sign_in(staff: Staff, settings: Settings, clock: Callable[[], datetime]) -> Blueprint:
    """Return the blueprint of /sign-in and /sign-out. `clock` returns the time, aware."""
    pages = Blueprint("sign_in", __name__)

    @pages.get("/sign-in")
    def page() -> ResponseReturnValue:
        """Show the form; it leads to the path `next` of this program."""
        return _form(next_path=own_path(request.args.get("next", "/")))

    @pages.post("/sign-in")
    def enter() -> ResponseReturnValue:
        """Begin a session, in place of the one in this browser."""
        return _entered(staff, settings, clock(), _typed())

    @pages.get("/sign-in/session")
    def session() -> ResponseReturnValue:
        """Say how long the session may be idle yet; a call by a person moves it on."""
        caller = caller_here()
        found = caller.session
        left = None if found is None else max(0.0, staff.sessions.idle_s - found.idle_s)
        return jsonify(
            {
                "mode": caller.mode,
                "number": caller.number,
                "name": caller.name,
                "locked": caller.is_locked,
                "left_s": left if left is None else round(left),
            }
        )

    @pages.post("/sign-in/lock")
    def lock() -> ResponseReturnValue:
        """Lock the session: its person goes away."""
        found = caller_here().session
        if found is not None:
            staff.sessions.lock(found)
        return jsonify({"locked": found is not None})

    @pages.post("/sign-out")
    def leave() -> ResponseReturnValue:
        """End the session; then show the form."""
        found = caller_here().session
        if found is not None:
            staff.sessions.end(found.id, "signed_out", clock())
        response = make_response(redirect("/sign-in", 303))
        set_cookie(response, SESSION_COOKIE, "")
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    _add_badge(pages, staff, settings)
    _add_first(pages, staff, settings, clock)

    @pages.app_template_global("signed_in_elsewhere")
    def signed_in_elsewhere() -> bool:
        """Return whether the person has another session that is not locked."""
        own = caller_here().session
        return own is not None and bool(staff.sessions.others(own))

    @pages.app_context_processor
    def idle() -> dict[str, object]:
        return {"idle_s": round(staff.sessions.idle_s)}

    return pages


def _add_badge(pages: Blueprint, staff: Staff, settings: Settings) -> None:
    """Add the question for a badge at a wired reader."""

    @pages.post("/sign-in/badge")
    def take_badge() -> ResponseReturnValue:
        """Return the number of the badge that was just shown at a wired reader of this desk.

        Only a browser learns it at which somebody has signed in before.
        """
        is_known = caller_here().session is not None or device_here(staff)
        number = staff.shown_badges.take(desk_here(settings)) if is_known else None
        return jsonify({"number": number})


def _add_first(
    pages: Blueprint, staff: Staff, settings: Settings, clock: Callable[[], datetime]
) -> None:
    """Add the page on which the first administrator is made, with the code of this PC."""

    @pages.get("/sign-in/first")
    def first() -> ResponseReturnValue:
        """Show the form for the first administrator."""
        return render_template("staff/first.html", said="", typed={}, done=staff.members.exist())

    @pages.post("/sign-in/first")
    def begin() -> ResponseReturnValue:
        """Make the first administrator, and sign them in."""
        typed = {name: request.form.get(name, "")[:MAX_FIELD] for name in ("name", "code", "pin")}

        def refused(words: str, status: int) -> ResponseReturnValue:
            page = render_template(
                "staff/first.html", said=words, typed=typed, done=staff.members.exist()
            )
            return page, status

        if not staff.sign_in.is_own_network(request.remote_addr or ""):
            return refused(str(NOT_HERE), 403)
        try:
            staff.throttle.take(FIRST, request.remote_addr or "", "")
            staff.pins.check(typed["pin"])
            number = staff.first_codes.make_administrator(typed["code"], typed["name"], "", clock())
        except TooManyTries as exc:
            return refused(_wait_words(exc.wait_s), 429)
        except WeakPin as exc:
            return refused(str(FAULT_WORDS[exc.fault]), 400)
        except WrongMember:
            return refused(_("The name cannot be used: write one line, without odd signs."), 400)
        if number is None:
            words = _(
                "The code is wrong, older than 30 minutes, or used. Make a new one at the PC."
            )
            return refused(words, 403)
        staff.pins.set(number, typed["pin"], clock(), "one-time code")
        return _begun(staff, number, settings, clock(), {"next": "/staff/me"})


def _entered(staff: Staff, settings: Settings, now: datetime, typed: Mapping[str, str]) -> Response:
    """Return the answer to a try to sign in."""
    try:
        result, member = staff.sign_in.enter(_try(staff, typed), now)
    except TooManyTries as exc:
        return _refused(429, "too_many", _wait_words(exc.wait_s), typed, exc.wait_s)
    except WeakPin as exc:
        return _refused(400, "new_pin_needed", str(FAULT_WORDS[exc.fault]), typed)
    except PinVoid:
        words = _("The key of the PINs is gone: IT sets each PIN again (docs/security.md).")
        return _refused(500, "pin_void", words, typed)
    if member is None:
        return _refused(401, result.value, str(RESULT_WORDS[result]), typed)
    return _begun(staff, member.id, settings, now, typed)


def own_path(path: str) -> str:
    """Return a path of this program; the desk for anything else, such as another site."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if is_own and path.isprintable() else "/"


def _begun(
    staff: Staff, member: int, settings: Settings, now: datetime, typed: Mapping[str, str]
) -> Response:
    """Return the answer to a sign-in: the cookies, and where to go."""
    device = cookie(DEVICE_COOKIE)
    token = staff.sessions.begin(
        member,
        now,
        request.remote_addr or "",
        staff.devices.id_in(device) if device else "",
        chosen_desk(settings),
        cookie(SESSION_COOKIE),
    )
    if request.is_json:
        response = jsonify({"result": SignInResult.SIGNED_IN, "number": member})
    else:
        response = make_response(redirect(own_path(typed.get("next", "/")), 303))
    set_cookie(response, SESSION_COOKIE, token)
    remember_device(response, staff)
    return response


def _typed() -> dict[str, str]:
    source = json_object() if request.is_json else request.form
    values = {name: source.get(name, "") for name in (*FIELDS, "next")}
    return {
        name: value[:MAX_FIELD] if isinstance(value, str) else "" for name, value in values.items()
    }


def _try(staff: Staff, typed: Mapping[str, str]) -> SignInTry:
    return SignInTry(
        **{name: typed[name] for name in FIELDS},
        address=request.remote_addr or "",
        device=device_here(staff),
    )


def _refused(
    status: int, result: str, words: str, typed: Mapping[str, str], wait_s: float = 0.0
) -> Response:
    if request.is_json:
        answer = {"result": result, "words": words, "wait_s": round(wait_s)}
        response = make_response(jsonify(answer), status)
    else:
        page = _form(result, words, typed["account"], own_path(typed["next"]))
        response = make_response(page, status)
    if status == 429:
        response.headers["Retry-After"] = str(max(1, round(wait_s)))
    return response


def _form(result: str = "", words: str = "", account: str = "", next_path: str = "/") -> str:
    page: str = render_template(
        "staff/sign_in.html", result=result, said=words, account=account, next_path=next_path
    )
    return page


def _wait_words(wait_s: float) -> str:
    words = _("Too many tries. Wait %(n)s s; a colleague can sign in meanwhile.", n=round(wait_s))
    return str(words)
