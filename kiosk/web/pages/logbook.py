"""The pages of the logbook: the tray, and one visit with its history.

`visit_search` adds the search.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from flask import Blueprint, abort, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.insurer import ARRIVALS, Cause, Deadlines, cause_of, fields_at_fault
from kiosk.logbook import (
    Correction,
    Corrections,
    NoSuchVisit,
    NothingToChange,
    Outbox,
    ReadableParts,
    TrayEntry,
    Visit,
    Visits,
    VisitVersion,
)
from kiosk.settings import Settings
from kiosk.staff import NotApproved, PinNotHere, TooManyTries
from kiosk.web.api.approvals import approval_here, use_approval_here
from kiosk.web.api.fields import BadField, FieldFault, read_field, seen_version
from kiosk.web.language import FAULT_WORDS
from kiosk.web.pages.change_results import DONE, NOT_CHANGED, UNDECIDED, WHY, WRONG
from kiosk.web.pages.correction_form import (
    BIRTH_TIME,
    EXPECTED_WORDS,
    FIELDS,
    is_newborn,
    read_corrections,
    shown_values,
)
from kiosk.web.pages.desks import author_here
from kiosk.web.pages.two_corrections import TwoCorrections, two_corrections, undecided
from verify import Deadline, clinic_day

NO_DEADLINE = datetime.max.replace(tzinfo=UTC)  # behind all others
SEND_AGAIN = "send-again"
CHANGES = ("correct", "cancel", "close", SEND_AGAIN)
NOT_APPROVED = "not_approved"  # a result: the supervisor's number or PIN was wrong
REFUSALS = (NotApproved, TooManyTries, PinNotHere)
NOT_APPROVED_STATUS = {NOT_APPROVED: 403}


def make_logbook(
    visits: Visits,
    outbox: Outbox,
    corrections: Corrections,
    settings: Settings,
    clock: Callable[[], datetime],
    deadlines: Deadlines,
) -> Blueprint:
    """Return the blueprint of /logbook."""
    logbook = Blueprint("logbook", __name__, url_prefix="/logbook")

    @logbook.get("/tray")
    def tray() -> ResponseReturnValue:
        """Show the messages that the insurer refused, and those that could not be sent.

        Those that are overdue come first, then those that are due next.
        """
        now = clock()
        current = deadlines.at(now)
        due = [(entry, current.of(entry.due_as, entry.arrived_at)) for entry in corrections.tray()]
        entries = [
            (entry, cause_of(entry.code), fields_at_fault(entry.message), deadline)
            for entry, deadline in sorted(due, key=lambda pair: _due_at(pair[1]))
        ]
        return render_template(
            "logbook/tray.html", entries=entries, counts=outbox.counts(), now=now
        )

    @logbook.post("/tray/send-again")
    def send_all_again() -> ResponseReturnValue:
        """Send again all messages that wait because of our account, now that it works again."""
        for entry in corrections.tray():
            if cause_of(entry.code) is Cause.ACCOUNT:
                with contextlib.suppress(NothingToChange):  # somebody else has just done it
                    corrections.send_again(entry.visit, clock(), author_here(settings))
        return redirect(url_for(".tray"), 303)

    @logbook.get("/visits/<visit_id>")
    def visit_page(visit_id: str) -> ResponseReturnValue:
        """Show one visit, the history of its messages, and what can be done."""
        visit = visits.by_id(visit_id) or abort(404)
        return _page_of(visit, outbox, corrections, request.args.get("said", ""))

    def changed(visit_id: str, change: str) -> ResponseReturnValue:
        """Make a change; then show the visit again.

        If nothing was changed, the page says why, and its fields hold what was typed.
        """
        visit = visits.by_id(visit_id) or abort(404)
        result, wrong = _result_of(corrections, visit, change, clock(), author_here(settings))
        if result == DONE:
            return redirect(url_for(".visit_page", visit_id=visit_id, said=DONE), 303)
        visit = visits.by_id(visit_id) or abort(404)
        status = 400 if wrong else NOT_APPROVED_STATUS.get(result, 409)
        return _page_of(visit, outbox, corrections, result, change, wrong), status

    @logbook.post("/visits/<visit_id>/fields")
    def check_fields(visit_id: str) -> ResponseReturnValue:
        """Say what is wrong with the fields of the form, while it is being filled in."""
        visit = visits.by_id(visit_id) or abort(404)
        _fixed, wrong = read_corrections(visit, clinic_day(clock()))
        words = {
            fault.name: str(FAULT_WORDS[fault.fault] if fault.fault else EXPECTED_WORDS[fault.name])
            for fault in wrong
            if fault.fault or fault.name in EXPECTED_WORDS
        }
        return jsonify({"wrong": words})

    # An endpoint for each change: not everybody may make all of them.
    for change in CHANGES:
        logbook.add_url_rule(
            f"/visits/<visit_id>/{change}",
            change.replace("-", "_"),
            functools.partial(changed, change=change),
            methods=["POST"],
        )
    _add_numbers(logbook, visits, outbox, corrections)
    return logbook


def _add_numbers(
    logbook: Blueprint, visits: Visits, outbox: Outbox, corrections: Corrections
) -> None:
    """Add what shows the numbers of a person, which pages mask."""

    @logbook.post("/visits/<visit_id>/numbers")
    def show_numbers(visit_id: str) -> ResponseReturnValue:
        """Show one visit with the whole numbers of its person, once."""
        visit = visits.by_id(visit_id) or abort(404)
        try:
            use_approval_here("POST", "logbook.show_numbers", visit_id)
        except REFUSALS:
            page = _page_of(visit, outbox, corrections, NOT_APPROVED, "numbers")
            return page, NOT_APPROVED_STATUS[NOT_APPROVED]
        return _page_of(visit, outbox, corrections, "", shows_numbers=True)


def _due_at(deadline: Deadline | None) -> datetime:
    return NO_DEADLINE if deadline is None else deadline.due_at


def _page_of(
    visit: Visit,
    outbox: Outbox,
    corrections: Corrections,
    said: str,
    change: str = "",
    wrong: Sequence[BadField] = (),
    shows_numbers: bool = False,
) -> str:
    """Return the page of a visit: after `change` failed, with what its form held.

    `wrong` are the fields that cannot be read, if that was the reason.
    """
    parts = ReadableParts()
    waiting: list[TrayEntry] = parts.read("messages", lambda: corrections.tray(visit.id), [])
    versions: list[VisitVersion] = parts.read(
        "versions", lambda: corrections.versions(visit.id, parts), []
    )
    form = (
        two_corrections(visit, versions, shows_numbers)
        if change == "correct"
        else TwoCorrections(shown_values(visit, shows_numbers), {}, {}, {})
    )
    return render_template(
        "logbook/visit.html",
        visit=visit,
        versions=versions,
        history=parts.read("history", lambda: outbox.history(visit.id), []),
        damaged=parts.damaged,
        cause=cause_of(waiting[0].code) if waiting else None,
        at_fault=fields_at_fault(visit.message) if waiting else [],
        fields=[
            name
            for name in FIELDS
            if name != BIRTH_TIME or is_newborn(visit) or form.values[BIRTH_TIME]
        ],
        values=form.values,
        two=form,
        arrivals=list(ARRIVALS),
        said=said,
        wrong={fault.name: fault for fault in wrong},
        shows_numbers=shows_numbers,
        expected=EXPECTED_WORDS,
        why={change: request.form.get("why", "")},
    )


def _result_of(
    corrections: Corrections, visit: Visit, change: str, now: datetime, author: str
) -> tuple[str, list[BadField]]:
    """Make a change; return its result, and the fields that cannot be read if there are any."""
    wrong: list[BadField] = []
    fixed: dict[str, Correction] = {}
    why, version = "", None
    if change == "correct":
        fixed, wrong = read_corrections(visit, clinic_day(now))
        if undecided() and not wrong:
            return UNDECIDED, []
    try:
        why = read_field(request.form.get("why"), "why")
        if not why and change != SEND_AGAIN:
            raise BadField("why", FieldFault.MISSING)
        version = seen_version()
    except BadField as exc:
        wrong.append(exc)
    if wrong:
        return WHY if [fault.name for fault in wrong] == ["why"] else WRONG, wrong
    return _change(corrections, visit.id, change, fixed, why, version, now, author), []


def _change(
    corrections: Corrections,
    visit_id: str,
    change: str,
    fixed: dict[str, Correction],
    why: str,
    version: int | None,
    now: datetime,
    author: str,
) -> str:
    """Make a change, and return its result.  Answers 404 if there is no such visit."""
    try:
        if change == "correct":
            corrections.correct(visit_id, fixed, why, now, version, author)
        elif change == "cancel":
            within = approval_here("POST", "logbook.cancel", visit_id)
            corrections.cancel(visit_id, why, now, author, within)
        elif change == "close":
            corrections.close(visit_id, why, now, author)
        else:
            corrections.send_again(visit_id, now, author)
    except NoSuchVisit:
        abort(404)
    except REFUSALS:
        return NOT_APPROVED
    except tuple(NOT_CHANGED) as exc:
        return NOT_CHANGED[type(exc)]
    return DONE
