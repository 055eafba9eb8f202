"""Undo what Vietnamese input methods do to a reader that types like a keyboard.

Telex and VNI take letters and digits of a code for marks: `e1bb85` may arrive as `é bb85`
without the digit.  Each marked letter is written back as its keystrokes; a mark's key may have
been struck later in the run of letters, so all its places are tried.  Which repair is right is
for the reader of the card to prove.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator

MAX_REPAIRS = 256  # of one line: some ten milliseconds

# Marks by Unicode, and the key that sets each in Telex and in VNI.
TONES = {"\u0301": ("s", "1"), "\u0300": ("f", "2"), "\u0309": ("r", "3"), "\u0303": ("x", "4"),
         "\u0323": ("j", "5")}  # fmt: skip
SHAPES = {"\u0302": ("", "6"), "\u031b": ("w", "7"), "\u0306": ("w", "8")}  # Telex doubles for ^
STROKE = {"đ": ("dd", "d9"), "Đ": ("DD", "D9")}
MAX_RUN_VARIANTS = 32  # of one run of letters
TELEX, VNI = 0, 1


def has_vietnamese_letters(text: str) -> bool:
    """Tell whether a text has Vietnamese letters, which no code of a BHYT card has."""
    return not text.isascii() and any(
        letter in STROKE or unicodedata.decomposition(letter) for letter in text
    )


def is_vietnamese_name(name: str) -> bool:
    """Tell whether a name has no marked letters but Vietnamese ones."""
    apart = unicodedata.normalize("NFD", name)
    return all(one.isascii() or one in STROKE or one in TONES or one in SHAPES for one in apart)


def repairs(text: str) -> Iterator[str]:
    """Yield what may have been typed: by Telex, then by VNI, a few hundred ways at most."""
    if not has_vietnamese_letters(text):
        yield text
        return
    for method in (TELEX, VNI):
        choices = [_keystrokes(word, method) for word in _words(text)]
        for tried in itertools.islice(itertools.product(*choices), MAX_REPAIRS // 2):
            yield "".join(tried)


def _words(text: str) -> list[str]:
    """Split into runs of letters and what stands between them: a mark stays within its run."""
    return ["".join(run) for _, run in itertools.groupby(text, key=str.isalpha)]


def _keystrokes(word: str, method: int) -> list[str]:
    """Return the ways in which a run of letters may have been typed."""
    ways = [("", "")]  # what was typed so far, and marks whose key has not been struck yet
    for letter in word:
        typed, late = _taken_apart(letter, method)
        following = []
        for done, waiting in ways:
            following.append((done + waiting + typed, late))
            if waiting:
                following.append((done + typed, waiting + late))
        ways = following[:MAX_RUN_VARIANTS]
    return list(dict.fromkeys(done + waiting for done, waiting in ways))


def _taken_apart(letter: str, method: int) -> tuple[str, str]:
    """Return a letter's own keystrokes, and the key of its tone."""
    if letter in STROKE:
        return STROKE[letter][method], ""
    apart = unicodedata.normalize("NFD", letter)
    base, marks = apart[0], apart[1:]
    shape = "".join(SHAPES[mark][method] or base for mark in marks if mark in SHAPES)
    tone = "".join(TONES[mark][method] for mark in marks if mark in TONES)
    return base + shape, tone.upper() if letter.isupper() else tone
