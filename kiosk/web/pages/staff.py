"""The page of the members of staff, for administrators: who may sign in, and who is signed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import segno
from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from kiosk.errors import KioskError
from kiosk.settings import Settings
from kiosk.staff import LastAdministrator, Member, Members, NoSuchMember, Role, Staff, WrongMember
from kiosk.web.callers import ROLE_WORDS, SESSION_COOKIE, caller_here, cookie, set_cookie
from kiosk.web.cookies import YEAR_S
from kiosk.web.language import masked
from kiosk.web.pages.desks import author_here

QUIET_ZONE_MODULES = 4  # as ISO/IEC 18004 requires
PEOPLE = [role for role in Role if role is not Role.KIOSK]
EVENTS_SHOWN = 50

SAID = {
    "name": _l("The name cannot be used: write one line of at most 80 characters."),
    "citizen_number": _l("A citizen number has 12 digits."),
    "last": _l("This is the only administrator: make another one first."),
    "nobody": _l("Nobody has this number."),
    "first": _l("The first administrator is made with a code of this PC: “staff first”."),
    "own": _l("You cannot take your own account away."),
}
EVENT_WORDS = {
    "added": _l("added"),
    "changed": _l("changed"),
    "deactivated": _l("deactivated"),
    "activated": _l("activated"),
    "unlocked": _l("unlocked"),
    "pin_set": _l("PIN set"),
    "pin_reset": _l("temporary PIN given"),
    "factor_on": _l("second factor on"),
    "factor_off": _l("second factor off"),
    "recovery_used": _l("recovery code used"),
    "badge_made": _l("badge made"),
    "badge_revoked": _l("badge revoked"),
    "token_made": _l("API token made"),
    "token_revoked": _l("API token revoked"),
}


FAILED: dict[type[KioskError], str] = {LastAdministrator: "last", NoSuchMember: "nobody"}


@dataclass(frozen=True, slots=True)
class StaffPage:
    """What shows the page of the staff. `clock` returns the time, aware."""

    staff: Staff
    settings: Settings
    clock: Callable[[], datetime]

    def shown(self, said: str = "", status: int = 200, **once: object) -> ResponseReturnValue:
        """Return the page; `said` is a reason why nothing changed, `once` what is shown once."""
        staff, now = self.staff, self.clock()
        members = staff.members.all()
        people_in = [member for member in members if member.role is not Role.KIOSK]
        page = render_template(
            "staff/staff.html",
            members=members,
            names={member.id: member.name for member in members},
            locked={member.id for member in members if member.is_locked(now)},
            badges={badge.member for badge in staff.badges.in_use()},
            factors={member.id for member in people_in if staff.factor.is_on(member.id)},
            sessions=staff.sessions.open(),
            events=staff.members.events(limit=EVENTS_SHOWN),
            event_words=EVENT_WORDS,
            failures=staff.sign_in.many_failures(now) if members else [],
            people=PEOPLE,
            said=SAID.get(said, ""),
            **once,
        )
        return page, status

    def done(self, change: Callable[[datetime, str], object]) -> ResponseReturnValue:
        """Make a change at a time by an author, and show the page again.

        If it failed, the page says why.
        """
        try:
            change(self.clock(), author_here(self.settings))
        except WrongMember as exc:
            return self.shown(exc.name, 400)
        except tuple(FAILED) as exc:
            return self.shown(FAILED[type(exc)], 409)
        return redirect(url_for("staff.page"), 303)


def make_staff(staff: Staff, settings: Settings, clock: Callable[[], datetime]) -> Blueprint:
    """Return the blueprint of /staff. `clock` returns the time, aware."""
    pages = Blueprint("staff", __name__, url_prefix="/staff")
    pages.add_app_template_global(lambda role: ROLE_WORDS[role], "role_text")
    view = StaffPage(staff, settings, clock)

    @pages.get("")
    def page() -> ResponseReturnValue:
        """Show the members, the sessions, and what was changed."""
        return view.shown()

    _add_members(pages, view)
    _add_secrets(pages, view)
    _add_sessions(pages, view)
    return pages


def _add_members(pages: Blueprint, view: StaffPage) -> None:
    """Add the changes of members."""
    members = view.staff.members

    @pages.post("")
    def add() -> ResponseReturnValue:
        """Add a member; show the temporary PIN once."""
        if not members.exist():
            return view.shown("first", 409)
        return _added(view)

    @pages.post("/<int:number>")
    def change(number: int) -> ResponseReturnValue:
        """Change the name, the role or the citizen number of a member."""
        form, role = request.form, _role()
        if number == caller_here().number and role is not Role.ADMINISTRATOR:
            return view.shown("own", 409)
        member = _member(members, number)
        if (member.role is Role.KIOSK) != (role is Role.KIOSK):
            abort(400)
        name, citizen_number = form.get("name"), form.get("citizen_number")
        if citizen_number and citizen_number == masked(member.citizen_number):
            citizen_number = None  # it came back as the page shows it
        return view.done(
            lambda *by: members.change(
                number, *by, role=role, name=name, citizen_number=citizen_number
            )
        )

    @pages.post("/<int:number>/deactivate")
    def deactivate(number: int) -> ResponseReturnValue:
        """Take away the right to sign in, and end the sessions."""
        if number == caller_here().number:
            return view.shown("own", 409)
        return view.done(lambda *by: members.deactivate(number, *by))

    @pages.post("/<int:number>/activate")
    def activate(number: int) -> ResponseReturnValue:
        """Let a member sign in again who was deactivated or locked."""
        return view.done(lambda *by: members.activate(number, *by))


def _added(view: StaffPage) -> ResponseReturnValue:
    """Add the member of the form; a person gets a temporary PIN, which is shown once."""
    form, now, author = request.form, view.clock(), author_here(view.settings)
    name, citizen_number = form.get("name", ""), form.get("citizen_number", "")
    try:
        member = view.staff.members.add(name, _role(), citizen_number, now, author)
    except WrongMember as exc:
        return view.shown(exc.name, 400)
    if member.role is Role.KIOSK:
        return redirect(url_for("staff.page"), 303)
    return view.shown(temporary_pin=view.staff.pins.reset(member.id, now, author), of=member)


def _add_secrets(pages: Blueprint, view: StaffPage) -> None:
    """Add what gives and takes PINs, badges and second factors."""
    staff = view.staff

    @pages.post("/<int:number>/pin")
    def reset_pin(number: int) -> ResponseReturnValue:
        """Give a temporary PIN, and show it once."""
        member = _person(staff.members, number)
        pin = staff.pins.reset(number, view.clock(), author_here(view.settings))
        return view.shown(temporary_pin=pin, of=member)

    @pages.post("/<int:number>/badge")
    def make_badge(number: int) -> ResponseReturnValue:
        """Make a badge, and show it once, to be printed."""
        member = _person(staff.members, number)
        if not member.is_active:
            abort(409)
        text = staff.badges.make(number, view.clock(), author_here(view.settings))
        return view.shown(badge=code_picture(text), of=member)

    @pages.post("/<int:number>/badge/revoke")
    def revoke_badge(number: int) -> ResponseReturnValue:
        """Revoke the badge of a member."""
        return view.done(lambda *by: staff.badges.revoke(number, *by))

    @pages.post("/<int:number>/factor/forget")
    def forget_factor(number: int) -> ResponseReturnValue:
        """Forget the second factor of a member who lost it."""
        return view.done(lambda *by: staff.factor.turn_off(number, *by))


def _add_sessions(pages: Blueprint, view: StaffPage) -> None:
    """Add the end of sessions, and what makes a browser a screen for patients."""
    sessions = view.staff.sessions

    @pages.post("/sessions/<int:session>/end")
    def end_session(session: int) -> ResponseReturnValue:
        """End a session, wherever its browser is."""
        return view.done(lambda now, _author: sessions.end(session, "ended", now))

    @pages.post("/screens/<int:number>")
    def make_screen(number: int) -> ResponseReturnValue:
        """Make this browser a screen for patients: the administrator's session here ends."""
        if _member(view.staff.members, number).role is not Role.KIOSK:
            abort(404)
        response = make_response(redirect(url_for("call_display.page"), 303))
        begin_screen(response, view.staff, number, view.clock())
        return response


