"""Who the patient of a visit is, over HTTP: join a code with the real identity, and undo that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from kiosk.desk import Identification, NoTemporaryCode, NothingToConfirm
from kiosk.errors import KioskError
from kiosk.logbook import (
    NothingToChange,
    Visits,
)
from kiosk.settings import Settings
from kiosk.web.api.answers import ChangedVisitAnswer
from kiosk.web.api.bodies import ChangeBody, IdentityBody, TemporaryCodeBody
from kiosk.web.api.calls import call, kinds_of
from kiosk.web.api.fields import BadField, FieldFault, read_whole_number
from kiosk.web.api.identity_fields import (
    read_change,
    read_identity,
    read_temporary_code,
)
from kiosk.web.api.visits import visit_json
from kiosk.web.pages.desks import author_here
from kiosk.web.problems import NOT_CHANGED, problem

PROBLEMS: dict[type[KioskError], tuple[int, str, str]] = NOT_CHANGED | {
    NothingToChange: (
        409,
        "nothing_to_change",
        "No code of the visit stands in for anything, or the visit was cancelled.",
    ),
    NothingToConfirm: (
        422,
        "not_identified",
        'Send "attempt", a scan with a card that may be used, or "holder", and "number" in place of'
        " a temporary number.",
    ),
    NoTemporaryCode: (
        422,
        "no_temporary_code",
        "Only a newborn, a child under six or a donor without a card, who is insured,"
        " has a temporary number.",
    ),
}


def make_identity(identification: Identification, visits: Visits, settings: Settings) -> Blueprint:
    """Return the blueprint of /api/visits/ID/identity and /api/visits/ID/temporary-code."""
    api = Blueprint("identity", __name__, url_prefix="/api/visits")

    def answer(visit_id: str, act: Callable[[], None]) -> ResponseReturnValue:
        """Answer with the visit after `act`, or with the problem."""
        try:
            act()
        except tuple(PROBLEMS) as exc:
            return problem(*PROBLEMS[type(exc)])
        visit = visits.by_id(visit_id)
        assert visit is not None  # visits are not deleted
        return jsonify(visit_json(visit) | {"version": visit.version})

    @api.post("/<visit_id>/identity")
    @call({200: ChangedVisitAnswer}, kinds_of(PROBLEMS), body=IdentityBody)
    def join(body: dict[str, Any], visit_id: str) -> ResponseReturnValue:
        """Replace the codes of a visit by who the patient is."""
        return answer(
            visit_id, lambda: join_visit(identification, visit_id, body, author_here(settings))
        )

    @api.post("/<visit_id>/identity/undo")
    @call({200: ChangedVisitAnswer}, kinds_of(PROBLEMS), body=ChangeBody)
    def undo(body: dict[str, Any], visit_id: str) -> ResponseReturnValue:
        """Undo the last joining of a visit."""
        return answer(
            visit_id,
            lambda: identification.undo(visit_id, read_change(body, author_here(settings))),
        )

    @api.post("/<visit_id>/temporary-code")
    @call({200: ChangedVisitAnswer}, kinds_of(PROBLEMS), body=TemporaryCodeBody)
    def temporary_code(body: dict[str, Any], visit_id: str) -> ResponseReturnValue:
        """Record the temporary card number of a visit."""

        def act() -> None:
            code = read_temporary_code(body.get("code"), "code")
            if not code:
                raise BadField("code", FieldFault.MISSING)
            identification.set_temporary_code(
                visit_id, code, read_change(body, author_here(settings))
            )

        return answer(visit_id, act)

    return api


def join_visit(
    identification: Identification, visit_id: str, fields: dict[str, Any], author: str
) -> None:
    """Replace the codes of a visit, by the reading `attempt` if there is one, else as typed.

    Raises BadField if a field cannot be read, and the errors of `Identification`.
    """
    change = read_change(fields, author)
    attempt = read_whole_number(fields.get("attempt"), "attempt")
    if attempt is not None:
        identification.join_reading(visit_id, attempt, change)
    else:
        identification.join_typed(visit_id, read_identity(fields), change)
