"""Who calls: the person, the screen or the program behind a request.

There are three modes:

(a) Nobody is a member of staff yet, and the program serves this machine only: whoever sits at it is
    the administrator, and every page says so.  Calls of the contract need no token.
(b) The demonstration: as (a), as a pretend member of staff.  The page can switch to what a clerk, a
    supervisor, an administrator or a screen may do.
(c) There is a member, or other machines are served: `kiosk.web.permissions` says who may do what.
    An administrator without a second factor may do nothing but set one up.

A session lives in a cookie of which the browser tells scripts and other sites nothing.  Over TLS
its name begins with `__Host-`, so that no other name of the site can set it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask import Response, g, request
from flask_babel import lazy_gettext as _l

from kiosk.logbook import LogbookUnavailable, Looker, desk_author, program_author, staff_author
from kiosk.settings import LOOPBACK_NAMES, Web, is_loopback, is_reached_from_outside
from kiosk.staff import ApiToken, Role, Scope, Staff, StaffSession
from kiosk.web.cookies import YEAR_S
from kiosk.web.guard import host_name

SESSION_COOKIE, DEVICE_COOKIE, PRETEND_COOKIE = "staff_session", "staff_device", "pretend_role"
BY_PERSON = "X-By-Person"  # of a call that a page makes because a person did something
# What pages send by themselves while nobody touches them.
AUTOMATIC = frozenset(
    {"pictures.frame", "pictures.picture", "reader_checks.look", "sign_in.take_badge"}
)

LOCKED, PUBLIC = "locked", "public"
LOCAL = "local"  # whatever asks from this machine itself, not through a proxy
NO_FACTOR = "no_factor"  # an administrator who has no second factor yet
ROLES = frozenset(role.value for role in Role)
SCOPES = frozenset(f"scope:{scope}" for scope in Scope)

ROLE_WORDS = {
    Role.CLERK: _l("clerk"),
    Role.SUPERVISOR: _l("supervisor"),
    Role.ADMINISTRATOR: _l("administrator"),
    Role.KIOSK: _l("screen"),
}
PRETEND_NAMES = {  # of the demonstration; nobody has such a number
    Role.CLERK: (1, "Lê Thu Hà"),
    Role.SUPERVISOR: (2, "Trần Minh Đức"),
    Role.ADMINISTRATOR: (3, "Phạm Gia Huy"),
    Role.KIOSK: (4, "Màn hình sảnh"),
}


class Mode(StrEnum):
    """How the program decides who calls."""

    NOBODY_YET = "nobody_yet"
    DEMO = "demo"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and which rows of the table of permissions they have."""

    mode: Mode
    powers: frozenset[str]
    number: int | None = None  # of a member
    name: str = ""  # of a member or a program
    role: Role | None = None
    session: StaffSession | None = None
    token: ApiToken | None = None

    @property
    def is_locked(self) -> bool:
        """Whether the session waits for its person's PIN."""
        return self.session is not None and self.session.is_locked

    @property
    def is_known(self) -> bool:
        """Whether anybody or anything is signed in; a locked session counts."""
        return bool(self.powers)

    def author(self, desk: str) -> str:
        """Return who acts, for the logbook; `desk` is where the browser is."""
        if self.token is not None:
            return program_author(self.token.name)
        return desk_author(desk) if self.number is None else staff_author(self.number, self.name)

    def looker(self, desk: str) -> Looker:
        """Return who looks at a person's data, and from where."""
        return Looker(
            self.author(desk),
            self.number,
            self.session.id if self.session else None,
            desk,
            request.remote_addr or "",
        )


NOBODY = Caller(Mode.STAFF, frozenset())


