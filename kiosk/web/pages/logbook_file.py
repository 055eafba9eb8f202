"""The page about the logbook's file: how it was found, its backups, and what people decided."""

from __future__ import annotations

import threading

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from kiosk.assembly import Kiosk
from kiosk.backup import LogbookTrouble, RestoreFailed, accept
from kiosk.logbook import DecisionKind, Decisions
from kiosk.runtime.errors import AlreadyRunning
from kiosk.web.api.fields import BadField
from kiosk.web.pages.desks import author_here
from kiosk.web.privacy_fields import read_text

MAX_SHOWN = 12  # backups
ANSWER_S = 1.0  # in which the answer is on its way before the program ends
MAX_AGE_S = 26 * 3600.0  # of the newest backup: a night and a morning


def make_logbook_file(kiosk: Kiosk, stop: threading.Event) -> Blueprint:
    """Return the blueprint of /logbook/file. `stop` ends the program, which is started again."""
    pages = Blueprint("logbook_file", __name__, url_prefix="/logbook/file")
    decisions = Decisions(kiosk.database)

    def shown(wrong: BadField | None = None, said: str = "") -> ResponseReturnValue:
        guard = kiosk.guard
        copies = guard.copies.all() if guard else []
        marker = guard.places.read()[0] if guard else None
        newest = guard.copies.newest() if guard else None
        age = kiosk.clock() - newest.made_at if newest and newest.made_at else None
        page = render_template(
            "logbook/file.html",
            guard=guard,
            troubles=LogbookTrouble,
            marker=marker,
            newest=newest,
            is_old=age is not None and age.total_seconds() > MAX_AGE_S,
            copies=copies[:MAX_SHOWN],
            faulty=guard.copies.faulty() if guard else [],
            more=max(0, len(copies) - MAX_SHOWN),
            decisions=decisions.newest(),
            kinds=DecisionKind,
            typed=request.form,
            wrong=wrong,
            said=said,
        )
        return page, 409 if said else 400 if wrong else 200

    @pages.get("")
    def page() -> ResponseReturnValue:
        """Show how the logbook was found, its marker, its backups and the decisions."""
        return shown()

    @pages.post("")
    def go_on() -> ResponseReturnValue:
        """Go on with the logbook that is there: a person takes it for the right one."""
        guard = kiosk.guard
        if guard is None or guard.is_decided or not guard.state.is_there:
            return shown(said="nothing")
        try:
            reason = read_text(request.form.get("why"), "why", is_required=True)
            author = author_here(kiosk.settings)
            decision = accept(guard, reason, author, kiosk.clock, is_serving=True)
        except BadField as exc:
            return shown(wrong=exc)
        except (RestoreFailed, AlreadyRunning):
            return shown(said="nothing")
        guard.is_decided = True
        threading.Timer(ANSWER_S, stop.set).start()
        return render_template("logbook/file_decided.html", numbers_from=decision.numbers_from)

    return pages
