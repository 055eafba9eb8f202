"""The page of the reception desk, and the parts of it that change."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, make_response, render_template
from flask.typing import ResponseReturnValue

from kiosk.desk import MISUSE_REASONS, suggested_form
from kiosk.insurer import ARRIVALS
from kiosk.logbook import Attempt, Attempts, Visit, Visits
from kiosk.settings import Settings
from kiosk.web.language import PAPERS_WITHOUT_CARD, PAPERS_WORDS
from kiosk.web.pages.desks import chosen_desk, desk_names, readers_elsewhere, remember_desk
from kiosk.web.pages.entitlement import KnownPayments
from kiosk.web.status import Status
from verify import (
    Difference,
    Entitlement,
    Verdict,
    age_on,
    clinic_day,
    differences,
    is_newborn_on,
)

RECENT_VISITS = 8
YOUNG_CHILD_UNTIL_YEARS = 6  # 72 months
CHILD_UNTIL_YEARS = 16


def make_reception(
    attempts: Attempts,
    visits: Visits,
    status: Status,
    settings: Settings,
    asks_copayments: bool,
    entitlement_of: Callable[[Attempt, Visit], Entitlement | None],
    payments_of: Callable[[Attempt], KnownPayments | None],
) -> Blueprint:
    """Return the blueprint of the desk.

    `entitlement_of` returns what the patient is entitled to on a confirmed visit, `payments_of`
    what is known of the payments of a card's holder.
    """
    reception = Blueprint("reception", __name__)

    @reception.get("/")
    def desk() -> ResponseReturnValue:
        """Show the desk, ready for a scan."""
        here = chosen_desk(settings)
        page = render_template(
            "desk/desk.html",
            visits=visits.newest(RECENT_VISITS),
            status=status(),
            last_event=attempts.last_id(),
            desks=desk_names(settings),
            here=here,
            elsewhere=readers_elsewhere(settings, here),
        )
        return remember_desk(make_response(page))

    @reception.get("/desk/attempts/<int(max=999999999999):attempt_id>")
    def verdict(attempt_id: int) -> ResponseReturnValue:
        """Show the newest verdict on a reading, with what the clerk can do."""
        attempt = attempts.get(attempt_id) or abort(404)
        newest = attempts.newest_verdict_on(attempt.reading) or attempt
        visit = visits.by_reading(newest.reading)
        return render_template(
            "desk/verdict.html",
            attempt=newest,
            visit=visit,
            entitled=newest.verdict.entitlement if visit is None else entitlement_of(newest, visit),
            differences=_differences(newest.verdict),
            differences_beside=_differences_beside(newest.verdict),
            arrivals=list(ARRIVALS),
            papers=list(PAPERS_WORDS),
            papers_without=() if newest.reason in MISUSE_REASONS else PAPERS_WITHOUT_CARD,
            settings=settings,
            asks_copayments=asks_copayments,
            payments=payments_of(newest) if visit is None else None,
            suggested=suggested_form(newest.verdict),
            child=_child(newest),
        )

    @reception.get("/desk/recent")
    def recent() -> ResponseReturnValue:
        """Show the newest visits."""
        return render_template("desk/recent.html", visits=visits.newest(RECENT_VISITS))

    @reception.get("/desk/status")
    def state() -> ResponseReturnValue:
        """Show the status of readers, outbox, gateway and data."""
        return render_template("desk/status.html", status=status())

    return reception


def _child(attempt: Attempt) -> str:
    """Return whether the patient is a child, whose guardian may be asked for.

    `newborn` up to 28 days, when the insurer wants the time of birth (QĐ 4750); `young` under 72
    months, when a prescription names who brought the child (TT 26/2025); `yes` under 16 years;
    `maybe` while no birth is known; else `no`.
    """
    card, coverage = attempt.verdict.card, attempt.verdict.coverage
    born = (card.born if card else None) or (coverage.born if coverage else None)
    if born is None:
        return "maybe"
    if is_newborn_on(born, clinic_day(attempt.at)):
        return "newborn"
    age = age_on(born, clinic_day(attempt.at))
    if age < YOUNG_CHILD_UNTIL_YEARS:
        return "young"
    return "yes" if age < CHILD_UNTIL_YEARS else "no"


def _differences(verdict: Verdict) -> list[Difference]:
    """Return where a card and the insurer's record differ."""
    card, coverage = verdict.card, verdict.coverage
    return list(differences(card, coverage)) if card and coverage else []


def _differences_beside(verdict: Verdict) -> list[Difference]:
    """Return where a card and the card that was read before it differ."""
    card, coverage, beside = verdict.card, verdict.coverage, verdict.beside
    if not card or not beside:
        return []
    return list(differences(card if card.holder or not coverage else coverage, beside))
