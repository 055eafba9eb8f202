"""The part of a visit's page about look-ups, and what a clerk does there.

The templates get what they show from two functions, so that the pages around them stay as they are:
`visit_lookups(visit)` and `open_proposals()`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from kiosk.desk import (
    ADMISSION_CARES,
    AdmissionRefused,
    Admissions,
    CannotAsk,
    CannotAskWhy,
    Entitlements,
    NotAnswered,
    RefusedBecause,
    VisitLookup,
    coverage_changes,
    coverages_of,
    last_paid_day,
)
from kiosk.insurer import NOT_REPORTED
from kiosk.logbook import (
    LookupPurpose,
    LookupResult,
    Lookups,
    NoSuchVisit,
    Proposal,
    Proposals,
    StillSending,
    StoredLookup,
    Visit,
)
from kiosk.settings import Settings
from kiosk.web.api.fields import BadField
from kiosk.web.api.visit_lookups import PURPOSES, read_admission
from kiosk.web.damaged_parts import readable_part
from kiosk.web.insurer_words import KIND_WORDS, PURPOSE_WORDS, words_for
from kiosk.web.language import local_minute
from kiosk.web.lookup_words import (
    ADMISSION_REFUSED_WORDS,
    CANNOT_ASK_WORDS,
    change_text,
    lookup_text,
    paid_on_text,
    reason_text,
)
from kiosk.web.pages.desks import author_here
from verify import Card, Coverage, Outcome, clinic_day, outcome_of, reason_by_coverage

ACCEPT, DISMISS = "accept", "dismiss"
ANSWERED, NO_ANSWER, PAUSED, SENDING = "answered", "no_answer", "paused", "sending"
ADMITTED, WRONG_ADMISSION, DECIDED = "admitted", "wrong_admission", "decided"

SAID_WORDS = {
    ANSWERED: _l("The insurer has answered; what has changed is listed below."),
    NO_ANSWER: _l("The insurer gave no answer. That is kept below as evidence; ask again later."),
    PAUSED: _l(
        "Nothing was asked, because questions are paused. That is kept below as evidence; ask"
        " again later."
    ),
    SENDING: _l(
        "Nothing was changed: the visit is being sent, or has just been changed. Look again."
    ),
    ADMITTED: _l("The admission is recorded; the check-in is sent again."),
    WRONG_ADMISSION: _l("Nothing was recorded: enter the time, the kind and the reason."),
    DECIDED: _l("Done."),
}


@dataclass(frozen=True, slots=True)
class LookupLine:
    """One look-up as a visit's page shows it, in words."""

    lookup: StoredLookup
    kind: str
    purpose: str
    result: str
    is_good: bool  # the card is in force, or another question was answered
    changes: list[str]  # since the answer before


@dataclass(frozen=True, slots=True)
class VisitLookups:
    """What a visit's page shows of its look-ups."""

    lines: list[LookupLine]
    proposal: Proposal | None
    paid_on: str  # empty: the card does not end during a stay
    may_admit: bool
    said: str  # the result of what was done last, in words
    is_good: bool


NO_LOOKUPS = VisitLookups([], None, "", False, "", False)


