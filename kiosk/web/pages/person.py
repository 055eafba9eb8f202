"""A person's page: all their visits here by years, as VssID's exam book shows them.

1.  The address names a visit of the person and no number.
2.  The visits are those that share a number with it, and those of records that a person has joined.
    If their names or births differ, the page says so: a wrong number leads to somebody else.
3.  The details of a visit come when it is opened, as a part of the page.
4.  What the insurer says is fetched when somebody asks, and marked as the insurer's.
5.  Who looked at the records is shown to those who may see all looks.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.assembly import Kiosk
from kiosk.desk import HistoryAnswer
from kiosk.logbook import (
    Access,
    Accesses,
    ExportedFile,
    Exports,
    NoSuchVisit,
    NothingToChange,
    PersonJoining,
    ReadableParts,
    Visit,
    VisitUnreadable,
    evidence_json,
    evidence_sha256,
    gather_evidence,
    known_numbers,
)
from kiosk.paper import to_pdf
from kiosk.runtime.program import program_version
from kiosk.staff import NotApproved, PinNotHere, TooManyTries
from kiosk.web.api.approvals import approval_here
from kiosk.web.api.fields import BadField, read_field, read_whole_number
from kiosk.web.evidence_paper import Making
from kiosk.web.pages.accesses import LOOKS, note_shown
from kiosk.web.pages.desks import author_here
from kiosk.web.permissions import may
from kiosk.web.person_history_paper import person_history_paper
from kiosk.web.visit_search_words import history_words
from verify import clinic_day, same_name

REFUSALS = (NotApproved, TooManyTries, PinNotHere)
JOINED, UNDONE, NOT_JOINED, NO_OTHER, WHY, NOT_APPROVED, DIFFERS = (
    *("joined", "undone", "not_joined", "no_other", "why", "not_approved", "differs"),
)
STATUS = {NOT_JOINED: 409, NO_OTHER: 400, WHY: 400, NOT_APPROVED: 403, DIFFERS: 409}
MAX_LOOKS = 30  # at a person's records, that their page shows
METHODS = ["GET", "POST"]  # a form brings the approval of a supervisor


class PersonBook:
    """What the page of a person shows."""

    def __init__(self, kiosk: Kiosk) -> None:
        self._kiosk = kiosk

    def visit(self, visit_id: str) -> Visit:
        """Return the visit of an address; answers 404 if there is no such visit."""
        return self._kiosk.visits.by_id(visit_id) or abort(404)

    def page(
        self, visit: Visit, said: str = "", history: HistoryAnswer | None = None
    ) -> ResponseReturnValue:
        """Return the page of the person of a visit."""
        found = self._kiosk.same_persons.visits_of(visit)
        visits = found.visits
        other = self._asked_other() if said == DIFFERS else None
        note_shown(each.id for each in (*visits, *([other] if other else [])))
        joinings = self._kiosk.same_persons.of_visits([each.id for each in visits])
        page = render_template(
            "logbook/person.html",
            visit=visit,
            visits=visits,
            unreadable=found.unreadable,
            years=_by_years(visits),
            numbers=_numbers(visits),
            differing=_differing(visits),
            joinings=[(joining, self._other(joining, visits)) for joining in joinings],
            accesses=self._accesses(visits),
            looks=LOOKS,
            history=history,
            can_ask=self._kiosk.gateway is not None and not visit.secret,
            said=said,
            typed=request.form,
            other=other,
        )
        return page, STATUS.get(said, 200)

    def join(self, visit: Visit) -> str:
        """Join the person of a visit with another one; return what is said of it."""
        try:
            why, other_id = read_field(request.form.get("why"), "why"), _other_id()
        except BadField:
            return WHY
        other = self._kiosk.visits.by_id(other_id) if other_id else None
        if other is None:
            return NO_OTHER
        if not why:
            return WHY
        if _differing([visit, other]) and request.form.get("sure") != "yes":
            return DIFFERS
        kiosk = self._kiosk
        try:
            within = approval_here("POST", "person.join", visit.id)
            kiosk.same_persons.join(
                visit.id, other.id, why, kiosk.clock(), author_here(kiosk.settings), within
            )
        except REFUSALS:
            return NOT_APPROVED
        except NoSuchVisit:
            return NO_OTHER
        except NothingToChange:
            return NOT_JOINED
        kiosk.visits.note_correction()
        return JOINED

    def undo(self, visit: Visit) -> str:
        """End a joining; return what is said of it."""
        try:
            why = read_field(request.form.get("why"), "why")
            joining = read_whole_number(request.form.get("joining"), "joining")
        except BadField:
            return WHY
        if not why or joining is None:
            return WHY
        kiosk = self._kiosk
        try:
            within = approval_here("POST", "person.undo", visit.id)
            kiosk.same_persons.undo(
                joining, why, kiosk.clock(), author_here(kiosk.settings), within
            )
        except REFUSALS:
            return NOT_APPROVED
        except NothingToChange:
            return NOT_JOINED
        kiosk.visits.note_correction()
        return UNDONE

    def _accesses(self, visits: Sequence[Visit]) -> list[Access] | None:
        """Return who looked at the person's records, newest first. None if the caller may not."""
        if not may("GET", "accesses.page"):
            return None
        ids = [visit.id for visit in visits]
        return Accesses(self._kiosk.database).of_person(ids, _numbers(visits), MAX_LOOKS)

    def _asked_other(self) -> Visit | None:
        return self._kiosk.visits.by_id(_other_id())

    def _other(self, joining: PersonJoining, visits: Sequence[Visit]) -> Visit | None:
        """Return the visit of the other record that a joining names, for its name."""
        ids = {visit.id: visit for visit in visits}
        for visit_id in (joining.other, joining.visit):
            if visit_id not in ids:
                with contextlib.suppress(VisitUnreadable):  # the joining stays, without a name
                    return self._kiosk.visits.by_id(visit_id)
        return ids.get(joining.other)


