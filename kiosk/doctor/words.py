"""Words that can be said in several languages: an English text, and the values that it names.

The command prints them in English; the page and alerts translate the text and write the values in
their language.  A value may be a text, a number, a moment, a day, a span of time, or words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Words:
    """An English text that names its values as `%(name)s`, and words that may follow it."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)
    following: tuple[tuple[str, Words], ...] = ()  # each after a mark between, such as a blank

    def then(self, other: Words | None, between: str = " ") -> Words:
        """Return these words with others after them; without others, as they are."""
        if other is None:
            return self
        return replace(self, following=(*self.following, (between, other)))


def words(text: str, **values: object) -> Words:
    """Return words. Modules call this `_`, by which the translators' tools find the text."""
    return Words(text, values)


def plain(text: str) -> Words:
    """Return a text that is the same in every language, such as a name or an answer."""
    return Words("%(text)s", {"text": text})


@dataclass(frozen=True, slots=True)
class VisitIds:
    """The ids of visits as a value of words: shown where people may see them, counted elsewhere."""

    ids: tuple[str, ...]
    most: int = 5  # that are named


@dataclass(frozen=True, slots=True)
class Speech:
    """How words are written in a language."""

    translate: Callable[[str], str]
    moment: Callable[[datetime], str]
    day: Callable[[date], str]
    age: Callable[[timedelta], str]
    names_visits: bool = True

    def say(self, said: Words | None) -> str:
        """Return words in this language; None is the empty text."""
        if said is None:
            return ""
        text = self.translate(said.text) if said.text else ""
        if said.values:
            text %= {name: self._value(value) for name, value in said.values.items()}
        return text + "".join(between + self.say(other) for between, other in said.following)

    def _value(self, value: object) -> Any:
        if isinstance(value, Words):
            return self.say(value)
        if isinstance(value, datetime):
            return self.moment(value)
        if isinstance(value, date):
            return self.day(value)
        if isinstance(value, timedelta):
            return self.age(value)
        if isinstance(value, VisitIds):
            if not self.names_visits:
                return str(len(value.ids))
            return ", ".join(value.ids[: value.most]) + " …" * (len(value.ids) > value.most)
        return value


def english_age(age: timedelta) -> str:
    """Return a span of time in hours, or in days from two days on."""
    hours = age / HOUR
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.0f} days"


ENGLISH = Speech(
    translate=lambda text: text,
    moment=lambda moment: f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
    day=date.isoformat,
    age=english_age,
)


def english(said: Words | None) -> str:
    """Return words in English, as the commands print them."""
    return ENGLISH.say(said)
