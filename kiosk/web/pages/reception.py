"""The page of the reception desk, and the parts of it that change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, abort, current_app, render_template
from flask.typing import ResponseReturnValue

from kiosk.desk import person_number, suggested_form
from kiosk.insurer import ARRIVALS
from kiosk.logbook import (
    Attempt,
    Attempts,
    Unfinished,
    Visit,
    VisitAtOtherDesk,
    Visits,
    numbers_of,
)
from kiosk.settings import Settings
from kiosk.web.damaged_parts import readable_part
from kiosk.web.language import PAPERS_WORDS, moment_text
from kiosk.web.pages.advice import advice_on
from kiosk.web.pages.desks import (
    chosen_desk,
    desk_here,
    desk_names,
    readers_elsewhere,
)
from kiosk.web.pages.entitlement import KnownPayments
from kiosk.web.pages.no_card import no_card_cases
from kiosk.web.pages.stock_reasons import stock_reasons
from kiosk.web.pages.unfinished import unfinished_here
from kiosk.web.pages.what_differs import (
    WhatDiffers,
    marked_syllables,
    what_differs,
    what_differs_beside,
)
from kiosk.web.status import Status
from verify import (
    CLINIC_ZONE,
    Birth,
    Entitlement,
    Verdict,
    age_on,
    clinic_day,
    is_newborn_on,
)

RECENT_VISITS = 8
VERDICT_FOLDERS = ("desk/", "entitlement/")  # whose templates make up a verdict
YOUNG_CHILD_UNTIL_YEARS = 6  # 72 months
CHILD_UNTIL_YEARS = 16


def make_reception(
    attempts: Attempts,
    visits: Visits,
    unfinished: Unfinished,
    status: Status,
    settings: Settings,
    asks_copayments: bool,
    entitlement_of: Callable[[Attempt, Visit], Entitlement | None],
    payments_of: Callable[[Attempt], KnownPayments | None],
    clock: Callable[[], datetime],
) -> Blueprint:
    """Return the blueprint of the desk.

    `entitlement_of` returns what the patient is entitled to on a confirmed visit, `payments_of`
    what is known of the payments of a card's holder, `clock` the time now, aware.
    """
    reception = Blueprint("reception", __name__)

    @reception.app_template_global("age_now")
    def age_now(born: Birth) -> int:
        return age_on(born, clinic_day(clock()))

    @reception.app_template_global("hour_or_moment")
    def hour_or_moment(at: datetime) -> str:
        """Return a moment as the desk shows it: without the day if that is today."""
        is_today = clinic_day(at) == clinic_day(clock())
        return f"{at.astimezone(CLINIC_ZONE):%H:%M}" if is_today else moment_text(at)

    reception.add_app_template_global(marked_syllables)

    def differing(reading: int) -> WhatDiffers:
        newest = attempts.newest_verdict_on(reading)
        return what_differs(newest, attempts.get(reading)) if newest else WhatDiffers()

    found = readable_part("verdicts", differing, WhatDiffers())

    @reception.app_template_global("what_differs_on")
    def what_differs_on(visit: Visit) -> WhatDiffers:
        """Return what differs according to the newest verdict on the card of a visit."""
        return found(visit.attempt)

    @reception.get("/")
    def desk() -> ResponseReturnValue:
        """Show the desk, ready for a scan."""
        here = desk_here(settings)
        _compile_templates()
        return render_template(
            "desk/desk.html",
            visits=visits.newest(RECENT_VISITS),
            entries=unfinished_here(unfinished, settings, clock()),
            status=status(),
            last_event=attempts.last_id(),
            desks=desk_names(settings),
            here=here,
            others=visits.elsewhere.state(clock()),
            elsewhere=readers_elsewhere(settings, here),
            sounds=settings.web.sounds == "yes",
        )

    @reception.get("/desk/attempts/<int(max=999999999999):attempt_id>")
    def verdict(attempt_id: int) -> ResponseReturnValue:
        """Show the newest verdict on a reading, with what the clerk can do."""
        attempt = attempts.get(attempt_id) or abort(404)
        newest = attempts.newest_verdict_on(attempt.reading) or attempt
        visit, now = visits.by_reading(newest.reading), clock()
        here = None if visit else _visit_today(visits, newest.verdict, now)
        away = None if visit or here else _visit_elsewhere(visits, newest.verdict, now)
        return render_template(
            "desk/verdict.html",
            attempt=newest,
            visit=visit,
            here=here,
            away=away,
            others=visits.elsewhere.state(now) if newest.verdict.card and not visit else None,
            advice=advice_on(newest, visit, here or away),
            entitled=newest.verdict.entitlement if visit is None else entitlement_of(newest, visit),
            differing=what_differs(newest, attempts.get(newest.reading)),
            differing_beside=what_differs_beside(newest.verdict),
            arrivals=list(ARRIVALS),
            papers=list(PAPERS_WORDS),
            cases=no_card_cases(newest.reason),
            stock_reasons=stock_reasons(newest.reason),
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
        return render_template(
            "desk/status.html",
            status=status(),
            here=chosen_desk(settings),
            others=visits.elsewhere.state(clock()),
        )

    return reception


def _visit_today(visits: Visits, verdict: Verdict, now: datetime) -> Visit | None:
    """Return a visit that the holder of a card has today already."""
    if verdict.card is None:
        return None
    person = person_number(verdict.card, verdict.coverage)
    return visits.here_today(person, now, numbers_of(verdict))


def _visit_elsewhere(visits: Visits, verdict: Verdict, now: datetime) -> VisitAtOtherDesk | None:
    """Return a visit that the holder of a card has today already at another desk."""
    if verdict.card is None:
        return None
    person = person_number(verdict.card, verdict.coverage)
    return visits.elsewhere.here_today(person, now, numbers_of(verdict))


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


def _compile_templates() -> None:
    """Compile the templates of verdicts, which stay compiled: the first patient does not wait."""
    templates = current_app.jinja_env
    for name in templates.list_templates(filter_func=lambda name: name.startswith(VERDICT_FOLDERS)):
        templates.get_template(name)