def make_visit_lookup_pages(
    visit_lookup: VisitLookup,
    admissions: Admissions,
    lookups: Lookups,
    proposals: Proposals,
    entitlements: Entitlements,
    settings: Settings,
    clock: Callable[[], datetime],
) -> Blueprint:
    """Return the blueprint of the buttons, and give the templates what they show."""
    pages = Blueprint("visit_lookups_page", __name__, url_prefix="/logbook/visits")

    def of_visit(visit: Visit) -> VisitLookups:
        kept = lookups.of_visit(visit.id)
        found = proposals.open(visit.id)
        answers = coverages_of(kept)
        newest = answers[-1][1] if answers else None
        law, now = entitlements.law, clock()
        until = newest.valid_until if newest else None
        has_next = newest is not None and newest.has_new_card
        day = last_paid_day(visit, until, has_next, law, now)
        said = request.args.get("looked", "")
        return VisitLookups(
            lines=_lines(visit, kept),
            proposal=found[0] if found else None,
            paid_on=paid_on_text(day) if day else "",
            may_admit=not visit.secret and visit.arrival.kind not in NOT_REPORTED,
            said=_said_text(said),
            is_good=said in (ANSWERED, ADMITTED, DECIDED),
        )

    @pages.app_context_processor
    def for_templates() -> dict[str, Any]:
        law = entitlements.law
        names = {row.code: row.name_vi for row in law.cares}
        return {
            "visit_lookups": readable_part("lookups", of_visit, NO_LOOKUPS),
            "open_proposals": proposals.open,
            "admission_cares": [(code, names.get(code, code)) for code in ADMISSION_CARES],
            "here_now": local_minute(clock()),
        }

    pages.add_app_template_filter(local_minute, "here")

    def shown(visit_id: str, said: str) -> ResponseReturnValue:
        target = url_for("logbook.visit_page", visit_id=visit_id, looked=said, _anchor="lookups")
        return redirect(target, 303)

    @pages.post("/<visit_id>/lookup")
    def look_up(visit_id: str) -> ResponseReturnValue:
        """Ask the insurer about the visit's card, then show the visit again."""
        purpose = request.form.get("purpose", "")
        if purpose not in list(PURPOSES):
            abort(400)
        author = author_here(settings)
        return shown(visit_id, _look_up(visit_lookup, visit_id, LookupPurpose(purpose), author))

    @pages.post("/<visit_id>/admission")
    def admit(visit_id: str) -> ResponseReturnValue:
        """Record an admission, then show the visit again."""
        return shown(visit_id, _admit(admissions, visit_id, clock(), author_here(settings)))

    @pages.post("/<visit_id>/proposal")
    def decide(visit_id: str) -> ResponseReturnValue:
        """Accept or dismiss what the insurer's answer would add, then show the visit again."""
        decision = request.form.get("decision")
        if decision not in (ACCEPT, DISMISS):
            abort(400)
        if decision == ACCEPT:
            is_done = visit_lookup.accept(visit_id, author_here(settings))
        else:
            proposals.dismiss(visit_id, clock(), author_here(settings))
            is_done = True
        return shown(visit_id, DECIDED if is_done else SENDING)

    return pages


def _look_up(visit_lookup: VisitLookup, visit_id: str, purpose: LookupPurpose, author: str) -> str:
    """Ask about a visit's card; return the result, for which the page has words."""
    try:
        visit_lookup.look_up(visit_id, purpose, author)
    except NoSuchVisit:
        abort(404)
    except CannotAsk as exc:
        return exc.why
    except NotAnswered as exc:
        return PAUSED if exc.paused else NO_ANSWER
    return ANSWERED


def _admit(admissions: Admissions, visit_id: str, now: datetime, author: str) -> str:
    """Record the admission of the form; return the result, for which the page has words."""
    try:
        admissions.admit(visit_id, read_admission(dict(request.form)), now, author)
    except NoSuchVisit:
        abort(404)
    except BadField:
        return WRONG_ADMISSION
    except AdmissionRefused as exc:
        return exc.why
    except StillSending:
        return SENDING
    return ADMITTED


def _lines(visit: Visit, kept: list[StoredLookup]) -> list[LookupLine]:
    """Return the look-ups of a visit, newest first, each with what its answer changed."""
    coverages = {lookup.id: coverage for lookup, coverage in coverages_of(kept)}
    lines: list[LookupLine] = []
    before: Coverage | None = None
    for lookup in kept:
        coverage = coverages.get(lookup.id)
        changes = coverage_changes(before, coverage) if before and coverage else []
        if coverage is None:
            result, is_good = lookup_text(lookup), lookup.result is LookupResult.ANSWERED
        else:
            card = Card(coverage.number, holder=visit.card.holder, born=visit.card.born)
            reason = reason_by_coverage(card, coverage, clinic_day(lookup.at))
            result = reason_text(reason, coverage.end_not_read)
            is_good = outcome_of(reason) is Outcome.ADMITTED
        lines.append(
            LookupLine(
                lookup,
                words_for(KIND_WORDS, lookup.kind),
                words_for(PURPOSE_WORDS, lookup.purpose),
                result,
                is_good,
                [change_text(change) for change in changes],
            )
        )
        before = coverage or before
    return lines[::-1]


def _said_text(said: str) -> str:
    """Return the result of what was done last, in words; empty if nothing was done."""
    if said in list(CannotAskWhy):
        return str(CANNOT_ASK_WORDS[CannotAskWhy(said)])
    if said in list(RefusedBecause):
        return str(ADMISSION_REFUSED_WORDS[RefusedBecause(said)])
    return str(SAID_WORDS.get(said, ""))
