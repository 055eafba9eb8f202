"""What pages say about a logbook that is missing, damaged, or not the one that was here."""

from __future__ import annotations

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kiosk.assembly import Kiosk
from kiosk.backup import LogbookTrouble
from kiosk.web.callers import Mode, caller_here
from kiosk.web.damaged_parts import damaged_here
from kiosk.web.permissions import SUPERVISORS

TROUBLES = {
    LogbookTrouble.GONE: _l("The logbook is missing."),
    LogbookTrouble.EMPTY: _l("The logbook’s file is empty."),
    LogbookTrouble.DAMAGED: _l("The logbook’s file is damaged and cannot be opened."),
    LogbookTrouble.OLDER: _l("The logbook is older than it was: the newest entries are missing."),
    LogbookTrouble.ANOTHER: _l("This is another logbook than the one that was here."),
    LogbookTrouble.DIFFERENT: _l("Something was recorded in this logbook elsewhere."),
    LogbookTrouble.MARKER: _l("Whether this is the right logbook cannot be proved."),
}
TO_DO = _l(
    "Nothing is recorded until a person decides: go on checking cards, write each patient on paper,"
    " and call IT."
)
FAULTY = _l(
    "The logbook’s file is damaged in places. Recording goes on; tell IT, who can restore a backup."
)


# The parts of pages that are read each for itself (`kiosk.logbook.ReadableParts`).
PARTS = {
    "clock": _l("what our clock showed"),
    "versions": _l("earlier versions"),
    "verdicts": _l("verdicts"),
    "lookups": _l("look-ups at the insurer"),
    "messages": _l("messages to the insurer"),
    "history": _l("the history of the messages"),
    "files": _l("files that were sent"),
    "outages": _l("outages"),
    "filters": _l("the rooms and the people to choose from"),
    "day": _l("visits, numbers and times of the day"),
    "closings": _l("closings"),
    "unfinished": _l("cards that were read without a visit"),
    "sheets": _l("paper sheets"),
    "facts": _l("counts of visits, and times"),
    "states": _l("states at the insurer"),
    "readings": _l("readings of cards"),
    "gateway": _l("answers of the gateway"),
    "help": _l("help with VssID and VNeID"),
    "contacts": _l("patients to contact"),
    "exports": _l("what was taken out"),
    "visits": _l("other visits"),
    "suspicions": _l("suspicions"),
    "notices": _l("notices to the commune"),
}
MAX_NAMED = 5  # rows that cannot be read
ROWS = {
    "visit": lambda n: _("Visit row %(n)s cannot be read.", n=n),
    "attempt": lambda n: _("Reading row %(n)s cannot be read.", n=n),
    "ticket": lambda n: _("Number row %(n)s cannot be read.", n=n),
}


def install_logbook_words(app: Flask, kiosk: Kiosk) -> None:
    """Let templates show what is wrong with the logbook: `logbook_alarm()`, empty if nothing is.

    `logbook_held()` says whether what is shown of the logbook is empty only because of that, and
    `knows_logbook_page()` whether who calls may open the page about it.
    """

    def logbook_alarm() -> str:
        guard = kiosk.guard
        if guard is not None and guard.state.trouble is not None:
            return f"{TROUBLES[guard.state.trouble]} {TO_DO}"
        rows = kiosk.database.unreadable_rows()
        tables = kiosk.database.damaged_tables()
        if not rows and not tables and not (guard and guard.faults):
            return ""
        named = [ROWS[table](number) for table, number in rows[:MAX_NAMED]]
        more = ["…"] if len(rows) > MAX_NAMED else []
        parts = [_("Damaged: %(tables)s.", tables=", ".join(tables))] if tables else []
        return " ".join([*named, *more, *parts, str(FAULTY)])

    def knows_logbook_page() -> bool:
        caller = caller_here()
        return caller.mode is Mode.NOBODY_YET or bool(caller.powers & SUPERVISORS)

    def logbook_held() -> bool:
        return kiosk.guard is not None and kiosk.guard.holds

    app.jinja_env.globals["logbook_held"] = logbook_held
    app.jinja_env.globals["damaged_here"] = damaged_here
    app.jinja_env.globals["part_words"] = lambda name: PARTS.get(name, name)
    app.jinja_env.globals["logbook_alarm"] = logbook_alarm
    app.jinja_env.globals["knows_logbook_page"] = knows_logbook_page
