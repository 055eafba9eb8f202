"""A card that is presented after the visit was recorded, over HTTP."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from kiosk.desk import (
    AnotherPersonsCard,
    CardPresentedBefore,
    LatePresentation,
    LatePresentations,
    NothingToConfirm,
    PresentationEntry,
    PresentationTimeWrong,
    ReasonRequired,
)
from kiosk.errors import KioskError
from kiosk.insurer import ARRIVALS, UNINSURED
from kiosk.logbook import IdentifiedBy, NoSuchAttempt, PresentedAs
from kiosk.settings import Settings
from kiosk.web.api.answers import ListedVisitAnswer
from kiosk.web.api.bodies import PresentationBody
from kiosk.web.api.calls import call, kinds_of
from kiosk.web.api.fields import BadField, read_field, read_moment
from kiosk.web.api.people import read_choice
from kiosk.web.api.visits import visit_json
from kiosk.web.pages.desks import author_here
from kiosk.web.problems import NOT_CHANGED, problem

# Status and kind of the answer to what cannot be recorded, and what the caller can do.
PROBLEMS: dict[type[KioskError], tuple[int, str, str]] = NOT_CHANGED | {
    NoSuchAttempt: (404, "no_such_attempt", "There is no attempt of this id: scan the card."),
    NothingToConfirm: (422, "nothing_to_confirm", "The scan holds no card: scan again."),
    ReasonRequired: (422, "reason_wanted", 'The outcome is desk: send "clerk_reason".'),
    PresentationTimeWrong: (
        422,
        "presented_at_wrong",
        '"presented_at" must not lie in the future, nor before the arrival.',
    ),
    AnotherPersonsCard: (409, "another_person", "The card is not of the patient of this visit."),
    CardPresentedBefore: (409, "presented_before", "The visit has a card: correct it instead."),
}


def make_presentation(late: LatePresentations, settings: Settings) -> Blueprint:
    """Return the blueprint of /api/visits/…/presentation."""
    api = Blueprint("presentation", __name__, url_prefix="/api")

    @api.post("/visits/<visit_id>/presentation")
    @call({200: ListedVisitAnswer}, kinds_of(PROBLEMS), body=PresentationBody)
    def present(body: dict[str, Any], visit_id: str) -> ResponseReturnValue:
        """Record that a card was presented for a visit; answer with the visit."""
        presentation = read_presentation(body, body["attempt"], author_here(settings))
        try:
            visit = late.record(visit_id, presentation, body.get("version"))
        except tuple(PROBLEMS) as exc:
            return problem(*PROBLEMS[type(exc)])
        return jsonify(visit_json(visit))

    return api


def read_presentation(body: dict[str, object], attempt: int, author: str) -> LatePresentation:
    """Return what a call says about a card that is presented later.

    Raises BadField if a field cannot be read.
    """
    arrival = read_field(body.get("arrival"), "arrival")
    if arrival and (arrival not in ARRIVALS or arrival == UNINSURED):
        kinds = ", ".join(kind for kind in ARRIVALS if kind != UNINSURED)
        raise BadField("arrival", None, f'"arrival" must be one of {kinds}.')
    return LatePresentation(
        attempt=attempt,
        presented_at=read_moment(body.get("presented_at"), "presented_at"),
        entry=PresentationEntry(
            read_choice(body.get("presented_as"), "presented_as", PresentedAs),
            read_choice(body.get("identified_by"), "identified_by", IdentifiedBy),
        ),
        arrival=arrival,
        clerk_reason=read_field(body.get("clerk_reason"), "clerk_reason"),
        author=author,
    )
