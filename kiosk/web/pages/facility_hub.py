"""The pages over the whole facility, from the hub: search, tray, end of the day, report.

Each page names the desks of which the hub may lack something, and since when.  If the hub gives no
answer, the page says so and shows what this desk alone knows, as such.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.assembly import Kiosk
from kiosk.hub import DivergentVersion, FacilityFigures, HubAway, HubReader, HubView
from kiosk.insurer import cause_of
from kiosk.logbook import NoSuchVisit, Visit, corrected, differing_fields
from kiosk.reports import (
    Dimension,
    Figure,
    ReportPeriod,
    WrongPeriod,
    last_day_begun,
    read_period,
)
from kiosk.web.api.fields import POSSIBLE_YEARS, BadField, FieldFault, read_field, seen_version
from kiosk.web.hub_words import install_hub_words
from kiosk.web.older_days import OlderDays
from kiosk.web.pages.accesses import note_shown, note_shown_elsewhere
from kiosk.web.pages.change_results import DONE, NOT_CHANGED, WHY
from kiosk.web.pages.desks import author_here
from kiosk.web.pages.facility_search import add_facility_search
from kiosk.web.pages.facility_visit import FacilityVisits, add_facility_visit
from kiosk.web.pages.reports import of_the_day, period_here, usual_periods
from kiosk.web.report_charts import visit_charts
from kiosk.web.report_words import FAULT_WORDS, value_text
from kiosk.web.visit_versions import changed_fields
from verify import clinic_day

ROWS_SHOWN = 10  # of a table before the rest is unfolded
TAKE, LEAVE = "take", "leave"  # what a person does with a version that was set aside
TABLES = (Dimension.HOUR, Dimension.WEEKDAY, Dimension.OUTCOME, Dimension.REASON, Dimension.ROOM)


@dataclass
class FacilityAnswer:
    """What the hub answered to a page. `away`: it gave no answer."""

    away: HubAway | None = None
    parts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether there is an answer."""
        return self.away is None


def add_facility(pages: Blueprint, kiosk: Kiosk, hub: HubReader) -> None:
    """Add the pages to the blueprint of /facility; `hub` is asked."""
    install_hub_words(pages, kiosk.hub, kiosk.clock)
    older_days = OlderDays()
    add_facility_search(pages, kiosk, hub, older_days)
    add_facility_visit(pages, FacilityVisits(kiosk, hub, older_days))

    @pages.get("/tray")
    def tray() -> ResponseReturnValue:
        """Show what needs a person at any desk, and versions of which a person has to choose."""
        answer = _asked(hub, lambda view: {"desks": view.desks(), "open": view.open_cases()})
        found = answer.parts.get("open")
        if found is not None:
            named = (*found.messages, *found.divergent)
            note_shown_elsewhere(
                {case.visit: case.confirmed.person for case in named if case.confirmed}
            )
        local = [] if answer.is_known else kiosk.corrections.tray()
        if local:
            note_shown(entry.visit for entry in local)
        return render_template(
            "facility/tray.html",
            answer=answer,
            local=local,
            cause_of=cause_of,
            is_here=lambda visit_id: kiosk.visits.by_id(visit_id) is not None,
            said=request.args.get("said", ""),
            **answer.parts,
        )

    @pages.get("/day")
    def day() -> ResponseReturnValue:
        """Show the figures of a day by desk, by default of today."""
        chosen = _chosen_day(kiosk)
        period = ReportPeriod(chosen, chosen)
        answer = _asked(
            hub,
            lambda view: {
                "desks": view.desks(),
                "figures": view.figures(period),
                "open": view.open_cases(),
            },
        )
        return render_template(
            "facility/day.html",
            answer=answer,
            local=None if answer.is_known else _local_count(kiosk, period),
            day=chosen,
            is_today=chosen == clinic_day(kiosk.clock()),
            before=chosen - timedelta(days=1),
            after=chosen + timedelta(days=1) if chosen < _last_day(kiosk) else None,
            **answer.parts,
        )

    @pages.get("/report")
    def report() -> ResponseReturnValue:
        """Show the report of some days over the facility, by default of this month."""
        today = clinic_day(kiosk.clock())
        fault = ""
        try:
            period = period_here(today, _last_day(kiosk))
        except WrongPeriod as exc:
            fault = str(FAULT_WORDS[exc.fault])
            period = read_period(f"{today:%Y-%m}", today)
        if "from" in request.args and not fault:  # what was typed gets its usual address
            return redirect(url_for(".report", period=period.name), 303)
        answer = _asked(hub, lambda view: {"desks": view.desks(), "figures": view.figures(period)})
        figures: FacilityFigures | None = answer.parts.get("figures")
        after = period.after()
        page = render_template(
            "facility/report.html",
            answer=answer,
            local=None if answer.is_known else _local_count(kiosk, period),
            period=period,
            fault=fault,
            before=period.before(),
            after=after if after and after.first <= _last_day(kiosk) else None,
            usual=usual_periods(today),
            of_the_day=of_the_day,
            typed={name: request.args.get(name, "") for name in ("from", "to")},
            tables=TABLES,
            rows_shown=ROWS_SHOWN,
            charts=visit_charts(figures) if figures else {},
            is_open=period.last >= today,
            name_of=lambda by, value: value_text(
                by, value, kiosk.entitlements.law, min(period.last, today)
            ),
            **answer.parts,
        )
        return Response(page, 400 if fault else 200)

    _add_differing(pages, kiosk, hub)


