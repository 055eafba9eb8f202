"""What somebody looks for in the logbook: the text that was typed, and the filters.

1.  One text holds everything that is personal.  What its parts are follows from their form: a
    number of a person, a telephone number, a date of birth or a year, a ticket, the id of a visit;
    all other words are of a name.  All of them must fit.
2.  A word of a name fits with and without marks.  Typed with marks, it fits names that have the
    same marks or none at all (`verify.names`).  The last word may be unfinished.
3.  Nothing that is typed reaches SQL or FTS5 as anything but a value in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from string import ascii_uppercase

from kiosk.logbook.ticket_states import DESK_LETTERS
from kiosk.logbook.visit_index import (
    AUTHOR,
    BORN,
    CANCELLED,
    FROM_PAPER,
    NOT_SENT,
    OUTCOME,
    ROOM,
    UNMARKED,
    phone_digits,
)
from verify import (
    NameWord,
    clean_line,
    has_short_year,
    is_syllable,
    name_words,
    read_date,
)

MAX_TYPED = 200  # characters
MAX_WORDS = 12  # of a name
MAX_WORD = 40  # characters
MAX_PREFIX = 6  # signs of a word, by which its beginning is indexed
OLDEST_BIRTH = 1890  # a year
# Words that a tenth of all names in Vietnam have, or more.
COMMON_WORDS = frozenset({"nguyen", "tran", "le", "thi", "van"})
NOT_SENT_STATE = "not_sent"  # of visits about which the insurer gets no message

_BLANKS = re.compile(r"[ .\-()]")
_DIGITS = re.compile(r"\+?[0-9().\-]+", re.ASCII)  # a part of a number that is typed in groups
_DAY = re.compile(r"\d{1,2}([/.\- ])\d{1,2}\1\d{4}|\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"[A-Z]{2}[0-9A-Z][0-9]{12}|[0-9]{9}|[0-9]{10}|[0-9]{12}|[0-9]{15}", re.ASCII)
_DOCUMENT = re.compile(r"[A-Z]{1,3}[0-9]{6,9}", re.ASCII)  # a passport
_PHONE = re.compile(r"[0-9]{6,11}|(?:\+|00|84)[0-9]{6,13}", re.ASCII)
_TICKET = re.compile(rf"(?:([A-Z]|G?[{DESK_LETTERS}]{{1,3}}) ?)?([0-9]{{1,4}})", re.ASCII)
_VISIT = re.compile(r"[0-9A-Z]{5}-[0-9]{8}-[0-9a-f]{16}", re.ASCII)
_MONTH = re.compile(r"(0?[1-9]|1[0-2])[/.-]([0-9]{4})", re.ASCII)
_YEAR = re.compile(r"[0-9]{4}", re.ASCII)
_DIGIT = re.compile(r"[0-9]", re.ASCII)


class Cancelled(StrEnum):
    """Whether cancelled visits are looked for. The values stand in addresses."""

    ALL = ""
    ONLY = "only"
    WITHOUT = "without"


@dataclass(frozen=True, slots=True)
class IndexTerm:
    """What the words of a row must hold: one of `forms`, or a word that begins with one."""

    forms: tuple[str, ...] = field(repr=False)
    is_prefix: bool = False
    is_excluded: bool = False  # they must not hold it
    is_common: bool = False  # a word that very many names have

    def matched(self) -> str:
        """Return the term for FTS5, in quotes; what is in it is no syntax."""
        star = " *" if self.is_prefix else ""
        terms = ['"' + form.replace('"', '""') + f'"{star}' for form in self._indexed()]
        return f"({' OR '.join(terms)})" if len(terms) > 1 else terms[0]

    def texts(self) -> list[str]:
        """Return what the words of a row hold if it fits; blanks stand around its words."""
        return [f" {form}" + ("" if self.is_prefix else " ") for form in self._indexed()]

    def _indexed(self) -> list[str]:
        """Return the forms as they are looked up: the index holds beginnings up to MAX_PREFIX."""
        return [form[:MAX_PREFIX] if self.is_prefix else form for form in self.forms]


@dataclass(frozen=True, slots=True)
class VisitQuery:
    """What is looked for.  Fields that are empty, or None, fit all visits; dates are the clinic's.

    `room`, `author` are ids of the table `search_value`.
    """

    names: tuple[NameWord, ...] = field(default=(), repr=False)
    last_is_whole: bool = False  # the last word of the name was finished
    born: str = field(default="", repr=False)  # ISO 8601: a day, a month or a year
    number: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    ticket: str = ""
    visit: str = ""
    first: date | None = None
    last: date | None = None  # included
    room: int | None = None
    author: int | None = None
    outcome: str = ""
    state: str = ""  # at the insurer
    cancelled: Cancelled = Cancelled.ALL
    from_paper: bool = False
    ignores_marks: bool = False
    is_unusable: bool = False  # something was typed, but no letter and no digit

    @property
    def is_personal(self) -> bool:
        """Whether a text was typed."""
        return bool(self.names or self.born or self.number or self.phone or self.visit)

    def without_marks(self) -> VisitQuery:
        """Return the same query with all marks left out of the name."""
        return replace(self, ignores_marks=True)

    @property
    def has_marks(self) -> bool:
        """Whether the name was typed with marks."""
        return any(word.plain != word.marked for word in self.names) and not self.ignores_marks

    @property
    def common(self) -> tuple[NameWord, ...]:
        """The words that very many names have, if there is anything rarer to look for.

        They are compared row by row: walking through their long lists takes longer.
        """
        common = tuple(word for word in self.names if word.plain in COMMON_WORDS)
        has_rarer = len(common) < len(self.names) or len(self.born) > len("yyyy")
        return common if has_rarer else ()

    def terms(self) -> Iterator[IndexTerm]:
        """Yield what the words of a row must hold, and must not."""
        for word in self.names:
            is_last = word is self.names[-1] and not self.last_is_whole
            yield IndexTerm(self._forms(word), is_last, is_common=word in self.common)
        if self.born:
            yield IndexTerm((f"{BORN}{self.born.replace('-', '')}",), len(self.born) < 10)
        if self.room is not None:
            yield IndexTerm((f"{ROOM}{self.room}",))
        if self.author is not None:
            yield IndexTerm((f"{AUTHOR}{self.author}",))
        if self.outcome:
            yield IndexTerm((f"{OUTCOME}{self.outcome}",))
        if self.state == NOT_SENT_STATE:
            yield IndexTerm((NOT_SENT,))
        if self.from_paper:
            yield IndexTerm((FROM_PAPER,))
        if self.cancelled is not Cancelled.ALL:
            yield IndexTerm((CANCELLED,), is_excluded=self.cancelled is Cancelled.WITHOUT)

    def match(self) -> str:
        """Return the query of FTS5; empty if the index of words says nothing about it."""
        terms = [term for term in self.terms() if not term.is_common]
        matched = " AND ".join(term.matched() for term in terms if not term.is_excluded)
        excluded = [term.matched() for term in terms if term.is_excluded]
        if matched and excluded:
            matched = f"({matched}) NOT {excluded[0]}"
        return matched

    def _forms(self, word: NameWord) -> tuple[str, ...]:
        """Return the words of the index that a typed word fits."""
        if word.plain == word.marked or self.ignores_marks:
            return (word.plain,)
        return (word.marked, f"{UNMARKED}{word.plain}")


def read_query(text: str, year: int) -> VisitQuery:
    """Return what a typed text looks for, without filters. `year` is the present one."""
    line = clean_line(text[: 10 * MAX_TYPED])[:MAX_TYPED]
    if _VISIT.fullmatch(line):
        return VisitQuery(visit=line)
    if _DAY.fullmatch(line) and (born := _day(line)):
        return VisitQuery(born=born)
    whole = _BLANKS.sub("", line).upper()
    if _is_number(whole):
        return _of_number(whole)
    ticket = _TICKET.fullmatch(line.upper())
    if ticket and not _is_year(line, year):
        return VisitQuery(ticket=f"{ticket[1]} {ticket[2]}" if ticket[1] else ticket[2])
    query, words = VisitQuery(), []
    for part in _parts(line, year):
        found = _part(part, year)
        if found is None:
            words.append(part)
        else:
            query = _joined(query, found)
    last_is_whole = bool(words) and (
        text.endswith(" ") or not line.endswith(words[-1]) or _is_finished(words[-1])
    )
    names = [
        NameWord(word.plain[:MAX_WORD], word.marked[:MAX_WORD])
        for word in name_words(" ".join(words))
    ]
    is_unusable = bool(line) and not names and not query.is_personal
    return replace(
        query,
        names=tuple(names[:MAX_WORDS]),
        last_is_whole=last_is_whole,
        is_unusable=is_unusable,
    )


def _is_finished(word: str) -> bool:
    """Return whether no longer word can begin with a word: it is a long syllable, as Nguyễn is.

    Looking for all words that begin with it would read all who have it.
    """
    found = name_words(word)
    return is_syllable(word) and bool(found) and len(found[-1].marked) >= MAX_PREFIX


def _parts(line: str, year: int) -> list[str]:
    """Return the parts of a text at its blanks; groups of one number, or of a date, stay together.

    A year before or behind such a number is a part of its own.
    """
    parts: list[str] = []
    groups: list[str] = []
    for part in [*line.split(" "), ""]:
        if _DIGITS.fullmatch(part):
            groups.append(part)
            continue
        parts += _grouped(groups, year)
        groups = []
        parts += [part] if part else []
    return parts


def _grouped(groups: list[str], year: int) -> list[str]:
    if len(groups) < 2:
        return groups
    if _DAY.fullmatch(date := " ".join(groups)) and _day(date):
        return [date]
    for at, rest in ((0, groups[1:]), (-1, groups[:-1])):
        if _is_year(groups[at], year) and _is_number("".join(rest)):
            return [groups[at], " ".join(rest)]
    is_number = _is_number(_BLANKS.sub("", "".join(groups)))
    return [" ".join(groups)] if is_number else groups


def _part(part: str, year: int) -> VisitQuery | None:
    """Return what a part of the text looks for; None if it is a word of a name."""
    if not _DIGIT.search(part):
        return None
    compact = _BLANKS.sub("", part).upper()
    if _is_year(part, year):
        return VisitQuery(born=part)
    if month := _MONTH.fullmatch(part):
        return VisitQuery(born=f"{month[2]}-{int(month[1]):02d}")
    if born := _day(part):
        return VisitQuery(born=born)
    return _of_number(compact) if _is_number(compact) else None


def _day(text: str) -> str:
    """Return the date in a text that looks like one, as ISO 8601; empty if it cannot be one."""
    if has_short_year(text) or not (_DAY.fullmatch(text) or _is_day(text)):
        return ""
    try:
        return str(read_date(text) or "")
    except ValueError:
        return ""


def _is_number(compact: str) -> bool:
    found = (form.fullmatch(compact) for form in (_NUMBER, _DOCUMENT, _PHONE))
    return any(found) and not _day(compact.lstrip(ascii_uppercase))  # a name and a date


def _is_day(compact: str) -> bool:
    """Return whether eight digits are a date that was typed without signs: 01021980."""
    return len(compact) == len("ddmmyyyy") and compact[4:6] in ("19", "20")


def _of_number(compact: str) -> VisitQuery:
    """Return what looks for a number. Ten digits may be an insurance number or a telephone's."""
    digits = phone_digits(compact)
    is_phone = bool(_PHONE.fullmatch(compact)) and digits.startswith("0")
    is_number = _NUMBER.fullmatch(compact) or not is_phone
    return VisitQuery(number=compact if is_number else "", phone=digits if is_phone else "")


def _is_year(text: str, year: int) -> bool:
    return bool(_YEAR.fullmatch(text)) and OLDEST_BIRTH <= int(text) <= year


def _joined(query: VisitQuery, other: VisitQuery) -> VisitQuery:
    return replace(
        query,
        born=other.born or query.born,
        number=other.number or query.number,
        phone=other.phone or query.phone,
    )
