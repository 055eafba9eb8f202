"""Desks: which readers belong to which desk, and at which desk a browser is."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.desk import reader_of
from kiosk.settings import Settings
from kiosk.web.callers import caller_here
from kiosk.web.cookies import remember

COOKIE = "desk"


def desk_names(settings: Settings) -> list[str]:
    """Return the names of the desks, in the order of the settings."""
    return list(dict.fromkeys(reader.desk for reader in settings.readers if reader.desk))


def desk_here(settings: Settings) -> str:
    """Return the desk at which this browser is, by its cookie; "" if it is at no desk."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in desk_names(settings) else ""


def chosen_desk(settings: Settings) -> str:
    """Return the desk that the address names, or else that of this browser; "" for no desk."""
    chosen = request.args.get("desk", request.cookies.get(COOKIE, ""))
    return chosen if chosen in desk_names(settings) else ""


def author_here(settings: Settings) -> str:
    """Return who acts, for the logbook: a person, a program, or a desk where nobody signs in."""
    return caller_here().author(desk_here(settings))


def readers_elsewhere(settings: Settings, desk: str) -> list[str]:
    """Return the names of the readers at other desks.  A reader without a desk belongs to all.

    A reader that is attached to a screen for self-service stands at no desk.
    """
    attached = {kiosk.reader for kiosk in settings.self_service}
    return [
        reader.name
        for reader in settings.readers
        if reader.name in attached or (desk and reader.desk not in ("", desk))
    ]


def readers_of_desk(settings: Settings, desk: str) -> list[str]:
    """Return the names of the readers that stand at this desk alone.

    If the settings name no desks, all readers stand at the one that there is.
    """
    attached = {kiosk.reader for kiosk in settings.self_service}
    return [
        reader.name
        for reader in settings.readers
        if reader.desk == desk and reader.name not in attached
    ]


def readers_listed_elsewhere(settings: Settings, desk: str) -> frozenset[str]:
    """Return the readers whose unfinished patients other desks list.

    Each screen for self-service names the desk to which it sends patients.
    """
    sent_elsewhere = (
        reader_of(kiosk.name)
        for kiosk in settings.self_service
        if desk and kiosk.desk not in ("", desk)
    )
    return frozenset([*readers_elsewhere(settings, desk), *sent_elsewhere])


def make_desks(settings: Settings) -> Blueprint:
    """Return the blueprint of /desk, where a browser says at which desk it is."""
    desks = Blueprint("desks", __name__)

    @desks.post("/desk")
    def choose() -> ResponseReturnValue:
        """Remember the desk of this browser, and show it; an unknown name is no desk.

        It is a POST, so that no link of another site moves a browser to another desk.
        """
        chosen = request.form.get("desk", "")
        response = redirect(url_for("reception.desk"), 303)
        remember(response, COOKIE, chosen if chosen in desk_names(settings) else "")
        return response

    return desks
