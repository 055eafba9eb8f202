"""The two languages of the pages: translations, the words for each reason, and dates."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

from babel.dates import format_timedelta
from babel.numbers import format_decimal
from flask import Flask, Response, request
from flask_babel import Babel, force_locale, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from kiosk.logbook import DESK, PROGRAM, SELF_SERVICE, SYSTEM, PaperSource, staff_in
from kiosk.readers import Finding
from kiosk.runtime.paths import shipped_folder
from kiosk.web.api.fields import FieldFault
from kiosk.web.cookies import remember
from kiosk.web.facility_words import facility_text
from verify import CLINIC_ZONE, NOT_CARDS, Birth, Note, Reason, Referral

LANGUAGES = ("vi", "en")  # Vietnamese first
COOKIE = "language"
ARRIVAL_WORDS = {
    "registered": _l("registered at this facility"),
    "referral": _l("with a referral"),
    "temporary_residence": _l("staying here temporarily"),
    "reappointment": _l("with a follow-up appointment"),
    "donor": _l("organ donor"),
    "newborn": _l("newborn"),
    "self": _l("on their own"),
    "emergency": _l("emergency"),
    "uninsured": _l("without insurance"),
}
PAPERS_WORDS = {  # what a patient may present (NĐ 188/2025 Điều 37)
    "id_card": _l("ID card linked to the BHYT card"),
    "vneid": _l("VNeID"),
    "vssid": _l("VssID"),
    "e_card": _l("electronic card"),
    "paper_card": _l("paper card"),
    "number": _l("number only (the app or the network failed)"),
    "birth_record": _l("birth record or birth certificate"),
    "receipt": _l("receipt for a card that is being issued"),
    "donor_record": _l("confirmed in the record (donor, newborn)"),
    "guardian_phone": _l("a parent’s or guardian’s phone"),
}
SEX_WORDS = {"male": _l("male"), "female": _l("female")}
FAULT_WORDS = {  # what is wrong with a field, and what to write
    FieldFault.MISSING: _l("Fill in this field."),
    FieldFault.NOT_A_LINE: _l("Write one line of at most 200 characters."),
    FieldFault.NOT_A_DATE: _l("This date cannot be read: write it as 05/04/1980."),
    FieldFault.SHORT_YEAR: _l("Write the year with four digits: 1980, not 80."),
    FieldFault.HALF_DATE: _l("The full date is needed here: day, month and year."),
    FieldFault.IN_FUTURE: _l("This date is in the future."),
    FieldFault.NOT_A_PHONE: _l("Write a telephone number: digits, without letters."),
    FieldFault.NO_ROOM: _l("No open room has this name: choose one of the list."),
}
CARD_NUMBER_LENGTH = 15  # characters of a full card number; its first three are the kind of card
MASK = "•"  # in place of each sign of a number that bystanders do not see


def install_language(app: Flask, clock: Callable[[], datetime]) -> None:
    """Let each browser choose its language, and give the templates their words and filters.

    `clock` returns the time now, aware; the ages on the pages are computed from it.
    """
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(shipped_folder("config") / "locale")
    app.config["BABEL_DEFAULT_LOCALE"] = LANGUAGES[0]
    Babel(app, locale_selector=chosen_language)
    app.after_request(_remember_language)

    def age(moment: datetime) -> str:
        return format_timedelta(moment - clock(), add_direction=True, locale=get_locale())

    app.add_template_filter(age, "age")
    app.add_template_filter(datetime.fromisoformat, "as_moment")
    app.add_template_filter(arrival_text, "arrival")
    app.add_template_filter(lambda author: person_text(author_text(author)), "author")
    app.add_template_filter(papers_text, "papers")
    app.add_template_filter(referral_text, "referral")
    app.add_template_filter(paper_source_text, "paper_source")
    app.add_template_filter(field_text, "field")
    app.add_template_filter(person_text, "person")
    app.add_template_filter(person_text, "isolated")  # another text that somebody typed
    app.add_template_filter(day_text, "day")
    app.add_template_filter(moment_text, "moment")
    app.add_template_filter(masked, "masked")
    app.add_template_filter(short_mask, "short_mask")
    app.add_template_filter(decimal_text, "decimal")
    app.add_template_filter(nobreak)
    app.add_template_global(lambda reason: words(chosen_language())["reasons"][reason], "reason")
    app.add_template_global(lambda note: words(chosen_language())["notes"][note], "note")
    app.add_template_global(lambda code: words(chosen_language())["codes"].get(code), "code_name")
    app.add_template_global(lambda name: words(chosen_language())["findings"][name], "finding")
    app.add_template_global(chosen_language, "language")
    app.jinja_env.globals["fault_words"] = FAULT_WORDS


def chosen_language() -> str:
    """Return the language of this request, from its address or its cookie; else Vietnamese."""
    chosen = request.args.get("lang") or request.cookies.get(COOKIE)
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def shown_language() -> str:
    """Return the language in which texts are made now: forced, or of this request."""
    return str(get_locale())


@cache
def words(language: str) -> dict[str, dict[str, Any]]:
    """Return the words for every reason, every note, every finding, and every kind of other code.

    The result has the tables `reasons`, `notes`, `findings` and `codes`.  Raises KeyError if the
    file of this language lacks one of them.
    """
    table = tomllib.loads(
        (shipped_folder("config") / "words" / f"{language}.toml").read_text("utf-8")
    )
    missing: list[str] = [r for r in Reason if r not in table["reasons"]]
    missing += [n for n in Note if n not in table["notes"]]
    missing += [code for code in NOT_CARDS if code not in table["codes"]]
    missing += [finding for finding in Finding if finding not in table["findings"]]
    if missing:
        raise KeyError(f"words/{language}.toml lacks {missing}")
    return table


def in_both_languages(texts: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """Return texts that may be translated, by language and by their names."""
    found = {}
    for language in LANGUAGES:
        with force_locale(language):
            found[language] = {name: str(text) for name, text in texts.items()}
    return found


def author_text(author: str) -> str:
    """Return in words who did a thing; `author` is a stored value that is not empty."""
    if author == SYSTEM:
        return str(_("the program"))
    if author == SELF_SERVICE:
        return str(_("self-service"))
    member = staff_in(author)
    if member is not None:
        return f"{member[1]} ({member[0]})"
    if author.startswith(f"{PROGRAM} "):
        return str(_("program %(name)s", name=author.removeprefix(PROGRAM).strip()))
    name = author.removeprefix(DESK).strip()
    return str(_("desk %(name)s", name=name) if name else _("the desk"))


def arrival_text(arrival: str) -> str:
    """Return in words how a patient came; `arrival` is one of the stored values."""
    return str(ARRIVAL_WORDS[arrival])


def papers_text(papers: str) -> str:
    """Return in words what was presented: stored values, or text of another program, with "; "."""
    return "; ".join(str(PAPERS_WORDS.get(paper, paper)) for paper in papers.split("; "))


def referral_text(referral: Referral) -> str:
    """Return a referral in words: its date, and its facility and number if they are known."""
    day = day_text(referral.signed_on)
    if referral.for_a_year:
        parts = [_("referral signed on %(day)s, valid for a year", day=day)]
    else:
        parts = [_("referral signed on %(day)s", day=day)]
    if referral.facility:
        parts.append(_("by facility %(code)s", code=facility_text(referral.facility)))
    if referral.number:
        parts.append(_("number %(number)s", number=referral.number))
    return ", ".join(parts)


def paper_source_text(paper: PaperSource) -> str:
    """Return in words from which sheet a visit was entered, and when."""
    at = moment_text(paper.entered_at)
    return str(_("sheet %(n)s, line %(line)s, at %(at)s", n=paper.sheet, line=paper.line, at=at))


def field_text(value: str, name: str) -> str:
    """Return the field `name` of a card, or of the insurer's record, as people read it."""
    if name == "holder":
        return person_text(value)
    if name == "born":
        return day_text(value)
    return str(SEX_WORDS[value]) if name == "sex" else value


