"""Words about the hub: why it gives no answer, and which desks it may lack something of."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kiosk.hub import AwayReason, DeskState, HubAway
from kiosk.web.language import moment_text
from verify import clinic_day

TROUBLE_WORDS = {
    AwayReason.SILENT: _l("The hub cannot be reached."),
    AwayReason.LOGIN_REFUSED: _l("The hub does not let this desk in: tell IT."),
    AwayReason.UNFIT: _l("The hub is not the one that this desk may use: tell IT."),
    AwayReason.BUSY: _l("Other pages are asking the hub just now: load the page again."),
    AwayReason.FAULT: _l("The hub could not answer this: tell IT if it happens again."),
}


def install_hub_words(pages: Blueprint) -> None:
    """Give the templates the words about the hub."""
    pages.add_app_template_filter(away_text, "hub_trouble")
    pages.add_app_template_filter(desk_text, "hub_desk")
    pages.add_app_template_filter(clinic_day, "day_of")


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
            return f"{desk.letter} · {desk.name}"
    return str(_("desk %(name)s", name=number))
