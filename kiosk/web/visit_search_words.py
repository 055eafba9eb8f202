"""Words of the search and of a person's page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from babel.dates import format_date
from flask import Flask
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from kiosk.desk import WhyNoHistory
from kiosk.logbook import RecordedVerdict
from kiosk.web.evidence_paper import data_texts
from kiosk.web.insurer_words import STATE_WORDS
from kiosk.web.language import author_text, day_text, person_text, shown_language
from verify import CLINIC_ZONE

if TYPE_CHECKING:
    from kiosk.web.pages.visit_search import Search

OUTCOME_WORDS = {
    "admitted": _l("Admitted"),
    "unconfirmed": _l("Unconfirmed: the patient may go in"),
    "desk": _l("The clerk decides"),
}
NO_HISTORY_WORDS = {
    WhyNoHistory.NO_GATEWAY: _l("This program is not connected to the insurer."),
    WhyNoHistory.SECRET: _l("The visit is a state secret: the insurer is asked nothing."),
    WhyNoHistory.LACKS_HOLDER: _l(
        "The insurer answers only to a number with name and birth date: one of them is not known."
    ),
    WhyNoHistory.PAUSED: _l("Questions to the insurer are paused just now. Try again later."),
    WhyNoHistory.NO_ANSWER: _l("The insurer gave no answer. Ask again later."),
}


def install_search_words(app: Flask) -> None:
    """Give the templates the words of the search."""
    app.add_template_filter(weekday_text, "weekday")
    app.add_template_filter(clock_text, "clock_time")
    app.add_template_filter(looked_for)
    app.add_template_filter(data_texts, "basis_of")
    app.add_template_filter(shares_of)


def weekday_text(day: date) -> str:
    """Return a day with its name: "Thứ Tư, 25/11/2026"."""
    name = format_date(day, "EEEE", locale=get_locale())
    return f"{name[:1].upper()}{name[1:]}, {day_text(day)}"


def clock_text(moment: datetime) -> str:
    """Return the time of a moment (aware) at the clinic: "08:05"."""
    return f"{moment.astimezone(CLINIC_ZONE):%H:%M}"


def shares_of(verdicts: Sequence[RecordedVerdict]) -> list[str]:
    """Return what the newest of some verdicts that has it said of the entitlement, in words."""
    language = shown_language()
    for recorded in reversed(verdicts):
        found = recorded.verdict.get("entitlement")
        if isinstance(found, dict):
            notes = [note.get(language) for note in found.get("notes") or ()]
            return [text for text in (found.get(f"sentence_{language}"), *notes) if text]
    return []


def history_words(why: WhyNoHistory | str) -> str:
    """Return why the insurer's history is not known, in words."""
    return str(NO_HISTORY_WORDS[WhyNoHistory(why)])


def looked_for(search: Search) -> list[Markup]:
    """Return what a search has looked for, each part in words."""
    query, filters = search.query, search.filters
    is_name_alone = not query.born and not query.number and not query.phone
    typed = search.text if is_name_alone else " ".join(word.plain for word in query.names)
    author = dict(search.authors).get(query.author or 0)
    parts: list[tuple[str, object]] = [
        (_("name"), query.names and person_text(typed)),
        (_("number"), query.number),
        (_("telephone"), query.phone),
        (_("born"), query.born and day_text(query.born)),
        (_("ticket"), query.ticket),
        (_("visit"), query.visit),
        (_("from"), query.first and day_text(query.first)),
        (_("to"), query.last and day_text(query.last)),
        (_("room"), filters.get("room") and person_text(filters["room"])),
        (_("verdict"), query.outcome and OUTCOME_WORDS[query.outcome]),
        (_("at the insurer"), query.state and STATE_WORDS[query.state]),
        (_("recorded by"), author and person_text(author_text(author))),
    ]
    found = [Markup("{} <strong>{}</strong>").format(what, value) for what, value in parts if value]
    others = (
        (query.cancelled == "only", _("cancelled visits only")),
        (query.cancelled == "without", _("without cancelled visits")),
        (search.is_for_readings, _("cards read without a visit")),
    )
    return found + [escape(text) for holds, text in others if holds]
