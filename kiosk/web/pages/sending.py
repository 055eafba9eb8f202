"""The page of sending, where several desks share a hub: who sends, takeovers, shared lists.

What is known of other desks is asked of the hub when the page is opened; if it does not answer, the
page says so, and shows what this desk knows by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from kiosk.assembly import Kiosk, Sending
from kiosk.errors import KioskError
from kiosk.logbook import SharedListState
from kiosk.web.pages.desks import author_here

if TYPE_CHECKING:  # nothing of the hub is imported without one
    from kiosk.hub import DeskSending

MAX_REASON = 300  # characters
LATE = timedelta(minutes=10)  # since a desk was seen, before the page says so
DONE, LET_GO = "done", "let_go"
NO_REASON, NOT_REACHED, NOTHING_WAITS = "no_reason", "not_reached", "nothing_waits"
REFUSED = {
    "no_desk": _l("Nothing was changed: the hub knows no such desk."),
    "own": _l("Nothing was changed: this desk sends its own messages."),
    "works": _l("Nothing was changed: that desk is not retired. IT retires it first."),
    "taken": _l("Nothing was changed: another desk has taken it over."),
    NO_REASON: _l("Nothing was changed: write why."),
    NOT_REACHED: _l("The hub does not answer: it is not known whether this was done. Try again."),
    NOTHING_WAITS: _l("Nothing was changed: this desk sends already."),
}
NOTES = {
    "other_person": _l("this number belongs to somebody else at this desk"),
    "screen": _l("this number belongs to a screen for patients at this desk"),
    "last_administrator": _l("the only administrator of this desk stays one"),
    "needs_confirmation": _l("a higher role, or being let in again, needs an administrator here"),
    "wrong": _l("a field cannot be right"),
    "not_written": _l("the file could not be written; it is tried again"),
    "overruled": _l("another desk changed it at the same time: that change counts"),
}
STAFF = "staff"
LISTS = {"rooms": _l("Rooms"), STAFF: _l("Staff")}


def make_sending(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /sending."""
    pages = Blueprint("sending", __name__, url_prefix="/sending")
    settings = kiosk.settings

    @pages.get("")
    def page() -> ResponseReturnValue:
        """Show who sends what."""
        return _page(kiosk, request.args.get("said", ""))

    @pages.post("/take/<int:desk>")
    def take(desk: int) -> ResponseReturnValue:
        """Send from here what a retired desk has not sent."""
        sending = _sending(kiosk)
        if not _reason():
            return _page(kiosk, NO_REASON), 400
        try:
            why = sending.take(desk, author_here(settings), _reason())
        except (
            KioskError,
            OSError,
        ):  # of the hub, or of this desk's logbook; both may have taken it
            return _page(kiosk, NOT_REACHED), 503
        if why:
            return _page(kiosk, why), 409
        return redirect(url_for(".page", said=DONE), 303)

    @pages.post("/let-go")
    def let_go() -> ResponseReturnValue:
        """Let this desk send although the hub has not said that it may."""
        sending = _sending(kiosk)
        if not _reason():
            return _page(kiosk, NO_REASON), 400
        if not sending.waits_for_person():
            return _page(kiosk, NOTHING_WAITS), 409
        now, desk = kiosk.clock(), settings.hub.desk
        sending.let_go(desk, author_here(settings), _reason(), now)
        return redirect(url_for(".page", said=LET_GO), 303)

    return pages


def _sending(kiosk: Kiosk) -> Sending:
    return kiosk.sending or abort(404)


def _reason() -> str:
    return request.form.get("reason", "").strip()[:MAX_REASON]


def _page(kiosk: Kiosk, said: str) -> str:
    sending = kiosk.sending
    if sending is None:
        return render_template("sending/sending.html", sending=None, said="")
    desks = sending.desks()
    return render_template(
        "sending/sending.html",
        sending=sending,
        own=kiosk.settings.hub.desk,
        overview=sending.lane.overview(),
        desks=desks,
        late=_late(desks or [], kiosk.clock()),
        decisions=sending.decisions.newest(),
        lists=[_list(sending.lists.read(kind)) for kind in LISTS],
        notes=NOTES,
        list_names=LISTS,
        said=said,
        refused=REFUSED.get(said, ""),
    )


def _late(desks: Sequence[DeskSending], now: datetime) -> set[int]:
    """Return the numbers of the desks that were not seen lately, and are not retired.

    Their moments are of the hub's clock, `now` (aware) of this desk's.
    """
    return {
        desk.number
        for desk in desks
        if desk.retired_at is None and (desk.seen_at is None or now - desk.seen_at > LATE)
    }


def _list(state: SharedListState) -> tuple[SharedListState, list[tuple[str, str]]]:
    """Return a list's state, and its notes: what each is about, and which note it is."""
    notes = []
    for key, why in state.notes.items():
        name = str((state.entries.get(key) or {}).get("name", ""))
        about = (key, name) if state.kind == STAFF else (name or key,)  # a room's key is its name
        notes.append((" · ".join(part for part in about if part), why))
    return state, notes
