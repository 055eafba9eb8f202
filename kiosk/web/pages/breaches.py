"""The register of breaches: the list, each with its clocks, and the notice to the authority."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from kiosk.assembly import Kiosk
from kiosk.paper import to_pdf
from kiosk.privacy import Breach, BreachFacts, BreachState, NoSuchBreach, NotTheSame
from kiosk.web.api.fields import (
    BadField,
    FieldFault,
    read_field,
    read_whole_number,
    required_version,
)
from kiosk.web.breach_paper import breach_paper
from kiosk.web.language import local_minute
from kiosk.web.pages.desks import author_here
from kiosk.web.privacy_fields import read_past, read_text

TEXTS = ("what", "data", "cause", "harm", "measures")
PAST = ("began_at", "first_word_at", "reported_at", "people_informed_at")


def make_breaches(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /privacy/breaches."""
    pages = Blueprint("breaches", __name__, url_prefix="/privacy/breaches")
    breaches = kiosk.privacy.breaches

    def listing(wrong: BadField | None = None) -> ResponseReturnValue:
        now = kiosk.clock()
        page = render_template(
            "privacy/breaches.html",
            breaches=[(breach, breach.facts.is_late(now)) for breach in breaches.newest()],
            typed=request.form,
            wrong=wrong,
            now=local_minute(now),
        )
        return page, 400 if wrong else 200

    @pages.get("")
    def listed() -> ResponseReturnValue:
        """Show all breaches: the open ones first, and which are late."""
        return listing()

    @pages.post("")
    def add() -> ResponseReturnValue:
        """Record a breach with what is known first."""
        try:
            facts = _first_facts(kiosk.clock())
        except BadField as exc:
            return listing(exc)
        breach_id = breaches.add(facts, kiosk.clock(), author_here(kiosk.settings))
        return redirect(url_for("breaches.single", breach_id=breach_id), 303)

    @pages.route("/<int(max=999999999999):breach_id>", methods=["GET", "POST"])
    def single(breach_id: int) -> ResponseReturnValue:
        """Show a breach with its clocks, or record what is known now."""
        breach = _found(kiosk, breach_id)
        said, wrong, now = "", None, kiosk.clock()
        if request.method == "POST":
            try:
                facts = _facts(breach.facts, now)
                if required_version() != breach.version:
                    raise NotTheSame("another version was looked at")
                breaches.change(breach, facts, now, author_here(kiosk.settings))
                return redirect(url_for("breaches.single", breach_id=breach_id), 303)
            except NotTheSame:
                said = "stale"
            except BadField as exc:
                wrong = exc
        page = render_template(
            "privacy/breach.html",
            breach=breach,
            versions=breaches.versions(breach_id),
            is_late=breach.facts.is_late(now),
            now=now,
            typed=request.form if wrong or said else _typed(breach.facts),
            states=tuple(BreachState),
            said=said,
            wrong=wrong,
        )
        return page, 409 if said else 400 if wrong else 200

    _add_notice(pages, kiosk)
    return pages


def _add_notice(pages: Blueprint, kiosk: Kiosk) -> None:
    @pages.get("/<int(max=999999999999):breach_id>/notice.pdf")
    def notice(breach_id: int) -> ResponseReturnValue:
        """Return the notice to the authority, in Vietnamese, filled from what is known."""
        breach, facility = _found(kiosk, breach_id), kiosk.settings.facility
        name = f"{facility.name} ({facility.code})" if facility.name else facility.code
        with force_locale("vi"):
            content = to_pdf(breach_paper(breach, name, kiosk.clock()))
        answer = Response(content, mimetype="application/pdf")
        answer.headers["Cache-Control"] = "no-store"
        answer.headers.set(
            "Content-Disposition", "attachment", filename=f"breach-{breach_id}-notice.pdf"
        )
        return answer


def _found(kiosk: Kiosk, breach_id: int) -> Breach:
    try:
        return kiosk.privacy.breaches.get(breach_id)
    except NoSuchBreach:
        abort(404)


def _first_facts(now: datetime) -> BreachFacts:
    form = request.form
    return BreachFacts(
        noticed_at=read_past(form.get("noticed_at"), "noticed_at", now) or now,
        what=read_text(form.get("what"), "what", is_required=True),
        is_severe=form.get("is_severe") == "yes",
        contact=read_field(form.get("contact"), "contact"),
    )


def _facts(before: BreachFacts, now: datetime) -> BreachFacts:
    """Return what the form says. Raises BadField if a field cannot be read."""
    form = request.form
    state = form.get("state", "")
    if state not in set(BreachState):
        raise BadField("state", None)
    values: dict[str, Any] = {name: read_text(form.get(name), name) for name in TEXTS}
    if not values["what"]:
        raise BadField("what", FieldFault.MISSING)
    values |= {name: read_past(form.get(name), name, now) for name in PAST}
    return BreachFacts(
        noticed_at=read_past(form.get("noticed_at"), "noticed_at", now) or before.noticed_at,
        state=BreachState(state),
        people=read_whole_number(form.get("people"), "people"),
        is_severe=form.get("is_severe") == "yes",
        contact=read_field(form.get("contact"), "contact"),
        **values,
    )


def _typed(facts: BreachFacts) -> dict[str, str]:
    """Return what is known as the form shows it."""
    moments = {name: getattr(facts, name) for name in ("noticed_at", *PAST)}
    return {
        **{name: getattr(facts, name) for name in (*TEXTS, "contact")},
        **{name: local_minute(moment) if moment else "" for name, moment in moments.items()},
        "people": "" if facts.people is None else str(facts.people),
        "is_severe": "yes" if facts.is_severe else "",
        "state": facts.state,
    }
