"""The page of a visit that another desk recorded: to read, to correct, and to cancel.

1.  It is read from the hub for each page, and for each change: a change is made of what stands
    there, and never while the hub gives no answer.  What was typed stays in the form.
2.  A change has the form, the checks, the reason and the approvals of one in the logbook
    (`kiosk.web.pages.logbook`).  If somebody else has changed the visit meanwhile, both are shown.
3.  It is written into this desk's logbook, with its author, and goes up.  The desk that recorded
    the visit takes it over and sends it.  The page says how far it has come.
4.  A visit that is in this desk's logbook is changed there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from kiosk.assembly import Kiosk
from kiosk.hub import (
    ChangeObstacle,
    ChangeState,
    DeskState,
    HubAway,
    HubReader,
    VisitAtHub,
    make_change,
    obstacle,
    state_of_change,
)
from kiosk.insurer import ARRIVALS
from kiosk.logbook import (
    ChangedMeanwhile,
    ChangeMade,
    Correction,
    NewVisit,
    Visit,
    WrittenChange,
    corrected,
)
from kiosk.staff import NotApproved, PinNotHere, TooManyTries
from kiosk.web.api.approvals import approval_here
from kiosk.web.api.fields import BadField, FieldFault, read_field, required_version
from kiosk.web.callers import caller_here
from kiosk.web.older_days import OlderDays
from kiosk.web.pages.accesses import note_shown_elsewhere
from kiosk.web.pages.change_results import DONE, SAME, STALE, UNDECIDED, WHY, WRONG
from kiosk.web.pages.correction_form import (
    BIRTH_TIME,
    EXPECTED_WORDS,
    FIELDS,
    is_newborn,
    read_corrections,
    shown_values,
    typed_fields,
)
from kiosk.web.pages.desks import author_here
from kiosk.web.pages.two_corrections import TwoCorrections, two_corrections, undecided
from verify import clinic_day

# Results: the hub is away; the visit is not seen there; there is an obstacle.
AWAY, UNSEEN, IN_THE_WAY = "away", "unseen", "in_the_way"
NOT_APPROVED = "not_approved"
CORRECT, CANCEL = "correct", "cancel"
STATUS = {AWAY: 503, UNSEEN: 404, WRONG: 400, WHY: 400, NOT_APPROVED: 403}


@dataclass
class VisitLook:
    """A visit of another desk, or why it cannot be shown, and what was changed here."""

    visit_id: str
    at_hub: VisitAtHub | None = None
    desks: Sequence[DeskState] = ()
    away: HubAway | None = None
    written: WrittenChange | None = field(default=None, repr=False)
    state: ChangeState | None = None
    obstacle: ChangeObstacle | None = None

    def owner(self) -> DeskState | None:
        """Return the desk that recorded the visit, if the hub knows it."""
        visit = self.at_hub.visit if self.at_hub else None
        return next((desk for desk in self.desks if visit and desk.id == visit.desk), None)

    def is_state_older(self) -> bool:
        """Return whether what is known of the message is of a version before the newest.

        That is so until the visit's own desk has taken another desk's change over. Of a retired
        desk the change is queued with its version.
        """
        owner = self.owner()
        if self.at_hub is None or owner is None or owner.retired_at is not None:
            return False
        visit = self.at_hub.visit
        return self.at_hub.last_desk != visit.desk and visit.insurer_state != "not_sent"


class FacilityVisits:
    """Reads visits of other desks, and changes them."""

    def __init__(self, kiosk: Kiosk, hub: HubReader, older_days: OlderDays) -> None:
        self._kiosk, self._hub, self._older_days = kiosk, hub, older_days

    def is_here(self, visit_id: str) -> bool:
        """Return whether a visit is in the logbook of this desk."""
        return self._kiosk.visits.by_id(visit_id) is not None

    def look(self, visit_id: str) -> VisitLook:
        """Read a visit from the hub, as far as the caller can see it there."""
        look = VisitLook(visit_id, written=self._kiosk.changes_made.newest(visit_id))
        session = caller_here().session
        older = self._older_days.look(session.id if session else None, self._kiosk.clock())
        all_days = older is not None and self._hub.reads_all_days
        try:
            with self._hub.asking(all_days) as view:
                look.desks = view.desks()
                look.at_hub = view.visit(visit_id)
        except HubAway as exc:
            look.away = exc
        if look.at_hub is not None:
            note_shown_elsewhere(
                {visit_id: look.at_hub.visit.person}, older.why if older and all_days else ""
            )
        look.state = self._state(look)
        if look.at_hub is not None:
            look.obstacle = obstacle(
                look.at_hub,
                self._hub.desk,
                self._kiosk.settings.hub.records == "yes",
                look.state,
            )
        return look

    def _state(self, look: VisitLook) -> ChangeState | None:
        hub = self._kiosk.hub
        if look.written is None or hub is None:
            return None
        seq = look.written.seq
        return state_of_change(look.written, look.at_hub, hub.has_sent(seq), hub.has_set_aside(seq))

    def change(self, visit_id: str, kind: str) -> ResponseReturnValue:
        """Correct or cancel a visit; then show it again.

        If nothing was changed, the page says why, and its fields hold what was typed.
        """
        look = self.look(visit_id)
        if look.at_hub is None:  # it cannot be reached, or older days have closed meanwhile
            said = AWAY if look.away else UNSEEN
            return self.page(look, said, kind), STATUS[said]
        if look.obstacle is not None:
            return self.page(look, IN_THE_WAY, kind), 409
        result, wrong = self._result(look.at_hub, look.at_hub.as_visit(), kind)
        if result == DONE:
            return redirect(url_for(".visit", visit_id=visit_id), 303)
        return self.page(look, result, kind, wrong), STATUS.get(result, 409)

    def _result(
        self, at_hub: VisitAtHub, visit: Visit, kind: str
    ) -> tuple[str, Sequence[BadField]]:
        """Make a change; return its result, and the fields that cannot be read if there are any."""
        now = self._kiosk.clock()
        wrong: list[BadField] = []
        fixed: dict[str, Correction] = {}
        if kind == CORRECT:
            fixed, wrong = read_corrections(visit, clinic_day(now))
            if undecided() and not wrong:
                return UNDECIDED, []
        why, version = "", 0
        try:
            version = required_version()
            why = read_field(request.form.get("why"), "why")
            if not why:
                raise BadField("why", FieldFault.MISSING)
        except BadField as exc:
            wrong.append(exc)
        if wrong:
            return WHY if [fault.name for fault in wrong] == ["why"] else WRONG, wrong
        if version != visit.version:
            return STALE, []
        before = at_hub.visit.confirmed
        assert before is not None  # there is no obstacle
        after: NewVisit | None = corrected(before, fixed) if kind == CORRECT else None
        if after == before:
            return SAME, []
        author = author_here(self._kiosk.settings)
        return self._write(make_change(at_hub, after, now, author, why), kind), []

    def _write(self, change: ChangeMade, kind: str) -> str:
        try:
            within: Callable[..., object] | None = None
            if kind == CANCEL:
                within = approval_here("POST", "facility.cancel", change.visit)
            self._kiosk.changes_made.record(change, within)
        except (NotApproved, TooManyTries, PinNotHere):
            return NOT_APPROVED
        except ChangedMeanwhile:
            return STALE
        return DONE

    def page(
        self, look: VisitLook, said: str = "", kind: str = "", wrong: Sequence[BadField] = ()
    ) -> str:
        """Return the page of a visit: after a change failed, with what its form held."""
        form = TwoCorrections({}, {}, {}, {})
        fields = list(FIELDS)
        if look.at_hub is not None and look.at_hub.visit.confirmed is not None:
            visit = look.at_hub.as_visit()
            form = (
                two_corrections(visit, look.at_hub.earlier, shows_numbers=False)
                if kind == CORRECT
                else TwoCorrections(shown_values(visit, shows_numbers=False), {}, {}, {})
            )
            if not (is_newborn(visit) or form.values[BIRTH_TIME]):
                fields.remove(BIRTH_TIME)
        elif kind == CORRECT:  # the hub is away: only what was typed is known
            typed = typed_fields()
            form = TwoCorrections(typed, {}, {}, {})
            fields = [name for name in FIELDS if name in typed]
        return render_template(
            "facility/visit.html",
            look=look,
            visit=look.at_hub.visit if look.at_hub else None,
            version=look.at_hub.visit.version if look.at_hub else request.form.get("version", ""),
            desks=look.desks,
            has_form=look.obstacle in ((None, ChangeObstacle.WAITS) if kind else (None,)),
            said=said,
            kind=kind,
            fields=fields,
            values=form.values,
            two=form,
            arrivals=list(ARRIVALS),
            wrong={fault.name: fault for fault in wrong},
            at_fault=(),
            shows_numbers=False,
            expected=EXPECTED_WORDS,
            why={kind: request.form.get("why", "")},
        )


def add_facility_visit(pages: Blueprint, visits: FacilityVisits) -> None:
    """Add the page of a visit of another desk to the blueprint of /facility."""

    @pages.get("/visits/<visit_id>")
    def visit(visit_id: str) -> ResponseReturnValue:
        """Show a visit as it stands at the hub; one that is in this logbook, there."""
        if visits.is_here(visit_id):
            return _to_logbook(visit_id)
        look = visits.look(visit_id)
        if look.away is None and look.at_hub is None:
            abort(404)
        return visits.page(look)

    @pages.post("/visits/<visit_id>/correct")
    def correct(visit_id: str) -> ResponseReturnValue:
        """Correct a visit of another desk."""
        if visits.is_here(visit_id):
            return _to_logbook(visit_id)
        return visits.change(visit_id, CORRECT)

    @pages.post("/visits/<visit_id>/cancel")
    def cancel(visit_id: str) -> ResponseReturnValue:
        """Cancel a visit of another desk."""
        if visits.is_here(visit_id):
            return _to_logbook(visit_id)
        return visits.change(visit_id, CANCEL)


def _to_logbook(visit_id: str) -> Response:
    """Lead to a visit in the logbook of this desk."""
    return redirect(url_for("logbook.visit_page", visit_id=visit_id), 303)
