"""The words that entitlements are told in, Vietnamese and English, as a table."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import NamedTuple

from verify.errors import BadTable

LANGUAGES = ("vi", "en")
VIETNAMESE = {ord(","): ".", ord("."): ","}
ENGLISH: dict[int, str] = {}


class LocalizedText(NamedTuple):
    """One thing, told in both languages; places are filled when it is read."""

    code: str
    in_vi: str
    in_en: str
    values: dict[str, object] | None = None

    @property
    def vi(self) -> str:
        """In Vietnamese, with Vietnamese thousands and decimals."""
        return _filled(self.in_vi, self.values, VIETNAMESE)

    @property
    def en(self) -> str:
        """In English."""
        return _filled(self.in_en, self.values, ENGLISH)


class Sentence(NamedTuple):
    """Parts that make one sentence."""

    parts: tuple[LocalizedText, ...]

    @property
    def vi(self) -> str:
        """In Vietnamese."""
        return "".join([part.vi for part in self.parts])

    @property
    def en(self) -> str:
        """In English."""
        return "".join([part.en for part in self.parts])


@dataclass(frozen=True, slots=True)
class Phrases:
    """Sentences with places to fill, by key."""

    by_key: dict[str, LocalizedText]

    def text(self, key: str, **values: object) -> LocalizedText:
        """Return a phrase with what fills its places."""
        found = self.by_key[key]
        return LocalizedText(found.code, found.in_vi, found.in_en, values) if values else found


def _filled(template: str, values: dict[str, object] | None, marks: dict[int, str]) -> str:
    if values is None:
        return template
    shown = {
        name: value if isinstance(value, str) else f"{value:,}".translate(marks)
        for name, value in values.items()
    }
    return template.format_map(shown)


def read_phrases(path: Path, shipped: Path) -> Phrases:
    """Read the table; BadTable names the row that is not good.

    A table that stands in the place of the shipped one has its keys, and fills the same places.
    """
    phrases = _read(path)
    if path == shipped:
        return phrases
    model = _read(shipped).by_key
    if odd := sorted(phrases.by_key.keys() ^ model.keys()):
        raise BadTable(f"{path.name}: the key {odd[0]!r} is missing, or is none")
    for key, told in phrases.by_key.items():
        known = _places(model[key].in_vi) | _places(model[key].in_en)
        if odd := sorted((_places(told.in_vi) | _places(told.in_en)) - known):
            raise BadTable(f"{path.name}, {key}: the place {odd[0]!r}; known: {sorted(known)}")
    return phrases


def _places(template: str) -> set[str]:
    """Return what a sentence leaves open; ValueError where its braces are not in order."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def _read(path: Path) -> Phrases:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            heading, *rows = list(csv.reader(file)) or [[]]
    except (OSError, ValueError, csv.Error) as exc:
        raise BadTable(f"{path.name}: cannot be read ({type(exc).__name__})") from exc
    if heading != ["key", *LANGUAGES]:
        raise BadTable(f"{path.name}, row 1: {heading}; wanted key, vi, en")
    for number, row in enumerate(rows, start=2):
        if len(row) != 3 or not all(row):
            raise BadTable(f"{path.name}, row {number}: wanted a key and both languages")
        try:
            if not all(name.isidentifier() for text in row[1:] for name in _places(text)):
                raise ValueError("a place is a name")
        except ValueError:
            raise BadTable(
                f"{path.name}, row {number}: braces that are not in order; wanted {{name}}"
            ) from None
    keys = [row[0] for row in rows]
    if len(set(keys)) != len(keys):
        raise BadTable(f"{path.name}: a key stands there twice")
    return Phrases({key: LocalizedText(key.split(".")[-1], vi, en) for key, vi, en in rows})
