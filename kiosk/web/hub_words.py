"""Words about the hub: why it gives no answer, and which desks it may lack something of."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kiosk.hub import UP_TO_DATE, AwayReason, DeskState, Hub, HubAway, HubState
from kiosk.logbook import LogbookUnavailable
from kiosk.web.language import moment_text
from verify import clinic_day

log = logging.getLogger(__name__)

SHORT = 3  # letters of a desk's name, such as its number, which needs the word before it

TROUBLE_WORDS = {
    AwayReason.SILENT: _l("The hub cannot be reached."),
    AwayReason.LOGIN_REFUSED: _l("The hub does not let this desk in: tell IT."),
    AwayReason.UNFIT: _l("The hub is not the one that this desk may use: tell IT."),
    AwayReason.BUSY: _l("Other pages are asking the hub just now: load the page again."),
    AwayReason.FAULT: _l("The hub could not answer this: tell IT if it happens again."),
}


def install_hub_words(pages: Blueprint, hub: Hub | None, now: Callable[[], datetime]) -> None:
    """Give the templates the words about the hub; `now` returns the time, aware."""
    pages.add_app_template_global(lambda: own_backlog(hub, now()), "hub_backlog")
    pages.add_app_template_filter(away_text, "hub_trouble")
    pages.add_app_template_filter(desk_text, "hub_desk")
    pages.add_app_template_filter(clinic_day, "day_of")


def own_backlog(hub: Hub | None, now: datetime) -> HubState | None:
    """Return how this desk stands with its hub, if it is late itself or the hub refuses rows of it.

    None if all is sent, if it is waiting for a moment only, or if that cannot be read.
    """
    try:
        state = hub.state() if hub is not None else None
    except (LogbookUnavailable, OSError) as exc:
        log.error("it cannot be said how this desk stands with its hub (%s)", type(exc).__name__)
        return None
    if state is None:
        return None
    is_late = state.seen_until is not None and now - state.seen_until > UP_TO_DATE
    return state if is_late or state.set_aside else None


def away_text(away: HubAway) -> str:
    """Return why the hub gives no answer, and since when pages have noticed."""
    why = str(TROUBLE_WORDS[away.trouble])
    if away.since is None:
        return why
    since = _("Noticed at %(at)s.", at=moment_text(away.since))
    return f"{why} {since}"


def desk_text(number: int, desks: Sequence[DeskState]) -> str:
    """Return a desk as people call it: its letter and its name. Its number if it is not known."""
    for desk in desks:
        if desk.id == number:
            is_short = len(desk.name) <= SHORT
            name = str(_("desk %(n)s", n=desk.name)) if is_short else desk.name
            return f"{desk.letter} · {name}"
    return str(_("desk %(n)s", n=number))
