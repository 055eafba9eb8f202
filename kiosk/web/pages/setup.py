"""The first-run assistant: an overview of the steps, and a page for each.

1. A step is left and resumed at any time; what was typed and cannot be written yet is kept.
2. A page changes the settings file only as a whole and checked: see `kiosk.setup.site_file`.
3. Settings count from the next start: each page says so, and offers it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from flask import Blueprint, abort, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.assembly import Kiosk, rehearse_start
from kiosk.errors import SettingsError
from kiosk.logbook import LogbookUnavailable
from kiosk.settings import Settings
from kiosk.setup import Notes, SetupProgress, SetupSite, SetupStep, StepState, progress_of
from kiosk.web.callers import caller_here
from kiosk.web.pages.setup_form import needs_restart
from kiosk.web.pages.setup_steps import StepPages
from kiosk.web.permissions import may
from kiosk.web.setup_words import install_setup_words

log = logging.getLogger(__name__)


def make_setup(kiosk: Kiosk, site: SetupSite | None) -> Blueprint:
    """Return the blueprint of /setup; its pages say so if there is no site."""
    pages = Blueprint("setup", __name__, url_prefix="/setup")
    pages.record_once(lambda state: install_setup_words(state.app))
    started = secrets.token_hex(8)  # tells this run of the program from the next one
    steps = StepPages(kiosk, site) if site else None

    @pages.get("")
    def overview() -> ResponseReturnValue:
        """Show what is done, what is open, and what is not needed."""
        if site is None or steps is None:
            return render_template("setup/away.html"), 404
        return _overview(kiosk, site, request.args.get("said", ""))

    @pages.get("/<step>")
    def step(step: str) -> ResponseReturnValue:
        """Show a step as it was left."""
        return steps.shown(_step(step)) if steps else abort(404)

    @pages.post("/<step>")
    def change(step: str) -> ResponseReturnValue:
        """Save a step, try it, keep it for later, or mark it as not needed."""
        return steps.changed(_step(step)) if steps else abort(404)

    @pages.get("/state")
    def state() -> ResponseReturnValue:
        """Return what pages of the assistant wait for: a start, a test scan, a first update."""
        if steps is None:
            abort(404)
        return jsonify(
            {
                "started": started,
                "readings": kiosk.test_card.count,
                "feed": steps.feed.result.state,
            }
        )

    @pages.post("/restart")
    def restart() -> ResponseReturnValue:
        """End the program so that it starts again; the page comes back by itself."""
        if site is None or site.restart is None:
            abort(409)
        try:
            rehearse_start(site.in_use(), kiosk.folder, kiosk.clock)
        except SettingsError as exc:  # it would not start again
            return _overview(kiosk, site, "", str(exc)), 409
        log.warning("the program starts again: asked for by member %s", caller_here().number)
        site.restart()
        following = request.form.get("next", "")
        back = url_for(".step", step=following) if following in list(SetupStep) else "/setup"
        return render_template("setup/restarting.html", started=started, back=back)

    _add_badge(pages, kiosk, site)
    return pages


def _step(name: str) -> SetupStep:
    return SetupStep(name) if name in list(SetupStep) else abort(404)


def _overview(kiosk: Kiosk, site: SetupSite, said: str, fault: str = "") -> str:
    notes = site.notes.read()
    found: Settings | None = None
    try:
        found = site.file.settings()
    except SettingsError as exc:
        fault = fault or str(exc)
    progress = progress_here(kiosk, found or kiosk.settings, notes)
    return render_template(
        "setup/overview.html",
        site=site,
        notes=notes,
        progress=progress,
        count=sum(state is StepState.DONE for state in progress.states.values()),
        steps=list(SetupStep),
        states=StepState,
        fault=fault,
        said=said,
        restart_needed=needs_restart(kiosk, site),
        is_set_up=bool(kiosk.settings.facility.code),
    )


def progress_here(kiosk: Kiosk, settings: Settings, notes: Notes) -> SetupProgress:
    """Return how far the set-up is; members that cannot be counted now are taken to exist."""
    try:
        has_members = kiosk.staff.members.exist()
    except LogbookUnavailable:
        has_members = True
    return progress_of(settings, notes, has_members)


def _add_badge(pages: Blueprint, kiosk: Kiosk, site: SetupSite | None) -> None:
    """Let the rail of each page say to administrators how many required steps are missing."""

    def missing() -> int:
        if site is None or site.is_demo or not may("GET", "setup.overview"):
            return 0
        return len(progress_here(kiosk, kiosk.settings, site.notes.read()).missing)

    count: Callable[[], int] = missing
    pages.add_app_template_global(count, "setup_missing")
