"""The suspicions of misuse that people recorded: as a list to print, and each with its evidence."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from kiosk.assembly import Kiosk
from kiosk.logbook import (
    Attempt,
    CardSuspicion,
    ChangedMeanwhile,
    Ground,
    NoSuchSuspicion,
    SuspicionState,
    ground_of,
)
from kiosk.web.api.fields import MAX_ID, BadField, FieldFault, read_field, seen_version
from kiosk.web.api.identity_fields import read_past_moment
from kiosk.web.language import local_minute
from kiosk.web.pages.accesses import note_shown
from kiosk.web.pages.change_results import DONE, NOT_CHANGED, WRONG
from kiosk.web.pages.desks import author_here

GROUND_WORDS = {
    Ground.FORGED: _l("the card’s signature is not genuine"),
    Ground.REVOKED: _l("the card or its key was revoked"),
    Ground.NOT_LIVE: _l("a picture instead of the holder’s phone"),
    Ground.SHOWN_BEFORE: _l("the same code was shown shortly before"),
    Ground.WITHDRAWN: _l("the insurer has withdrawn the card"),
    Ground.NAME_DIFFERS: _l("the name differs from the insurer’s"),
    Ground.BIRTH_DIFFERS: _l("the birth date differs from the insurer’s"),
    Ground.SEX_DIFFERS: _l("the sex differs from the insurer’s"),
    Ground.OTHER_PERSON: _l("the patient does not look like the holder"),
    Ground.OTHER: _l("another sign; see the note"),
}
STATE_WORDS = {
    SuspicionState.OPEN: _l("the insurer was not informed yet"),
    SuspicionState.REPORTED: _l("the insurer was informed"),
    SuspicionState.WITHDRAWN: _l("withdrawn: it was not so"),
}


def make_suspicions(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /logbook/suspicions."""
    pages = Blueprint("suspicions", __name__, url_prefix="/logbook/suspicions")
    pages.add_app_template_filter(lambda ground: str(GROUND_WORDS[ground]), "ground")
    pages.add_app_template_filter(lambda state: str(STATE_WORDS[state]), "suspicion_state")

    @pages.get("")
    def listed() -> ResponseReturnValue:
        """Show all suspicions."""
        return _list(kiosk)

    @pages.post("/numbers")
    def with_numbers() -> ResponseReturnValue:
        """Show all suspicions with the whole numbers, to print them for the insurer."""
        return _list(kiosk, shows_numbers=True)

    @pages.route("/new", methods=["GET", "POST"])
    def new() -> ResponseReturnValue:
        """Ask what is suspected about a reading."""
        attempt = _attempt(kiosk)
        wrong = None
        if request.method == "POST":
            try:
                return _to(_add(kiosk, attempt))
            except BadField as exc:
                wrong = exc
        page = render_template(
            "logbook/new_suspicion.html",
            attempt=attempt,
            visit=kiosk.visits.by_reading(attempt.reading),
            grounds=list(Ground),
            suggested=ground_of(attempt.reason),
            typed=request.form,
            wrong=wrong,
        )
        return page, 400 if wrong else 200

    @pages.route("/<int(max=999999999999):suspicion_id>", methods=["GET", "POST"])
    def single(suspicion_id: int) -> ResponseReturnValue:
        """Show a suspicion with its evidence, or change it."""
        try:
            suspicion = kiosk.suspicions.get(suspicion_id)
        except NoSuchSuspicion:
            abort(404)
        said, wrong = _result_of(kiosk, suspicion) if request.method == "POST" else ("", None)
        if said == DONE:
            return _to(suspicion_id)
        page = render_template(
            "logbook/suspicion.html",
            suspicion=suspicion,
            versions=kiosk.suspicions.versions(suspicion_id),
            attempt=kiosk.attempts.readable(suspicion.verdict_of),
            typed=request.form,
            said=said,
            wrong=wrong,
            now=local_minute(kiosk.clock()),
        )
        return page, (400 if wrong else 409 if said else 200)

    return pages


def _list(kiosk: Kiosk, shows_numbers: bool = False) -> str:
    found = [(each, kiosk.attempts.readable(each.verdict_of)) for each in kiosk.suspicions.newest()]
    note_shown(each.visit for each, _attempt in found if each.visit)
    return render_template(
        "logbook/suspicions.html",
        suspicions=found,
        today=kiosk.clock(),
        shows_numbers=shows_numbers,
    )


def _to(suspicion_id: int) -> ResponseReturnValue:
    return redirect(url_for("suspicions.single", suspicion_id=suspicion_id), 303)


def _attempt(kiosk: Kiosk) -> Attempt:
    """Return the newest verdict on the reading that the address names, or answer 404."""
    reading = request.args.get("reading", type=int, default=0)
    attempt = kiosk.attempts.get(reading) if 0 < reading <= MAX_ID else None
    newest = attempt and kiosk.attempts.newest_verdict_on(attempt.reading)
    return newest or abort(404)


def _add(kiosk: Kiosk, attempt: Attempt) -> int:
    ground, note = request.form.get("ground", ""), read_field(request.form.get("note"), "note")
    if ground not in set(Ground):
        raise BadField("ground", None)
    if ground == Ground.OTHER and not note:
        raise BadField("note", FieldFault.MISSING)
    author = author_here(kiosk.settings)
    return kiosk.suspicions.add(attempt, Ground(ground), note, kiosk.clock(), author)


def _result_of(kiosk: Kiosk, suspicion: CardSuspicion) -> tuple[str, BadField | None]:
    """Make a change; return its result, and the field that cannot be read if there is one."""
    try:
        _change(kiosk, suspicion)
    except BadField as exc:
        return WRONG, exc
    except tuple(NOT_CHANGED) as exc:
        return NOT_CHANGED[type(exc)], None
    return DONE, None


def _change(kiosk: Kiosk, suspicion: CardSuspicion) -> None:
    """Report or withdraw a suspicion.  Raises BadField if a field cannot be read."""
    form, now, author = request.form, kiosk.clock(), author_here(kiosk.settings)
    if seen_version() != suspicion.version:
        raise ChangedMeanwhile("another version was looked at")
    if form.get("act") == "withdraw":
        why = read_field(form.get("why"), "why")
        if not why:
            raise BadField("why", FieldFault.MISSING)
        kiosk.suspicions.withdraw(suspicion, why, now, author)
        return
    recipient = read_field(form.get("recipient"), "recipient")
    if not recipient:
        raise BadField("recipient", FieldFault.MISSING)
    first = kiosk.suspicions.versions(suspicion.id)[0].at
    moment = read_past_moment(form.get("reported_at"), "reported_at", first, now)
    way = read_field(form.get("way"), "way")
    kiosk.suspicions.report(suspicion, recipient, moment, way, now, author)
