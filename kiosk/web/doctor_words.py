"""What the page of the doctor, and the rail of every page, say of its report."""

from __future__ import annotations

from flask import Flask, url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from kiosk.assembly import Kiosk
from kiosk.doctor import Check, CheckGroup, CheckState, CheckUp, speech
from kiosk.web.language import shown_language
from kiosk.web.permissions import may

GROUPS = {
    CheckGroup.DEVICES: _l("Readers and printers"),
    CheckGroup.PROGRAM: _l("This PC and the program"),
    CheckGroup.LOGBOOK: _l("Logbook and backups"),
    CheckGroup.SETTINGS: _l("Settings"),
    CheckGroup.INSURER: _l("The insurer"),
    CheckGroup.DATA: _l("Data and other programs"),
    CheckGroup.HUB: _l("The hub of all desks"),
    CheckGroup.DUTIES: _l("What people must do in time"),
}
STATES = {
    CheckState.BAD: _l("bad"),
    CheckState.ATTENTION: _l("needs attention"),
    CheckState.UNKNOWN: _l("not known"),
    CheckState.GOOD: _l("good"),
}
# Where a thing is seen or mended, by the code of its check: the endpoint of a page, and its name.
PLACES = {
    "reader": ("readers.overview", _l("Readers")),
    "printer": ("rooms.page", _l("Rooms")),
    "logbook": ("logbook_file.page", _l("The logbook’s file")),
    "pages_of_logbook": ("logbook_file.page", _l("The logbook’s file")),
    "backup": ("logbook_file.page", _l("The logbook’s file")),
    "backup_folder": ("logbook_file.page", _l("The logbook’s file")),
    "rooms": ("rooms.page", _l("Rooms")),
    "visits": ("data.page", _l("Data")),
    "gateway": ("data.page", _l("Data")),
    "sign_in": ("data.page", _l("Data")),
    "signature": ("data.page", _l("Data")),
    "synced_data": ("data.page", _l("Data")),
    "data_set": ("data.page", _l("Data")),
    "data_set_whole": ("data.page", _l("Data")),
    "feed": ("data.page", _l("Data")),
    "webhook": ("data.page", _l("Data")),
    "outbox": ("logbook.tray", _l("Needs a person")),
    "hub_set_aside": ("logbook.tray", _l("Needs a person")),
    "hub_numbers": ("queue.page", _l("Queue")),
    "hub_outbox": ("logbook.tray", _l("Needs a person")),
    "deadlines": ("reporting.overview", _l("Reporting to the insurer")),
    "outages": ("outages.overview", _l("Outages")),
    "wrong_times": ("wrong_times.overview", _l("Visits with a wrong time")),
    "unknown_patients": ("follow_up.cases", _l("Cases to follow up")),
    "kept_data": ("privacy.kept", _l("Kept data")),
    "requests": ("person_requests.listed", _l("Requests of persons")),
    "breaches": ("breaches.listed", _l("Breaches")),
    "review": ("access_reviews.page", _l("Who may do what")),
}


def with_commands(text: str) -> Markup:
    """Return a text as HTML, with what stands between backticks as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


def install_doctor_words(app: Flask, kiosk: Kiosk) -> None:
    """Let templates say what a check says, and show on every page how many things are bad."""

    def say(check: Check, part: str) -> Markup:
        text = speech(shown_language()).say(getattr(check, part))
        return with_commands(text[:1].upper() + text[1:])

    def place(check: Check) -> tuple[str, str] | None:
        found = PLACES.get(check.code)
        if found is None or not may("GET", found[0]):
            return None
        return url_for(found[0]), str(found[1])

    def doctor_report() -> CheckUp | None:
        return kiosk.doctor_watch.newest if may("GET", "doctor.page") else None

    app.jinja_env.globals["say_check"] = say
    app.jinja_env.globals["place_of_check"] = place
    app.jinja_env.globals["doctor_report"] = doctor_report
    app.jinja_env.globals["check_groups"] = GROUPS
    app.jinja_env.globals["check_states"] = STATES
