"""The cases to follow up: unknown patients, temporary card numbers, suspicions not yet reported.

The page of each visit has a section about them, with links to the forms of this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.assembly import Kiosk
from kiosk.desk import (
    NoTemporaryCode,
    NothingToConfirm,
    may_have_temporary_code,
    may_identify,
)
from kiosk.errors import KioskError
from kiosk.insurer import ARRIVALS, NOT_REPORTED
from kiosk.logbook import (
    Attempt,
    CommuneNotice,
    MessageEvent,
    ReadableParts,
    ReadingUsedBefore,
    Visit,
    VisitVersion,
    inform_by,
    joinings,
    last_to_undo,
)
from kiosk.web.api.fields import BadField, FieldFault, read_field
from kiosk.web.api.identity import join_visit
from kiosk.web.api.identity_fields import read_change, read_past_moment, read_temporary_code
from kiosk.web.damaged_parts import readable_part
from kiosk.web.language import local_minute
from kiosk.web.pages.change_results import DONE, NOT_CHANGED, WRONG
from kiosk.web.pages.desks import author_here, chosen_desk, readers_elsewhere

READINGS_PERIOD = timedelta(minutes=30)  # the cards that a joining offers
MAX_READINGS = 8
RESULTS: dict[type[KioskError], str] = NOT_CHANGED | {
    NothingToConfirm: "not_identified",
    ReadingUsedBefore: "used",
    NoTemporaryCode: "no_temporary_code",
}


def make_follow_up(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /logbook/cases and of the forms of a visit."""
    pages = Blueprint("follow_up", __name__, url_prefix="/logbook")

    @pages.get("/cases")
    def cases() -> ResponseReturnValue:
        """Show what has to be followed up."""
        unknown = [
            (visit, inform_by(visit), kiosk.commune_notices.of_visit(visit.id))
            for visit in kiosk.visits.with_unknown_patient()
        ]
        suspicions = [found for found in kiosk.suspicions.newest() if found.state == "open"]
        return render_template(
            "logbook/cases.html",
            unknown=unknown,
            temporary=kiosk.visits.with_temporary_code(),
            suspicions=suspicions,
            now=kiosk.clock(),
        )

    @pages.route("/visits/<visit_id>/identity", methods=["GET", "POST"])
    def identity(visit_id: str) -> ResponseReturnValue:
        """Ask who the patient of a visit is; or undo that it was found out."""
        visit = kiosk.visits.by_id(visit_id) or abort(404)
        return _form(
            kiosk, visit, "logbook/identity.html", _join, lambda: _identity_page(kiosk, visit)
        )

    @pages.route("/visits/<visit_id>/temporary-code", methods=["GET", "POST"])
    def temporary_code(visit_id: str) -> ResponseReturnValue:
        """Ask for the temporary card number of a visit."""
        visit = kiosk.visits.by_id(visit_id) or abort(404)
        can_build = kiosk.settings.visit.build_temporary_codes == "yes"
        return _form(
            kiosk,
            visit,
            "logbook/temporary_code.html",
            _set_temporary_code,
            lambda: {"can_build": can_build, "may_have": may_have_temporary_code(visit)},
        )

    @pages.get("/visits/<visit_id>/slip")
    def slip(visit_id: str) -> ResponseReturnValue:
        """Show the slip of an unknown patient, to print."""
        visit = kiosk.visits.by_id(visit_id)
        if visit is None or visit.unknown is None:
            abort(404)
        return render_template("logbook/slip.html", visit=visit)

    @pages.route("/visits/<visit_id>/commune", methods=["GET", "POST"])
    def commune(visit_id: str) -> ResponseReturnValue:
        """Ask which commune was informed of an unknown patient."""
        visit = kiosk.visits.by_id(visit_id) or abort(404)
        return _form(
            kiosk,
            visit,
            "logbook/commune.html",
            _add_notice,
            lambda: {
                "notices": kiosk.commune_notices.of_visit(visit.id),
                "by": inform_by(visit),
                "now": local_minute(kiosk.clock()),
            },
        )

    suspicions = readable_part("suspicions", kiosk.suspicions.on_reading, ())
    notices = readable_part("notices", kiosk.commune_notices.of_visit, ())

    @pages.app_template_global("follow_up_of")
    def follow_up_of(
        visit: Visit, versions: list[VisitVersion], history: list[MessageEvent]
    ) -> dict[str, Any]:
        """Return what the page of a visit shows of these cases."""
        is_left_out = visit.arrival.kind in NOT_REPORTED or visit.cancelled_at is not None
        return {
            "is_wrongly_there": is_left_out and any(event.state == "accepted" for event in history),
            "by": inform_by(visit),
            "is_due": inform_by(visit) <= kiosk.clock(),
            "notices": notices(visit.id) if visit.unknown else [],
            "trace": joinings(versions, visit),
            "can_undo": last_to_undo(versions, visit) is not None,
            "may_have_code": may_have_temporary_code(visit),
            "suspicions": suspicions(visit.attempt),
        }

    return pages