def begin_screen(response: Response, staff: Staff, number: int, now: datetime) -> None:
    """Begin the session of a screen in this browser, in place of the person's."""
    token = staff.sessions.begin(
        number, now, request.remote_addr or "", instead_of=cookie(SESSION_COOKIE)
    )
    set_cookie(response, SESSION_COOKIE, token, YEAR_S)


def screen_beginner(staff: Staff, clock: Callable[[], datetime]) -> Callable[[Response, str], None]:
    """Return what signs a browser in as the screen of a name, where people sign in.

    The screen becomes a member if it is not one yet.  `clock` returns the time, aware.
    """

    def begin(response: Response, name: str) -> None:
        if caller_here().session is None:
            return
        screens = [
            member.id
            for member in staff.members.all()
            if member.role is Role.KIOSK and member.is_active and member.name == name
        ]
        now = clock()
        number = screens[0] if screens else None
        if number is None:
            author = caller_here().author("")
            number = staff.members.add(name, Role.KIOSK, "", now, author).id
        begin_screen(response, staff, number, now)

    return begin


def code_picture(text: str) -> Markup:
    """Return a QR code as a picture for a page."""
    code = segno.make(text, error="m", micro=False)
    return Markup(code.svg_inline(border=QUIET_ZONE_MODULES, omitsize=True))


def _role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError:
        abort(400)


def _member(members: Members, number: int) -> Member:
    try:
        return members.find(number)
    except NoSuchMember:
        abort(404)


def _person(members: Members, number: int) -> Member:
    member = _member(members, number)
    return abort(404) if member.role is Role.KIOSK else member
