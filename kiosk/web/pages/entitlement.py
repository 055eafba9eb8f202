"""What a patient is entitled to, on the desk's page.

The page asks again whenever the clerk changes how the patient came.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple

from flask import Blueprint, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from kiosk.desk import Copayments, Entitlements
from kiosk.insurer import ARRIVALS, SELF_REFERRED, PaymentStatement
from kiosk.logbook import Attempt, Attempts, Visit, Visits
from kiosk.settings import Settings
from kiosk.web.api.fields import BadField, read_typed_day
from kiosk.web.pages.desks import author_here
from kiosk.web.problems import problem
from verify import (
    ArrivalDetails,
    Card,
    Coverage,
    Entitlement,
    Law,
    Referral,
    full_benefit_since,
    limit_passed_on,
)


def make_entitlement(
    entitlements: Entitlements,
    copayments: Copayments,
    attempts: Attempts,
    visits: Visits,
    clock: Callable[[], datetime],
    settings: Settings,
) -> Blueprint:
    """Return the blueprint of the entitlement and the copayments beside a verdict."""
    blueprint = Blueprint("entitlement", __name__)
    payments_of = known_payments(entitlements, copayments)

    @blueprint.get("/desk/attempts/<int(max=999999999999):attempt_id>/entitlement")
    def at_desk(attempt_id: int) -> ResponseReturnValue:
        """Show what the patient is entitled to with the card on screen, for one way of arrival."""
        newest, now = _newest(attempts, attempt_id), clock()
        wrong_date = None
        try:
            details = _arrival_details()
        except BadField as exc:  # a referral with an invalid date does not count
            details, wrong_date = ArrivalDetails(SELF_REFERRED), exc.fault
        return render_template(
            "entitlement/at_desk.html",
            answer=entitlements.entitlement_for(newest.verdict, now, details),
            payments=payments_of(newest),
            wrong_date=wrong_date,
            asks_copayments=copayments.can_ask,
        )

    @blueprint.post("/desk/attempts/<int(max=999999999999):attempt_id>/copayments")
    def ask_copayments(attempt_id: int) -> ResponseReturnValue:
        """Ask the insurer what the holder of the card on screen has paid this year, in VND.

        The sum is null if the portal has no data: that is not a sum of zero.
        """
        newest = _newest(attempts, attempt_id)
        card, coverage = _identified(newest) or abort(404)
        if visits.is_secret(newest.reading):
            return problem(409, "secret", "The visit is a state secret: the insurer is not asked.")
        statement = copayments.ask(card, coverage, author_here(settings), readings=[newest.reading])
        if statement is None:
            return problem(503, "no_answer", "The insurer gave no answer.")
        passed_on = _limit_passed_on(statement, entitlements.law)
        return jsonify(
            {
                "copaid_this_year_vnd": statement.this_year,
                "note": statement.note,
                "rows_not_read": statement.unread,
                "limit_passed_on": passed_on and passed_on.isoformat(),
            }
        )

    return blueprint


class KnownPayments(NamedTuple):
    """What the portal said that a card's holder has paid this year, and what follows from it.

    The days are None if they are not known, or if the limit is not passed.
    """

    statement: PaymentStatement
    passed_on: date | None  # the day from which the sum is above the limit
    full_since: date | None  # the day from which five years are reached, too


def known_payments(
    entitlements: Entitlements, copayments: Copayments
) -> Callable[[Attempt], KnownPayments | None]:
    """Return a function that gives what is known here of the payments of a card's holder.

    It asks nobody, and returns None if the portal was not asked a short time ago.
    """

    def payments_of(attempt: Attempt) -> KnownPayments | None:
        identified = _identified(attempt)
        statement = copayments.known_statement(*identified) if identified else None
        if statement is None:
            return None
        passed_on = _limit_passed_on(statement, entitlements.law)
        full_since = full_benefit_since(passed_on, _five_years_on(attempt))
        return KnownPayments(statement, passed_on, full_since)

    return payments_of


def visit_entitlements(
    entitlements: Entitlements,
) -> Callable[[Attempt, Visit], Entitlement | None]:
    """Return a function that finds the entitlement of a confirmed visit.

    It takes the newest attempt on the card and the visit, and returns None if there is nothing to
    say about insurance.
    """

    def entitlement_of(attempt: Attempt, visit: Visit) -> Entitlement | None:
        details = ArrivalDetails(visit.arrival.kind, referral=visit.arrival.referral)
        return entitlements.entitlement_for(attempt.verdict, visit.arrived_at, details)

    return entitlement_of


def _newest(attempts: Attempts, attempt_id: int) -> Attempt:
    attempt = attempts.get(attempt_id) or abort(404)
    return attempts.newest_verdict_on(attempt.reading) or attempt


def _identified(attempt: Attempt) -> tuple[Card, Coverage | None] | None:
    """Return the card of a verdict and its coverage; None if no card was read.

    Name and birth date come from the coverage if the card does not have them.
    """
    card, coverage = attempt.verdict.card, attempt.verdict.coverage
    if card is None:
        return None
    if coverage is not None:
        card = card._replace(holder=card.holder or coverage.holder, born=card.born or coverage.born)
    return card, coverage


def _limit_passed_on(statement: PaymentStatement, law: Law) -> date | None:
    """Return the day from which the sum was above the limit; None if that is not known."""
    totals = statement.running_totals
    return limit_passed_on(totals, law) if totals else None


def _five_years_on(attempt: Attempt) -> date | None:
    """Return on which day five years are reached, by the insurer or else by the card."""
    card, coverage = attempt.verdict.card, attempt.verdict.coverage
    return (coverage and coverage.five_years_on) or (card and card.five_years_on)


def _arrival_details() -> ArrivalDetails:
    """Return how the patient came, by the address.  Raises BadField if its date cannot be read."""
    arrival = request.args.get("arrival", "")
    signed_on = read_typed_day(request.args.get("signed"), "signed")
    referral = Referral(signed_on, "year" in request.args) if signed_on else None
    return ArrivalDetails(arrival if arrival in ARRIVALS else "", referral=referral)