def _identity_page(kiosk: Kiosk, visit: Visit) -> dict[str, Any]:
    versions = kiosk.corrections.versions(visit.id, ReadableParts())
    return {
        "readings": _readings(kiosk),
        "arrivals": list(ARRIVALS),
        "trace": joinings(versions, visit),
        "can_undo": last_to_undo(versions, visit) is not None,
    }


def _readings(kiosk: Kiosk) -> list[Attempt]:
    """Return the cards that were read at this desk in the last half hour and have no visit."""
    elsewhere = readers_elsewhere(kiosk.settings, chosen_desk(kiosk.settings))
    found = kiosk.attempts.cards_since(kiosk.clock() - READINGS_PERIOD, 10 * MAX_READINGS)
    usable = [
        attempt
        for attempt in found
        if attempt.reader not in elsewhere
        and may_identify(attempt)
        and kiosk.visits.by_reading(attempt.reading) is None
    ]
    return usable[:MAX_READINGS]


def _form(
    kiosk: Kiosk,
    visit: Visit,
    template: str,
    act: Callable[[Kiosk, Visit], None],
    more: Callable[[], Mapping[str, Any]],
) -> ResponseReturnValue:
    """Show a form about a visit, or do what it was sent for.

    If nothing was changed, the page says why, and its fields hold what was typed.
    """
    said, wrong = "", None
    if request.method == "POST":
        try:
            act(kiosk, visit)
            return redirect(url_for("logbook.visit_page", visit_id=visit.id, said=DONE), 303)
        except BadField as exc:
            said, wrong = WRONG, exc
        except tuple(RESULTS) as exc:
            said = RESULTS[type(exc)]
    page = render_template(
        template, visit=visit, said=said, wrong=wrong, typed=request.form, **more()
    )
    return page, (400 if wrong else 409 if said else 200)


def _join(kiosk: Kiosk, visit: Visit) -> None:
    author = author_here(kiosk.settings)
    if request.form.get("act") == "undo":
        kiosk.identification.undo(visit.id, read_change(request.form, author))
    else:
        join_visit(kiosk.identification, visit.id, request.form, author)


def _set_temporary_code(kiosk: Kiosk, visit: Visit) -> None:
    code = read_temporary_code(request.form.get("code"), "code")
    may_build = kiosk.settings.visit.build_temporary_codes == "yes"
    if not code and not (may_build and request.form.get("act") == "build"):
        raise BadField("code", FieldFault.MISSING)
    change = read_change(request.form, author_here(kiosk.settings))
    kiosk.identification.set_temporary_code(visit.id, code, change)


def _add_notice(kiosk: Kiosk, visit: Visit) -> None:
    form, now = request.form, kiosk.clock()
    recipient = read_field(form.get("recipient"), "recipient")
    if not recipient:
        raise BadField("recipient", FieldFault.MISSING)
    notice = CommuneNotice(
        visit=visit.id,
        recipient=recipient,
        informed_at=read_past_moment(form.get("informed_at"), "informed_at", visit.arrived_at, now),
        way=read_field(form.get("way"), "way"),
        note=read_field(form.get("note"), "note"),
        at=now,
        author=author_here(kiosk.settings),
    )
    kiosk.commune_notices.add(notice)
