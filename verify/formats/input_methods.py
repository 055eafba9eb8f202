"""Undo what Vietnamese input methods do to a reader that types like a keyboard.

1. Telex and VNI take letters and digits of a code for marks: `e1bb85` may arrive as `ébb85`.
2. Each marked letter is written back as its keystrokes.  The key of a tone may have been pressed
   later in the run of letters, so every place of it is tried.
3. Nothing is decided here: `plain.repair_line` must prove which repair is the right one.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator

MAX_REPAIRS = 256  # tried for one line; they take some ten milliseconds

# Combining marks, with the key that sets each in Telex and in VNI.
TONES = {
    "\u0301": ("s", "1"),
    "\u0300": ("f", "2"),
    "\u0309": ("r", "3"),
    "\u0303": ("x", "4"),
    "\u0323": ("j", "5"),
}
SHAPES = {
    "\u0302": ("", "6"),
    "\u031b": ("w", "7"),
    "\u0306": ("w", "8"),
}  # Telex doubles the letter for ^
STROKE = {"đ": ("dd", "d9"), "Đ": ("DD", "D9")}
MAX_RUN_VARIANTS = 32  # tried for one run of letters
TELEX, VNI = 0, 1


def has_vietnamese_letters(text: str) -> bool:
    """Return whether a text has marked letters. The codes of BHYT cards have none."""
    return not text.isascii() and any(
        letter in STROKE or unicodedata.decomposition(letter) for letter in text
    )


def is_vietnamese_name(name: str) -> bool:
    """Return whether all marked letters of a name are Vietnamese."""
    return all(
        letter.isascii() or letter in STROKE or letter in TONES or letter in SHAPES
        for letter in unicodedata.normalize("NFD", name)
    )


def repairs(text: str) -> Iterator[str]:
    """Yield the texts that may have been typed, by Telex and then by VNI: at most MAX_REPAIRS.

    A text without marked letters is yielded as it is.
    """
    if not has_vietnamese_letters(text):
        yield text
        return
    for method in (TELEX, VNI):
        choices = [_keystrokes(run, method) for run in _runs(text)]
        for choice in itertools.islice(itertools.product(*choices), MAX_REPAIRS // 2):
            yield "".join(choice)


def _runs(text: str) -> list[str]:
    """Split a text into runs of letters and what is between them. A mark stays within its run."""
    return ["".join(run) for _, run in itertools.groupby(text, key=str.isalpha)]


def _keystrokes(run: str, method: int) -> list[str]:
    """Return the ways in which a run of letters may have been typed, at most MAX_RUN_VARIANTS."""
    variants = [("", "")]  # what was typed so far, and the tone keys that are still to come
    for letter in run:
        typed, tone_key = _keys_of(letter, method)
        longer = []
        for done, pending in variants:
            longer.append((done + pending + typed, tone_key))
            if pending:
                longer.append((done + typed, pending + tone_key))
        variants = longer[:MAX_RUN_VARIANTS]
    return list(dict.fromkeys(done + pending for done, pending in variants))


def _keys_of(letter: str, method: int) -> tuple[str, str]:
    """Return a letter's own keystrokes, and the key of its tone."""
    if letter in STROKE:
        return STROKE[letter][method], ""
    decomposed = unicodedata.normalize("NFD", letter)
    base, marks = decomposed[0], decomposed[1:]
    shape = "".join(SHAPES[mark][method] or base for mark in marks if mark in SHAPES)
    tone = "".join(TONES[mark][method] for mark in marks if mark in TONES)
    return base + shape, tone.upper() if letter.isupper() else tone
