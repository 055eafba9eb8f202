"""In the demonstration: switch to what a clerk, a supervisor or an administrator may do."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, request
from flask.typing import ResponseReturnValue

from kiosk.staff import Role
from kiosk.web.callers import PRETEND_COOKIE, PRETEND_NAMES, ROLES


def make_pretending() -> Blueprint:
    """Return the blueprint of /demo/staff."""
    pages = Blueprint("pretending", __name__)

    @pages.post("/demo/staff")
    def switch() -> ResponseReturnValue:
        """Become the pretend member with a role; without a role, the one who may do all."""
        role = request.form.get("role", "")
        response = make_response(redirect("/display/calls" if role == Role.KIOSK else "/", 303))
        response.set_cookie(
            PRETEND_COOKIE, role if role in ROLES else "", samesite="Strict", httponly=True
        )
        return response

    @pages.app_context_processor
    def pretended() -> dict[str, object]:
        return {"pretend_names": PRETEND_NAMES}

    return pages
