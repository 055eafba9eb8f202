"""The register of what persons asked about their own data: the list, a new one, and its answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.assembly import Kiosk
from kiosk.privacy import NoSuchRequest, NotTheSame, PersonRequest, RequestKind, RequestState
from kiosk.web.api.fields import BadField, read_field, required_version
from kiosk.web.language import local_minute
from kiosk.web.pages.desks import author_here
from kiosk.web.privacy_fields import read_past, read_text
from verify import clinic_day

ANSWERS = (RequestState.ANSWERED, RequestState.DONE, RequestState.REFUSED)


def make_person_requests(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /privacy/requests."""
    pages = Blueprint("person_requests", __name__, url_prefix="/privacy/requests")
    requests = kiosk.privacy.requests

    def listing(wrong: BadField | None = None) -> ResponseReturnValue:
        now = kiosk.clock()
        given = kiosk.consents.newest(now)
        page = render_template(
            "privacy/requests.html",
            requests=[_row(kiosk, each, now) for each in requests.newest()],
            kinds=tuple(RequestKind),
            typed=request.form,
            wrong=wrong,
            now=local_minute(now),
            consents_in_force=sum(consent.is_in_force(now) for consent in given),
            consents_over=sum(not consent.is_in_force(now) for consent in given),
        )
        return page, 400 if wrong else 200

    @pages.get("")
    def listed() -> ResponseReturnValue:
        """Show all requests: those that wait first, and which are late."""
        return listing()

    @pages.post("")
    def add() -> ResponseReturnValue:
        """Record a request."""
        try:
            request_id = _add(kiosk)
        except BadField as exc:
            return listing(exc)
        return redirect(url_for("person_requests.single", request_id=request_id), 303)

    @pages.route("/<int(max=999999999999):request_id>", methods=["GET", "POST"])
    def single(request_id: int) -> ResponseReturnValue:
        """Show a request with its history, or record its answer."""
        try:
            found = requests.get(request_id)
        except NoSuchRequest:
            abort(404)
        said, wrong = "", None
        if request.method == "POST":
            try:
                _answer(kiosk, found)
                return redirect(url_for("person_requests.single", request_id=request_id), 303)
            except NotTheSame:
                said = "stale"
            except BadField as exc:
                wrong = exc
        page = render_template(
            "privacy/request.html",
            request_row=_row(kiosk, found, kiosk.clock()),
            versions=requests.versions(request_id),
            answers=ANSWERS,
            typed=request.form,
            said=said,
            wrong=wrong,
        )
        return page, 409 if said else 400 if wrong else 200

    return pages


def _row(kiosk: Kiosk, found: PersonRequest, now: datetime) -> dict[str, object]:
    requests = kiosk.privacy.requests
    return {
        "request": found,
        "answer_day": clinic_day(requests.answer_by(found) - timedelta(microseconds=1)),
        "aim_day": clinic_day(found.aim),
        "done_day": clinic_day(found.done_by),
        "is_late": requests.is_late(found, now),
    }


def _add(kiosk: Kiosk) -> int:
    form, now = request.form, kiosk.clock()
    kind = form.get("kind", "")
    if kind not in set(RequestKind):
        raise BadField("kind", None)
    about = read_text(form.get("about"), "about", is_required=True)
    contact = read_field(form.get("contact"), "contact")
    way = read_field(form.get("way"), "way")
    received_at = read_past(form.get("received_at"), "received_at", now) or now
    author = author_here(kiosk.settings)
    return kiosk.privacy.requests.add(
        RequestKind(kind), about, contact, way, received_at, now, author
    )


def _answer(kiosk: Kiosk, found: PersonRequest) -> None:
    """Record an answer. Raises BadField if a field cannot be read, NotTheSame if it is older."""
    state = request.form.get("state", "")
    if state not in {each.value for each in ANSWERS}:
        raise BadField("state", None)
    answer = read_text(request.form.get("answer"), "answer", is_required=True)
    if required_version() != found.version:
        raise NotTheSame("another version was looked at")
    author = author_here(kiosk.settings)
    kiosk.privacy.requests.answer(found, RequestState(state), answer, kiosk.clock(), author)
