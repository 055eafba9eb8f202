"""What a patient is entitled to, on the desk's page: anew as the clerk says how they came."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from flask import Blueprint, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from kiosk.desk import Copayments, Entitlements
from kiosk.insurer import ARRIVALS, SELF_REFERRED
from kiosk.logbook import Attempt, Attempts, Visit
from kiosk.web.problems import problem
from verify import ArrivalDetails, Card, Coverage, Entitlement, Referral


def make_entitlement(
    entitlements: Entitlements,
    copayments: Copayments,
    attempts: Attempts,
    clock: Callable[[], datetime],
) -> Blueprint:
    """Return the blueprint of entitlements."""
    blueprint = Blueprint("entitlement", __name__)

    @blueprint.get("/desk/attempts/<int(max=999999999999):attempt_id>/entitlement")
    def at_desk(attempt_id: int) -> ResponseReturnValue:
        """Show what the card on screen entitles to for who came in a certain way."""
        newest = _newest(attempts, attempt_id)
        signed = request.args.get("signed", "")
        coming = _coming(request.args.get("arrival", ""), signed, "year" in request.args)
        found = entitlements.entitlement_for(newest.verdict, clock(), coming)
        return render_template("entitlement/at_desk.html", answer=found,
                               is_odd=bool(signed) and coming.referral is None,
                               asks_copayments=copayments.can_ask)  # fmt: skip

    @blueprint.post("/desk/attempts/<int(max=999999999999):attempt_id>/copayments")
    def ask_copayments(attempt_id: int) -> ResponseReturnValue:
        """Ask the insurer what the holder of the card on screen has paid this year."""
        shown = _shown(_newest(attempts, attempt_id)) or abort(404)
        paid = copayments.ask(*shown)
        if paid is None:
            return problem(503, "no_answer", "The insurer gave no answer.")
        return jsonify({"copaid_this_year_vnd": paid})

    return blueprint


def told_of(
    entitlements: Entitlements,
) -> Callable[[Attempt, Visit], Entitlement | None]:
    """Return what tells what a visit entitles to, as it was confirmed."""

    def told(attempt: Attempt, visit: Visit) -> Entitlement | None:
        coming = ArrivalDetails(visit.arrival.kind, referral=visit.arrival.referral)
        return entitlements.entitlement_for(attempt.verdict, visit.arrived_at, coming)

    return told


def _newest(attempts: Attempts, attempt_id: int) -> Attempt:
    attempt = attempts.get(attempt_id) or abort(404)
    return attempts.newest_verdict_on(attempt.reading) or attempt


def _shown(attempt: Attempt) -> tuple[Card, Coverage | None] | None:
    """Return the card of a verdict and the insurer's word on it; None where none was read.

    A card that names nobody has the name and birth of the word.
    """
    card, word = attempt.verdict.card, attempt.verdict.coverage
    if card is not None and word is not None:
        card = card._replace(holder=card.holder or word.holder, born=card.born or word.born)
    return (card, word) if card is not None else None


def _coming(arrival: str, signed: str, for_a_year: bool) -> ArrivalDetails:
    """Return how the patient came; a referral of a day that is none is none."""
    try:
        slip = Referral(date.fromisoformat(signed), for_a_year) if signed else None
    except ValueError:
        return ArrivalDetails(SELF_REFERRED)
    return ArrivalDetails(arrival if arrival in ARRIVALS else "", referral=slip)