class Callers:
    """Finds out who makes a request.

    `web` says where the pages are served, `pretends` whether this is the demonstration, and `clock`
    returns the time (aware).
    """

    def __init__(
        self, staff: Staff, web: Web, pretends: bool, clock: Callable[[], datetime]
    ) -> None:
        self._staff, self._pretends, self._clock = staff, pretends, clock
        self._is_local = not is_reached_from_outside(web)
        self._known = Mode.STAFF
        self.mode()

    def mode(self) -> Mode:
        """Return the mode.

        While the logbook cannot be read, a program without members goes on as before.  Raises
        LogbookUnavailable if there are members.
        """
        if not self._is_local:
            return Mode.STAFF
        try:
            has_members = self._staff.members.exist()
        except LogbookUnavailable:
            if self._known is Mode.STAFF:
                raise
            return self._known
        unsigned = Mode.DEMO if self._pretends else Mode.NOBODY_YET
        self._known = Mode.STAFF if has_members else unsigned
        return self._known

    def of_request(self) -> Caller:
        """Return who makes this request, and move the session on if a person does."""
        mode = self.mode()
        bearer = _bearer()
        if bearer is not None:
            return self._program(mode, bearer)
        if mode is Mode.NOBODY_YET:
            return Caller(mode, ROLES | SCOPES)
        if mode is Mode.DEMO:
            return _pretended()
        session = self._staff.sessions.find(cookie(SESSION_COOKIE))
        if session is None:
            return Caller(mode, frozenset())
        powers = frozenset({_power(session)})
        if not session.is_locked and _is_by_person():
            self._staff.sessions.move(session)
        return Caller(mode, powers, session.member, session.name, session.role, session)

    def lives(self) -> Callable[[], bool]:
        """Return what says whether the session of this request may still be shown things.

        A stream asks it at each heartbeat.  Without a session it ends when people begin to sign in.
        """
        token, mode = cookie(SESSION_COOKIE), self.mode()

        def lives() -> bool:
            if mode is not Mode.STAFF:
                return self.mode() is mode
            session = self._staff.sessions.find(token)
            return session is not None and not session.is_locked

        return lives

    def _program(self, mode: Mode, bearer: str) -> Caller:
        token = self._staff.tokens.find(bearer, self._clock())
        if token is None or _is_from_page():
            return Caller(mode, frozenset())
        scopes = frozenset(f"scope:{scope}" for scope in token.scopes)
        return Caller(mode, scopes, name=token.name, token=token)


def caller_here() -> Caller:
    """Return who makes this request; nobody, if the logbook cannot be asked."""
    caller = g.get("caller", NOBODY)
    assert isinstance(caller, Caller)
    return caller


def is_on_this_machine() -> bool:
    """Return whether a program on this machine makes the request, and no proxy passes it on.

    A page of a browser does not count.  A proxy says for whom it speaks, and passes on the name
    under which its visitors know it (docs/network.md).
    """
    return (
        is_loopback(request.remote_addr or "")
        and host_name(request.host) in LOOPBACK_NAMES
        and "X-Forwarded-For" not in request.headers
        and not _is_from_page()
    )


def cookie(name: str) -> str:
    """Return a cookie of ours; over TLS, only the one that no other host can have set."""
    return request.cookies.get(_cookie_name(name), "")


def set_cookie(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    """Set a cookie of ours; without `max_age` it ends with the browser. An empty value ends it."""
    response.set_cookie(
        _cookie_name(name),
        value,
        max_age=max_age if value else 0,
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )


def remember_device(response: Response, staff: Staff) -> None:
    """Mark the browser as one at which somebody has signed in."""
    known = cookie(DEVICE_COOKIE)
    if not staff.devices.id_in(known):
        known = staff.devices.make()
    set_cookie(response, DEVICE_COOKIE, known, YEAR_S)


def device_here(staff: Staff) -> str:
    """Return the id of this browser; empty if nobody has signed in at it before."""
    known = cookie(DEVICE_COOKIE)
    return staff.devices.id_in(known) if known else ""


def _cookie_name(name: str) -> str:
    return f"__Host-{name}" if request.is_secure else name


def _bearer() -> str | None:
    """Return the API token of the request; None if it brings none."""
    found = re.fullmatch(r"[Bb]earer +(\S+) *", request.headers.get("Authorization", ""))
    return found[1] if found else None


def _is_from_page() -> bool:
    """Whether a page of a browser makes the call: tokens are for programs."""
    return "Origin" in request.headers or "Sec-Fetch-Site" in request.headers


def _is_by_person() -> bool:
    """Whether a person did something: pages that ask by themselves keep nobody signed in."""
    if BY_PERSON in request.headers:
        return True
    if request.method == "POST":
        return request.endpoint not in AUTOMATIC
    return request.headers.get("Sec-Fetch-User") == "?1"


def _power(session: StaffSession) -> str:
    """Return what a session allows: the role, once nothing is missing."""
    if session.is_locked:
        return LOCKED
    needs_factor = session.role is Role.ADMINISTRATOR and not session.has_factor
    return NO_FACTOR if needs_factor else session.role.value


def _pretended() -> Caller:
    chosen = request.cookies.get(PRETEND_COOKIE, "")
    role = Role(chosen) if chosen in ROLES else Role.CLERK
    powers = frozenset({role.value}) if chosen in ROLES else ROLES | SCOPES
    number, name = PRETEND_NAMES[role]
    return Caller(Mode.DEMO, powers, number, name, role)