def person_text(name: str | None) -> Markup:
    """Return a person's name for a page, escaped.  "—" for None.

    It is isolated from the text around it: a name in a script that runs from right to left, as
    Arabic does, would turn its neighbours around.
    """
    return Markup("<bdi>{}</bdi>").format(name) if name else Markup("—")


def day_text(value: str | date | Birth | None) -> str:
    """Return a date, month or year as people write it in Vietnam: dd/mm/yyyy.  "—" for None."""
    return "/".join(reversed(str(value).split("-"))) if value else "—"


def nobreak(text: str) -> str:
    """Return the text with each number and its unit (% or đ) kept on one line."""
    return re.sub(r"(?<=\d) (?=[%đ])", "\N{NO-BREAK SPACE}", text)


def decimal_text(value: float) -> str:
    """Return a number as the chosen language writes it."""
    return format_decimal(value, locale=get_locale())


def moment_text(moment: datetime | str) -> str:
    """Return a moment (aware, or ISO 8601) as time and date of the clinic's zone."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{at.astimezone(CLINIC_ZONE):%H:%M %d/%m/%Y}"


def local_minute(moment: datetime) -> str:
    """Return a moment (aware) as a field for date and time takes it, in the clinic's zone."""
    return f"{moment.astimezone(CLINIC_ZONE):%Y-%m-%dT%H:%M}"


def masked(number: str) -> str:
    """Return a card number of which bystanders see only the kind of card and the last four."""
    kind = number[:3] if len(number) == CARD_NUMBER_LENGTH else ""
    return kind + MASK * max(0, len(number) - 4 - len(kind)) + number[-4:]


def short_mask(hidden: str) -> str:
    """Return the hidden part of a masked number with three dots, however many digits it has."""
    return hidden.rstrip(MASK) + " ••• "


def _remember_language(response: Response) -> Response:
    if not request.query_string:
        return response  # nothing is chosen, which is cheaper to find out than to read
    chosen = request.args.get("lang")
    if chosen in LANGUAGES:
        remember(response, COOKIE, chosen)
    return response