def make_person(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /logbook/visits/…/person."""
    pages = Blueprint("person", __name__, url_prefix="/logbook/visits/<visit_id>")
    view = PersonBook(kiosk)
    pages.app_context_processor(lambda: {"history_words": history_words})

    @pages.get("/person")
    def page(visit_id: str) -> ResponseReturnValue:
        """Show all visits of the person of a visit."""
        return view.page(view.visit(visit_id), request.args.get("said", ""))

    @pages.get("/exam")
    def exam(visit_id: str) -> ResponseReturnValue:
        """Return the details of one visit, as a part of the page."""
        visit = view.visit(visit_id)
        parts = ReadableParts()
        evidence = gather_evidence(kiosk.database, kiosk.corrections, visit, parts)
        return render_template(
            "logbook/exam.html", visit=visit, evidence=evidence, damaged=parts.damaged
        )

    @pages.post("/person/history")
    def history(visit_id: str) -> ResponseReturnValue:
        """Ask the insurer for the person's history, and show it beside our own."""
        visit = view.visit(visit_id)
        return view.page(visit, "", kiosk.insurer_history.ask(visit, author_here(kiosk.settings)))

    @pages.post("/person/join")
    def join(visit_id: str) -> ResponseReturnValue:
        """Join this record with another one of the same person."""
        return _shown(visit_id, view.join(view.visit(visit_id)))

    @pages.post("/person/undo")
    def undo(visit_id: str) -> ResponseReturnValue:
        """End a joining."""
        return _shown(visit_id, view.undo(view.visit(visit_id)))

    def _shown(visit_id: str, said: str) -> ResponseReturnValue:
        if said in (JOINED, UNDONE):
            return redirect(url_for("person.page", visit_id=visit_id, said=said), 303)
        return view.page(view.visit(visit_id), said)

    _add_paper(pages, kiosk, view)
    return pages


def _add_paper(pages: Blueprint, kiosk: Kiosk, view: PersonBook) -> None:
    """Add the paper for the person."""

    @pages.route("/person.pdf", methods=METHODS)
    def paper(visit_id: str) -> ResponseReturnValue:
        """Return the person's visits on paper, for the person."""
        visit = view.visit(visit_id)
        visits = kiosk.same_persons.visits_of(visit)
        note_shown(each.id for each in visits.visits)
        parts = ReadableParts()
        found = [
            gather_evidence(kiosk.database, kiosk.corrections, each, parts)
            for each in visits.visits
        ]
        sha256 = evidence_sha256({"visits": [evidence_json(each) for each in found]})
        author = author_here(kiosk.settings)
        making = Making(kiosk.clock(), author, program_version(), sha256)
        try:
            within = approval_here("GET", "person.paper", visit_id)
            Exports(kiosk.database).record(
                ExportedFile("history.pdf", visit_id, making.at, author, sha256), within
            )
        except REFUSALS:
            if request.method == "GET":
                raise
            return view.page(visit, NOT_APPROVED)
        facility = kiosk.settings.facility
        name = f"{facility.name} ({facility.code})" if facility.name else facility.code
        answer = Response(
            to_pdf(person_history_paper(found, name, making, len(visits.unreadable))),
            mimetype="application/pdf",
        )
        answer.headers["Cache-Control"] = "no-store"
        answer.headers.set("Content-Disposition", "attachment", filename=f"history-{visit_id}.pdf")
        return answer


def _other_id() -> str:
    """Return the id of the other visit: it may come as the address of its page."""
    text = read_field(request.form.get("other"), "other")
    return text.partition("?")[0].rstrip("/").removesuffix("/person").rpartition("/")[2]


def _by_years(visits: Sequence[Visit]) -> list[tuple[int, list[Visit]]]:
    def year(visit: Visit) -> int:
        return clinic_day(visit.arrived_at).year

    return [(key, list(group)) for key, group in itertools.groupby(visits, key=year)]


def _numbers(visits: Sequence[Visit]) -> list[str]:
    return sorted(set().union(*map(known_numbers, visits)))


def _differing(visits: Sequence[Visit]) -> list[tuple[str, list[Any]]]:
    """Return the fields in which visits of one person differ, with all their values."""
    names: list[str] = []
    for visit in visits:
        holder = visit.card.holder
        if holder and not any(same_name(holder, name) for name in names):
            names.append(holder)
    births = list(dict.fromkeys(visit.card.born for visit in visits if visit.card.born))
    births = [
        born
        for place, born in enumerate(births)
        if not any(born.agrees_with(earlier) for earlier in births[:place])
    ]
    sexes = list(dict.fromkeys(visit.card.sex for visit in visits if visit.card.sex))
    found: list[tuple[str, list[Any]]] = [("holder", names), ("born", births), ("sex", sexes)]
    return [(name, values) for name, values in found if len(values) > 1]
