"""A supervisor's approval of one action of a clerk.

`POST /approvals` gives a token, which allows the action once: it comes back in the field
`approval` or the header `X-Approval`.  A form or a JSON body may instead bring the number and the
PIN of the supervisor in its fields `approver` and `approver_pin`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from kiosk.staff import NotApproved, PinNotHere, SignInTry, Staff, TooManyTries
from kiosk.web.api.fields import json_object
from kiosk.web.callers import caller_here, device_here
from kiosk.web.permissions import APPROVALS, SOME_APPROVALS, SUPERVISORS, needs_approval
from kiosk.web.problems import problem

MAX_TEXT = 200  # characters of a field
ACTIONS = frozenset([*APPROVALS.values(), *SOME_APPROVALS.values()])
# What a call may be answered whose approval is missing or is not given.
APPROVAL_KINDS = (
    (403, "approval_needed"),
    (403, "not_approved"),
    (403, "pin_not_here"),
    (429, "too_many"),
)
EXTENSION = "kiosk.approvals"  # the name in `app.extensions`

# Uses an approval up in the transaction of a change; its argument is the connection.
Within = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Approving:
    """Gives and uses approvals. `clock` returns the time, aware."""

    staff: Staff
    clock: Callable[[], datetime]

    def give(self, account: str, pin: str, action: str, what: str, reason: str) -> str | None:
        """Return an approval of a supervisor; None if the number or the PIN is wrong.

        Raises TooManyTries.
        """
        session = caller_here().session
        typed = SignInTry(
            account, pin, address=request.remote_addr or "", device=device_here(self.staff)
        )
        approver = self.staff.sign_in.check(typed, self.clock())
        if session is None or approver is None or approver.role.value not in SUPERVISORS:
            return None
        return self.staff.approvals.give(
            action, what, session.id, approver.id, reason, self.clock()
        )

    def within(self, action: str, what: str) -> Within:
        """Return what uses the approval of this request up. Raises NotApproved if it has none."""
        caller = caller_here()
        if caller.session is None:
            raise NotApproved("an approval belongs to a session")
        session = caller.session.id
        body = json_object() if request.is_json else request.form
        names = ("approval", "approver", "approver_pin")
        token, account, pin = (_text(body.get(name)) for name in names)
        token = request.headers.get("X-Approval") or token
        if not token and account:
            why = _text(body.get("why")) or _text(body.get("clerk_reason"))
            token = self.give(account, pin, action, what, why) or ""
        return lambda db: self.staff.approvals.use(db, token, action, what, session, self.clock())


def make_approvals(staff: Staff, clock: Callable[[], datetime]) -> Blueprint:
    """Return the blueprint of /approvals. `clock` returns the time, aware."""
    api = Blueprint("approvals", __name__)
    approving = Approving(staff, clock)
    api.record(lambda setup: setup.app.extensions.update({EXTENSION: approving}))

    @api.post("/approvals")
    def give() -> ResponseReturnValue:
        """Check the number and the PIN of a supervisor; return the token of the approval.

        The body has `account`, `pin`, `action`, `object` and `reason`, all texts.
        """
        body = json_object()
        names = ("account", "pin", "action", "object", "reason")
        account, pin, action, what, reason = (_text(body.get(name)) for name in names)
        if action not in ACTIONS or not what or not reason:
            return problem(400, "bad_request", '"action", "object" and "reason" must be text.')
        token = approving.give(account, pin, action, what, reason)
        if token is None:
            return problem(
                403, "not_approved", "The number or the PIN is wrong, or may not approve."
            )
        return jsonify({"approval": token})

    @api.app_errorhandler(TooManyTries)
    def too_many(exc: TooManyTries) -> ResponseReturnValue:
        answer = problem(429, "too_many", f"Too many tries: wait {exc.wait_s:.0f} s.")
        answer.headers["Retry-After"] = str(max(1, round(exc.wait_s)))
        return answer

    @api.app_errorhandler(PinNotHere)
    def not_here(_exc: PinNotHere) -> ResponseReturnValue:
        detail = "A PIN alone counts at this PC and in the site's own network only."
        return problem(403, "pin_not_here", detail)

    return api


def use_approval_here(method: str, endpoint: str, what: str) -> None:
    """Use the approval of this request up at once, for something that only shows.

    Raises as `approval_here`, and NotApproved if it allows something else.
    """
    within = approval_here(method, endpoint, what)
    if within is not None:
        approving: Approving = current_app.extensions[EXTENSION]
        approving.staff.approvals.alone(within)


def approval_here(method: str, endpoint: str, what: str) -> Within | None:
    """Return what uses the approval of this request up, in the transaction of its change.

    None if the caller may do it without one.  `what` is the object, such as the id of a visit.
    Raises NotApproved if an approval is needed and missing, and TooManyTries.
    """
    action = needs_approval(method, endpoint)
    if not action:
        return None
    approving: Approving = current_app.extensions[EXTENSION]
    return approving.within(action, what)


def _text(value: object) -> str:
    return value[:MAX_TEXT] if isinstance(value, str) else ""
