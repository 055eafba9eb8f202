"""The page of what is kept, how long, and what was deleted."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from kiosk.assembly import Kiosk
from kiosk.logbook import ConsentPurpose, Consents
from kiosk.privacy import CHECKED_ON


def make_privacy(kiosk: Kiosk) -> Blueprint:
    """Return the blueprint of /privacy."""
    pages = Blueprint("privacy", __name__, url_prefix="/privacy")

    @pages.get("")
    def kept() -> ResponseReturnValue:
        """Show each kind of data with its period, its source and its oldest row."""
        last = kiosk.nightly_runs.last_report()
        return render_template(
            "privacy/kept.html",
            states=kiosk.privacy.purge.states(kiosk.clock()),
            not_set=not kiosk.settings.retention.visits_years,
            last=last and last[1].purge,
            consent_days=Consents.days_kept(ConsentPurpose.HELP_CALL),
            answers_days=kiosk.cache.retention.days,
            erasures=kiosk.privacy.erasure.newest(),
            checked_on=CHECKED_ON,
        )

    return pages