def _add_differing(pages: Blueprint, kiosk: Kiosk, hub: HubReader) -> None:
    """Add the page on which a person chooses between two versions of a visit."""

    @pages.get("/visits/<visit_id>/versions")
    def differing(visit_id: str) -> ResponseReturnValue:
        """Show a visit beside the versions of it that were set aside."""
        return _differing_page(kiosk, hub, visit_id, request.args.get("said", ""))

    @pages.post("/visits/<visit_id>/versions")
    def choose(visit_id: str) -> ResponseReturnValue:
        """Leave the visit as it is, or take the other version as a correction; settle it.

        The correction comes first: if the hub gives no answer then, the version waits on, and the
        next choice finds nothing to change.
        """
        wanted = (request.form.get("stream", ""), request.form.get("divergent", ""))
        try:
            with hub.asking() as view:
                waiting = view.divergent(visit_id)
            which = next(
                (each for each in waiting if (str(each.stream), str(each.version)) == wanted), None
            )
            if which is None:
                return redirect(url_for(".tray", said="settled"), 303)
            said = _chosen(kiosk, visit_id, which)
            if said != DONE:
                return _differing_page(kiosk, hub, visit_id, said), 409
            with hub.asking(writes=True) as view:
                view.settle(which)
        except HubAway:
            return _differing_page(kiosk, hub, visit_id, "away"), 503
        return redirect(url_for(".tray", said="settled"), 303)


def _chosen(kiosk: Kiosk, visit_id: str, which: DivergentVersion) -> str:
    """Do what the form says with a version that was set aside; return the result."""
    if request.form.get("choice") != TAKE:
        return DONE
    other = which.confirmed
    try:
        why = read_field(request.form.get("why"), "why")
        if not why:
            raise BadField("why", FieldFault.MISSING)
        version = seen_version()
    except BadField:
        return WHY
    if other is None:
        abort(409)
    try:
        kiosk.corrections.change(
            visit_id,
            lambda visit: corrected(visit, differing_fields(visit, other)),
            why,
            kiosk.clock(),
            version,
            author_here(kiosk.settings),
        )
    except NoSuchVisit:
        abort(404)
    except tuple(NOT_CHANGED) as exc:
        # The visit is like this already: only the hub does not know yet.
        return DONE if NOT_CHANGED[type(exc)] == "same" else NOT_CHANGED[type(exc)]
    return DONE


def _differing_page(kiosk: Kiosk, hub: HubReader, visit_id: str, said: str) -> str:
    visit: Visit = kiosk.visits.by_id(visit_id) or abort(404)
    answer = _asked(hub, lambda view: {"desks": view.desks(), "waiting": view.divergent(visit_id)})
    waiting: list[DivergentVersion] = answer.parts.get("waiting", [])
    note_shown([visit_id])
    return render_template(
        "facility/differing.html",
        answer=answer,
        visit=visit,
        said=said,
        pairs=[
            (each, changed_fields(visit, each.confirmed) if each.confirmed else [])
            for each in waiting
        ],
        **answer.parts,
    )


def _asked(hub: HubReader, reads: Callable[[HubView], dict[str, Any]]) -> FacilityAnswer:
    """Ask the hub; return what `reads` made of it, or that there was no answer."""
    try:
        with hub.asking() as view:
            return FacilityAnswer(None, reads(view))
    except HubAway as exc:
        return FacilityAnswer(exc)


def _local_count(kiosk: Kiosk, period: ReportPeriod) -> int:
    """Return how many visits of a period are in the logbook of this desk."""
    return kiosk.reports.facts.count(period, Figure(Dimension.ALL))


def _last_day(kiosk: Kiosk) -> date:
    return last_day_begun(kiosk.clock(), kiosk.visits.newest_at())


def _chosen_day(kiosk: Kiosk) -> date:
    """Return the day that the address names.  Answers 404 if it is no day, or one to come."""
    text = request.args.get("date", "")
    if not text:
        return clinic_day(kiosk.clock())
    try:
        chosen = date.fromisoformat(text)
    except ValueError:
        abort(404)
    if chosen > _last_day(kiosk) or chosen.year not in POSSIBLE_YEARS:
        abort(404)
    return chosen
