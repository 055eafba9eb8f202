"""The help tables: troubles, guides, links and their sources, read and checked like the law's.

1.  Each table is read from the first folder that has it: a site's, the feed's, the shipped one.
2.  A wrong cell, or a row that does not fit the others, raises BadTable, which stops the start.
3.  Rows that hold no longer stay in their table, so that an old paper can be explained.
4.  An address that can be pressed or scanned is official (`OFFICIAL_HOSTS`), whatever a table says.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from kiosk.help.rows import (
    CONFIDENCES,
    DATE_KINDS,
    SOURCE_KINDS,
    TOPICS,
    GuideStep,
    Link,
    Source,
    SourceDate,
    Trouble,
    Wording,
)
from verify import BadTable, CellReader, check_periods, choice, matching, not_empty, read_rows

SOURCES, TROUBLES, GUIDES, LINKS, WORDS = (
    f"help_{name}.csv" for name in ("sources", "troubles", "guides", "links", "words")
)
HELP_TABLES = frozenset({SOURCES, TROUBLES, GUIDES, LINKS, WORDS})
MAX_ANSWER = 300  # characters
MAX_STEP = 200
Keyed = TypeVar("Keyed", Source, Link)
# The two stores, with where an app's page begins, and the sites of the state: only its bodies get
# a name in .gov.vn.
STORE_PAGES = ("https://play.google.com/store/apps/details?id=", "https://apps.apple.com/vn/app/")
OFFICIAL_HOSTS = (".gov.vn",)


@dataclass(frozen=True, slots=True, eq=False)
class HelpTables:
    """All help tables. A day selects the rows that hold on it. Compared by identity."""

    sources: dict[str, Source]  # by key
    troubles: tuple[Trouble, ...]
    steps: tuple[GuideStep, ...]
    links: dict[str, Link]  # by key
    words: dict[str, str]  # what words of people mean

    def troubles_on(self, day: date) -> tuple[Trouble, ...]:
        """Return the troubles that hold on a day, in the order of the table."""
        return tuple(row for row in self.troubles if row.holds_on(day))

    def steps_on(self, day: date) -> tuple[GuideStep, ...]:
        """Return the steps of all guides that hold on a day, in the order of the table."""
        return tuple(row for row in self.steps if row.holds_on(day))


def read_help(*folders: Path) -> HelpTables:
    """Return the help tables, each from the first folder that has it.

    Raises BadTable if a table cannot be read, a row is wrong, or the tables do not fit together.
    """

    def table(name: str) -> Path:
        candidates = (folder / name for folder in folders)
        return next(filter(Path.is_file, candidates), folders[-1] / name)

    tables = HelpTables(
        sources=_by_key(SOURCES, read_rows(table(SOURCES), Source, _SOURCE_READERS)),
        troubles=read_rows(table(TROUBLES), Trouble, _TROUBLE_READERS),
        steps=read_rows(table(GUIDES), GuideStep, _STEP_READERS),
        links=_by_key(LINKS, read_rows(table(LINKS), Link, _LINK_READERS)),
        words=_by_words(read_rows(table(WORDS), Wording, _WORDING_READERS)),
    )
    _check_troubles(tables)
    _check_guides(tables)
    _check_references(tables)
    return tables


def _short_text(most: int, may_be_empty: bool = False) -> CellReader:
    """Return a cell reader for one line of at most `most` characters."""

    def read(text: str) -> str:
        is_line = text == " ".join(text.split())
        if not is_line or len(text) > most or not (text or may_be_empty):
            raise ValueError(f"one line of at most {most} characters; it has {len(text)}")
        return text

    return read


def _names(text: str) -> tuple[str, ...]:
    """Read words with | between them."""
    parts = tuple(text.split("|")) if text else ()
    if any(not part or part != part.strip() for part in parts):
        raise ValueError("words with | between them, without blanks around")
    return parts


def _some_names(text: str) -> tuple[str, ...]:
    """Read at least one word."""
    return _names(str(not_empty(text)))


def _date_or_empty(text: str) -> SourceDate | None:
    return SourceDate.read(text) if text else None


def _year_month_or_day(text: str) -> str:
    """Read the date of a source; empty if it bears none."""
    return SourceDate.read(text).text if text else ""


def _official_address(text: str) -> str:
    """Read an address that a person may press or scan."""
    parts = urlsplit(text)
    host = parts.hostname or ""
    is_state = host.endswith(OFFICIAL_HOSTS) and parts.netloc == host
    if not re.fullmatch(r"https://[!-~]+", text) or not (is_state or text.startswith(STORE_PAGES)):
        raise ValueError(
            "an https address of the state (.gov.vn), or of an app in one of the stores"
        )
    return text


_question, _answer = _short_text(120), _short_text(MAX_ANSWER)
_other, _place = _short_text(MAX_ANSWER, may_be_empty=True), _short_text(90)
_step_text, _trouble_id = _short_text(MAX_STEP), matching(r"T\d{2,3}", "T and two or three digits")
_key = matching(r"[a-z0-9]+(-[a-z0-9]+)*", "small letters and digits, with - between words")
_confidence = choice(*CONFIDENCES)

_SOURCE_READERS: dict[str, CellReader] = {
    "key": matching(r"[A-Z0-9]+", "capital letters and digits"),
    "title_vi": not_empty,
    "title_en": not_empty,
    "kind": choice(*SOURCE_KINDS),
    "address": matching(r"(https?://[!-~]+)?", "an address, or nothing if it is not public"),
    "date": _year_month_or_day,
    "date_kind": choice(*DATE_KINDS),
}
_TROUBLE_READERS: dict[str, CellReader] = {
    "id": _trouble_id,
    "topic": choice(*TOPICS),
    "question_vi": _question,
    "question_en": _question,
    "answer_vi": _answer,
    "answer_en": _answer,
    "sources": _some_names,
    "source_date": SourceDate.read,
    "other_answer_vi": _other,
    "other_answer_en": _other,
    "other_source": _names,
    "other_date": _date_or_empty,
    "safer_vi": _other,
    "safer_en": _other,
    "where_vi": _place,
    "where_en": _place,
    "who_vi": _place,
    "who_en": _place,
    "see": _names,
    "confidence": _confidence,
    "words": _names,
}
_STEP_READERS: dict[str, CellReader] = {
    "guide": _key,
    "text_vi": _step_text,
    "text_en": _step_text,
    "sources": _some_names,
    "source_date": SourceDate.read,
    "see": matching(r"(T\d{2,3})?", "the id of a trouble, or nothing"),
    "links": _names,
    "confidence": _confidence,
    "words": _names,
}
_WORDING_READERS: dict[str, CellReader] = {
    "said": _some_names,
    "meant": matching(r"[a-z0-9]+( [a-z0-9]+)*", "words in small letters without marks"),
}
_LINK_READERS: dict[str, CellReader] = {
    "key": _key,
    "title_vi": not_empty,
    "title_en": not_empty,
    "address": _official_address,
    "seen": SourceDate.read,
}


def _by_key(name: str, rows: Iterable[Keyed]) -> dict[str, Keyed]:
    """Return rows by their key. Raises BadTable if two have the same."""
    found: dict[str, Keyed] = {}
    for row in rows:
        if row.key in found:
            raise BadTable(f"{name}, column key: two rows {row.key!r}; expected one")
        found[row.key] = row
    return found


def _by_words(rows: Iterable[Wording]) -> dict[str, str]:
    """Return what words mean. Raises BadTable if some mean two things, or what is meant another."""
    found: dict[str, str] = {}
    for row in rows:
        for said in row.said:
            if said in found or said != " ".join(
                unicodedata.normalize("NFC", said.lower()).split()
            ):
                raise BadTable(
                    f"{WORDS}, column said: {said!r}; expected words in small letters, each once"
                )
            found[said] = row.meant
    for said, meant in found.items():
        again = next((word for word in found if f" {word} " in f" {meant} "), None)
        if again is not None:
            raise BadTable(
                f"{WORDS}, row {said}, column meant: {again!r} is in column said of another row;"
                " expected words that mean nothing else"
            )
    return found


def _check_troubles(tables: HelpTables) -> None:
    """Check that an id has one row at a time, and that a second answer is complete."""
    check_periods(TROUBLES, tables.troubles, lambda row: row.id)
    for row in tables.troubles:
        others = {
            name: getattr(row, name)
            for name in ("other_answer_vi", "other_answer_en", "other_source", "other_date")
        }
        missing = sorted(name for name, value in others.items() if not value)
        if missing and (len(missing) < len(others) or row.confidence == "contradicted"):
            raise BadTable(
                f"{TROUBLES}, row {row.id}, column {missing[0]}: empty; expected another answer in"
                " both languages with its source and date, or none of them"
            )
        if row.other_date and row.source_date < row.other_date:
            raise BadTable(
                f"{TROUBLES}, row {row.id}, column other_date: {row.other_date.text!r}; expected a"
                " date not after source_date: the newest answer comes first"
            )


def _check_guides(tables: HelpTables) -> None:
    """Check that on each day the steps of a guide are 0 (its title), 1, 2, 3 …"""
    check_periods(GUIDES, tables.steps, lambda row: (row.guide, row.step))
    for day in sorted({row.valid_from for row in tables.steps}):
        counts = Counter(row.guide for row in tables.steps_on(day))
        steps = {(row.guide, row.step) for row in tables.steps_on(day)}
        for guide, count in counts.items():
            missing = next((n for n in range(max(count, 2)) if (guide, n) not in steps), None)
            if missing is not None:
                raise BadTable(
                    f"{GUIDES}, guide {guide}, column step: no step {missing} on {day}; expected"
                    " the steps 0 (the title), 1, 2 and so on"
                )


def _check_references(tables: HelpTables) -> None:
    """Check that every source, trouble, guide and link that a row names is in its table."""
    known = {
        "sources": set(tables.sources),
        "see": {row.id for row in tables.troubles} | {row.guide for row in tables.steps},
        "links": set(tables.links),
    }
    for table, row, column, named in _references(tables):
        kind = "sources" if "source" in column else column
        for name in named:
            if name not in known[kind]:
                raise BadTable(
                    f"{table}, row {row}, column {column}: {name!r}; expected a key of"
                    f" {SOURCES if kind == 'sources' else LINKS if kind == 'links' else 'a row'}"
                )


def _references(tables: HelpTables) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield the table, the row, the column and the names of whatever names another row."""
    for trouble in tables.troubles:
        for column in ("sources", "other_source", "see"):
            yield TROUBLES, trouble.id, column, getattr(trouble, column)
    for step in tables.steps:
        row = f"{step.guide} {step.step}"
        yield GUIDES, row, "sources", step.sources
        yield GUIDES, row, "links", step.links
        yield GUIDES, row, "see", (step.see,) if step.see else ()
    for link in tables.links.values():
        yield LINKS, link.key, "source", (link.source,)
