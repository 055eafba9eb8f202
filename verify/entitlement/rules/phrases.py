"""The sentences about entitlements, in Vietnamese and English, from a table.

A site may replace the table.  Its own table has the same keys as the shipped one, and fills only
places that the shipped sentence of the same key fills.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import NamedTuple

from verify.errors import BadTable

LANGUAGES = ("vi", "en")
# How each language changes the marks of a number as Python writes it: 1,234.5.
VIETNAMESE_MARKS = {ord(","): ".", ord("."): ","}
ENGLISH_MARKS: dict[int, str] = {}


class LocalizedText(NamedTuple):
    """One text in both languages. Its places are filled when it is read.

    `values` fills the places; None if the text has no places.
    """

    code: str
    in_vi: str
    in_en: str
    values: dict[str, object] | None = None

    @property
    def vi(self) -> str:
        """The text in Vietnamese, with numbers as Vietnamese writes them: 1.234,5."""
        return _filled(self.in_vi, self.values, VIETNAMESE_MARKS)

    @property
    def en(self) -> str:
        """The text in English, with numbers as English writes them: 1,234.5."""
        return _filled(self.in_en, self.values, ENGLISH_MARKS)


class Sentence(NamedTuple):
    """A sentence, in the order of its parts."""

    parts: tuple[LocalizedText, ...]

    @property
    def vi(self) -> str:
        """The sentence in Vietnamese."""
        return "".join([part.vi for part in self.parts])

    @property
    def en(self) -> str:
        """The sentence in English."""
        return "".join([part.en for part in self.parts])


@dataclass(frozen=True, slots=True)
class Phrases:
    """Sentences with places to fill, by key."""

    by_key: dict[str, LocalizedText]

    def text(self, key: str, **values: object) -> LocalizedText:
        """Return the text of a key, its places to be filled with the values."""
        template = self.by_key[key]
        if not values:
            return template
        return LocalizedText(template.code, template.in_vi, template.in_en, values)


def _filled(template: str, values: dict[str, object] | None, marks: dict[int, str]) -> str:
    if values is None:
        return template
    texts = {
        name: value if isinstance(value, str) else f"{value:,}".translate(marks)
        for name, value in values.items()
    }
    return template.format_map(texts)


def read_phrases(path: Path, shipped: Path) -> Phrases:
    """Return the phrases of a table; `shipped` is the table of this release.

    A key that the table lacks has the shipped text: it was added after the table was written.
    Raises BadTable if the table cannot be read, or does not fit the shipped one; the error names
    the row.
    """
    phrases = _read(path)
    if path == shipped:
        return phrases
    model = _read(shipped).by_key
    if unknown := sorted(phrases.by_key.keys() - model.keys()):
        raise BadTable(f"{path.name}: the key {unknown[0]!r} is not known")
    for key, phrase in phrases.by_key.items():
        known = _places(model[key].in_vi) | _places(model[key].in_en)
        if unknown := sorted((_places(phrase.in_vi) | _places(phrase.in_en)) - known):
            raise BadTable(f"{path.name}, {key}: the place {unknown[0]!r}; known: {sorted(known)}")
    return Phrases(model | phrases.by_key)


def _places(template: str) -> set[str]:
    """Return the names of the places in a text. Raises ValueError if its braces do not match."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def _read(path: Path) -> Phrases:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            heading, *rows = list(csv.reader(file)) or [[]]
    except (OSError, ValueError, csv.Error) as exc:
        raise BadTable(f"{path.name}: cannot be read ({type(exc).__name__})") from exc
    if heading != ["key", *LANGUAGES]:
        raise BadTable(f"{path.name}, row 1: {heading}; expected key, vi, en")
    for number, row in enumerate(rows, start=2):
        if len(row) != 3 or not all(row):
            raise BadTable(f"{path.name}, row {number}: expected a key and both languages")
        try:
            are_names = all(name.isidentifier() for text in row[1:] for name in _places(text))
        except ValueError:
            are_names = False
        if not are_names:
            raise BadTable(
                f"{path.name}, row {number}: braces that are not in order; expected {{name}}"
            )
    keys = [row[0] for row in rows]
    if len(set(keys)) != len(keys):
        raise BadTable(f"{path.name}: a key occurs twice")
    return Phrases({key: LocalizedText(key.split(".")[-1], vi, en) for key, vi, en in rows})
