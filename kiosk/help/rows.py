"""The rows of the help tables, and the dates that their sources bear."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from verify import Timed

TOPICS = (
    "tai-quay",
    "dang-ky",
    "dang-nhap",
    "thong-tin",
    "vneid",
    "the",
    "tre-em",
    "tra-cuu",
    "an-toan",
)
CONFIDENCES = ("high", "medium", "low", "contradicted")
SOURCE_KINDS = (
    "law",
    "official",
    "press",
    "hospital",
    "firm",
    "forum",
    "code",
    "handout",
    "own",
    "other",
)
DATE_KINDS = ("on_it", "about", "after", "read", "undated")  # read: when a law was read
UNDATED = "undated"


@dataclass(frozen=True, slots=True, order=True)
class SourceDate:
    """The date of a source: a day, a month, a year, or nothing. Later ones compare as greater."""

    text: str  # "2026-02-03", "2021-10", "2024"; "" if the source bears no date

    @classmethod
    def read(cls, text: str) -> SourceDate:
        """Read a cell of a table. Raises ValueError if it holds no such date."""
        if text == UNDATED:
            return cls("")
        if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", text, re.ASCII):
            raise ValueError(f"a year, a month (2026-11), a day, or {UNDATED}")
        found = cls(text)
        found.first_day()
        return found

    def first_day(self) -> date | None:
        """Return the first day that the date may mean; None without a date."""
        if not self.text:
            return None
        year, month, day = (*map(int, self.text.split("-")), 1, 1)[:3]
        try:
            return date(year, month, day)
        except ValueError:
            raise ValueError("a day that exists") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a statement comes from. Without an address it has no fixed one."""

    key: str
    title_vi: str
    title_en: str
    kind: str
    address: str
    date: str
    date_kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble(Timed):
    """A question as a patient asks it, and its answer.

    An answer is the statement of one source, or of several that agree.  What another source says
    is in `other_answer`, never in the same sentence.
    """

    id: str
    topic: str
    question_vi: str
    question_en: str
    answer_vi: str
    answer_en: str
    sources: tuple[str, ...]
    source_date: SourceDate
    other_answer_vi: str
    other_answer_en: str
    other_source: tuple[str, ...]
    other_date: SourceDate | None
    safer_vi: str  # a way that does not depend on which of the two is right
    safer_en: str
    where_vi: str
    where_en: str
    who_vi: str
    who_en: str
    see: tuple[str, ...]  # ids of troubles and keys of guides that go on from here
    confidence: str
    words: tuple[str, ...]  # further words by which patients ask for it


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideStep(Timed):
    """A step of a guide; step 0 is its title."""

    guide: str
    step: int
    text_vi: str
    text_en: str
    sources: tuple[str, ...]
    source_date: SourceDate
    see: str  # a trouble, whose answers contradict each other about this step
    links: tuple[str, ...]  # of the whole guide; in step 0 only
    confidence: str
    words: tuple[str, ...]  # by which patients ask for the whole guide; in step 0 only


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Words of people that mean others: of a region, short forms, figures."""

    said: tuple[str, ...]  # as typed, in small letters; "hông" is not "hong", nor "hỏng"
    meant: str  # folded: small letters without marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An official address that a person may press or scan; `seen` is the date of its source."""

    key: str
    title_vi: str
    title_en: str
    address: str
    seen: SourceDate
    source: str
