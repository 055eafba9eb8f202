"""Search by the words of a patient: with or without marks, misspelt, or still being typed.

1.  Letters are compared without marks, in small letters; đ is d.  "Quên mật khẩu" is typed as
    "quen mat khau", "quenmatkhau", or "quen maatj khaaur" by somebody whose Telex is off.
2.  Words of a region, short forms and figures are read as what they mean (`help_words.csv`), in
    the table as in the query: "xài" as "dùng", "bhyt" as "bảo hiểm y tế".  Here marks matter if
    they are typed: "hông" is "không", "hỏng" is not.
3.  A text is taken apart into threes of letters, once with the ends of its words and once without
    blanks, and into pairs of neighbouring words.  What a misspelling leaves whole still matches.
4.  Words of mere politeness and of asking ("thì làm sao") are left out.
5.  A part that few entries have counts more than one that many have.  The question and the words of
    a patient count more than the answer; a long entry does not win by its length.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from itertools import pairwise

from kiosk.help.guides import guides_on
from kiosk.help.tables import HelpTables

QUESTION, ANSWER, TITLE = 3.0, 1.0, 3.6  # how much a part counts; a guide's title answers more
MIN_SCORE = 0.25  # of the best score, from which on an entry is a result
MAX_QUERY = 200  # characters that are looked at
ASKING = frozenset("a cach cai cua em gi lam minh nao oi roi sao thi toi vay".split())
_MARKS = re.compile(r"[\u0300-\u036f]")
_NO_LETTERS = re.compile(r"[^a-z0-9]+")


class HelpSearch:
    """The entries of one day: ids of troubles and keys of guides, by what they say."""

    def __init__(
        self,
        entries: Iterable[tuple[str, Iterable[tuple[float, str]]]],
        words: Mapping[str, str] | None = None,
    ) -> None:
        """Take each entry's name, with its texts and how much each of them counts.

        `words` says what words of people mean.
        """
        self._meanings = Meanings(words or {})
        self._entries = [(name, _weights(texts, self._meanings)) for name, texts in entries]
        seen: dict[str, float] = defaultdict(float)
        for _, weights in self._entries:
            for part, weight in weights.items():
                seen[part] += weight / QUESTION  # a word that answers share still tells questions
        self._rarity = {
            part: math.log(1 + len(self._entries) / count) for part, count in seen.items()
        }
        self._lengths = [
            math.sqrt(sum((self._rarity[part] * weight) ** 2 for part, weight in weights.items()))
            for _, weights in self._entries
        ]

    def find(self, query: str) -> list[str]:
        """Return the names of the entries that a query may mean, the likeliest first."""
        meant = self._meanings.of(query[:MAX_QUERY])
        parts = [part for part in _parts(meant) if part in self._rarity]
        scored = [
            (sum(self._rarity[part] * weights.get(part, 0) for part in parts) / length**0.5, name)
            for (name, weights), length in zip(self._entries, self._lengths, strict=True)
        ]
        best = max((score for score, _ in scored), default=0)
        found = [pair for pair in scored if pair[0] > 0 and pair[0] >= best * MIN_SCORE]
        found.sort(key=lambda pair: -pair[0])  # equal ones stay in the order of the table
        return [name for _, name in found]


@lru_cache(maxsize=2)
def search_of(tables: HelpTables, day: date) -> HelpSearch:
    """Return the search over all troubles and guides that hold on a day; it is built once a day."""
    return HelpSearch([*_troubles(tables, day), *_guides(tables, day)], tables.words)


class Meanings:
    """Reads words of people as what they mean, the longest first."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = dict(words)
        longest = sorted(words, key=len, reverse=True)
        self._said = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")

    def of(self, text: str) -> str:
        """Return a text in small letters, with the meaning of words in their place."""
        small = " ".join(unicodedata.normalize("NFC", text.lower()).split())
        return self._said.sub(lambda found: self._words[found[0]], small) if self._words else small


def fold(text: str) -> str:
    """Return the letters and digits of a text, small and without marks, with single blanks."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    return _NO_LETTERS.sub(" ", _MARKS.sub("", decomposed)).strip()


def _troubles(tables: HelpTables, day: date) -> Iterator[tuple[str, list[tuple[float, str]]]]:
    for row in tables.troubles_on(day):
        asked = [row.question_vi, row.question_en, *row.words]
        said = [row.answer_vi, row.answer_en, row.safer_vi, row.safer_en, row.where_vi]
        yield row.id, [*((QUESTION, text) for text in asked), *((ANSWER, text) for text in said)]


def _guides(tables: HelpTables, day: date) -> Iterator[tuple[str, list[tuple[float, str]]]]:
    for guide in guides_on(tables, day):
        texts = [(TITLE, guide.title.text_vi), (TITLE, guide.title.text_en)]
        texts += [(QUESTION, text) for text in guide.title.words]
        for step in guide.steps:
            texts += [(ANSWER, step.text_vi), (ANSWER, step.text_en)]
        yield guide.key, texts


def _weights(texts: Iterable[tuple[float, str]], meanings: Meanings) -> dict[str, float]:
    """Return how much each part of an entry counts: as much as in the text where it counts most."""
    weights: dict[str, float] = {}
    for weight, text in texts:
        for part in _parts(meanings.of(text)):
            weights[part] = max(weight, weights.get(part, 0))
    return weights


def _parts(text: str) -> set[str]:
    words = [word for word in fold(text).split() if word not in ASKING]
    parts = {f"{before}+{after}" for before, after in pairwise(words)}
    for run in ("".join(words), *(f" {word} " for word in words)):
        parts |= {run[at : at + 3] for at in range(len(run) - 2)}
    return parts
