"""The languages of the page and of alerts: the catalogue of the pages, and their dates."""

from __future__ import annotations

import functools
import gettext
from datetime import date, datetime

from babel.dates import format_timedelta

from kiosk.doctor.words import ENGLISH, Speech
from kiosk.runtime.paths import shipped_folder
from verify import CLINIC_ZONE


@functools.cache
def speech(language: str, names_visits: bool = True) -> Speech:
    """Return how words are written in `vi` or `en`, with times of the clinic.

    `names_visits` says whether ids of visits may be shown; else they are counted.
    """
    return Speech(
        translate=_translator(language),
        moment=_moment,
        day=_day,
        age=lambda age: format_timedelta(age, locale=language, threshold=1.5),
        names_visits=names_visits,
    )


def english_outside() -> Speech:
    """Return the English of what leaves this machine: ids of visits are counted."""
    return Speech(ENGLISH.translate, ENGLISH.moment, ENGLISH.day, ENGLISH.age, names_visits=False)


def _translator(language: str) -> functools.partial[str]:
    folder = shipped_folder("config") / "locale"
    catalogue = gettext.translation("messages", str(folder), [language], fallback=True)
    return functools.partial(_translated, catalogue)


def _translated(catalogue: gettext.NullTranslations, text: str) -> str:
    return catalogue.gettext(text)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(CLINIC_ZONE):%H:%M %d/%m/%Y}"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
