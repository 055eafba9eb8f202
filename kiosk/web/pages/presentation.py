"""The page on which a card is recorded that was presented after the visit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.desk import Desk, LatePresentations, NothingRead, takes_a_card
from kiosk.errors import KioskError
from kiosk.insurer import ARRIVALS, UNINSURED
from kiosk.logbook import Attempt, Attempts, NoSuchVisit, PresentedAs, Visit, Visits
from kiosk.readers import scans_in
from kiosk.settings import Settings
from kiosk.web.api.fields import MAX_ID, BadField, seen_version
from kiosk.web.api.people import read_typed_moment
from kiosk.web.api.presentation import PROBLEMS, read_presentation
from kiosk.web.damaged_parts import readable_part
from kiosk.web.pages.change_results import DONE
from kiosk.web.pages.desks import author_here
from kiosk.web.presentation_words import add_words
from scanner import Scan

READER = "typed-visit"  # of cards that are read on this page
MAX_CARD = 4_096  # characters of a code
FIELDS = ("presented_at", "presented_as", "arrival", "clerk_reason")
NO_CARD, BAD_FIELD = "no_card", "bad_field"  # beside the kinds in PROBLEMS


def make_presentation_page(
    late: LatePresentations,
    desk: Desk,
    visits: Visits,
    attempts: Attempts,
    settings: Settings,
    clock: Callable[[], datetime],
) -> Blueprint:
    """Return the blueprint of /logbook/…/presentation."""
    pages = Blueprint("presentation_page", __name__, url_prefix="/logbook")
    add_words(pages)
    earlier_use = readable_part("visits", visits.earlier_use, None)
    pages.app_context_processor(lambda: {"takes_a_card": takes_a_card, "earlier_use": earlier_use})

    @pages.get("/visits/<visit_id>/presentation")
    def form(visit_id: str) -> ResponseReturnValue:
        """Show the form for a card that is presented later."""
        visit = visits.by_id(visit_id) or abort(404)
        return _form(visit, {"version": str(visit.version)})

    @pages.post("/visits/<visit_id>/presentation")
    def present(visit_id: str) -> ResponseReturnValue:
        """Record the card; if that is not possible, show the form again with what was typed."""
        visit = visits.by_id(visit_id) or abort(404)
        if visit.secret:  # reading a card would ask the insurer about it
            abort(409, "The visit is a state secret: no card can be added here.")
        typed = {name: request.form.get(name, "") for name in (*FIELDS, "attempt", "version")}
        attempt = _card_in(request.form.get("card", ""), desk, clock()) or _attempt(
            attempts, typed["attempt"]
        )
        if attempt is None:
            return _form(visit, typed, NO_CARD), 422
        typed["attempt"] = str(attempt.id)
        problem, field = _record(late, visit, typed, author_here(settings), clock())
        if problem:
            typed["version"] = str(visit.version)
            return _form(
                visit, typed, problem, attempts.newest_verdict_on(attempt.reading), field
            ), 409
        return redirect(url_for("logbook.visit_page", visit_id=visit_id, said=DONE), 303)

    return pages


def _form(
    visit: Visit,
    typed: dict[str, str],
    problem: str = "",
    attempt: Attempt | None = None,
    field: str = "",
) -> str:
    return render_template(
        "logbook/present.html",
        visit=visit,
        typed=typed,
        problem=problem,
        attempt=attempt,
        field=field,
        forms=list(PresentedAs),
        arrivals=[kind for kind in ARRIVALS if kind != UNINSURED],
    )


def _card_in(text: str, desk: Desk, now: datetime) -> Attempt | None:
    """Return the verdict on a card that was read or typed into the form. None if it is empty."""
    payload = text[: MAX_CARD + 1].encode("utf-8", "surrogatepass")
    try:
        return [desk.receive(Scan(single, READER, now)) for single in scans_in(payload)][-1]
    except NothingRead:
        return None


def _attempt(attempts: Attempts, text: str) -> Attempt | None:
    """Return the attempt that the form names, of a card that was read before."""
    is_id = text.isascii() and text.isdigit() and len(text) < len(str(MAX_ID))
    return attempts.get(int(text)) if is_id else None


def _record(
    late: LatePresentations, visit: Visit, typed: dict[str, str], author: str, now: datetime
) -> tuple[str, str]:
    """Record the card; return what is wrong, and with which field. Both are empty if nothing is."""
    body: dict[str, object] = {name: typed[name] for name in FIELDS}
    try:
        moment = read_typed_moment(typed["presented_at"], "presented_at", now)
        body["presented_at"] = moment and moment.isoformat()
        late.record(
            visit.id,
            read_presentation(body, int(typed["attempt"]), author),
            seen_version(),
        )
    except BadField as exc:
        return BAD_FIELD, exc.name
    except NoSuchVisit:
        abort(404)
    except tuple(PROBLEMS) as exc:
        return PROBLEMS[_kind(exc)][1], ""
    return "", ""


def _kind(exc: BaseException) -> type[KioskError]:
    return next(kind for kind in PROBLEMS if isinstance(exc, kind))
