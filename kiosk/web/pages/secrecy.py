"""The form on a visit's page that says whether the visit is a state secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.errors import KioskError
from kiosk.logbook import AlreadySent, Corrections, NoSuchVisit
from kiosk.settings import Settings
from kiosk.web.api.fields import BadField, read_field, seen_version
from kiosk.web.pages.change_results import DONE, NOT_CHANGED, WHY, WRONG
from kiosk.web.pages.desks import author_here

# What the visit's page says if nothing was changed.
SAID: dict[type[KioskError], str] = NOT_CHANGED | {AlreadySent: "answered"}


def make_secrecy(
    corrections: Corrections, settings: Settings, clock: Callable[[], datetime]
) -> Blueprint:
    """Return the blueprint of /logbook/visits/ID/secrecy."""
    pages = Blueprint("secrecy", __name__, url_prefix="/logbook/visits")

    @pages.post("/<visit_id>/secrecy")
    def change(visit_id: str) -> ResponseReturnValue:
        """Keep a visit from the insurer, or send it after all; then show the visit again."""
        try:
            corrections.correct(
                visit_id,
                {"secret": bool(request.form.get("secret"))},
                _reason(),
                clock(),
                seen_version(),
                author_here(settings),
            )
            said = DONE
        except NoSuchVisit:
            abort(404)
        except BadField as exc:
            said = WHY if exc.name == "why" else WRONG
        except tuple(SAID) as exc:
            said = SAID[type(exc)]
        return redirect(url_for("logbook.visit_page", visit_id=visit_id, said=said), 303)

    return pages


def _reason() -> str:
    """Return the reason that was typed. Raises BadField if it is empty or not one line."""
    why = read_field(request.form.get("why"), "why")
    if not why:
        raise BadField("why", None)
    return why
