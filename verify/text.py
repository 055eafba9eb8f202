"""Clean a text that came from a card, a reader, a web page or a keyboard: the one way for all.

What a person cannot see, or cannot distinguish from another sign, must not decide anything.  A name
that was copied from a web page has no-break spaces, a number from a chat has zero-width marks, a
word processor turns hyphens into dashes, and an East Asian keyboard types digits in full width.
"""

from __future__ import annotations

import re
import unicodedata

FULL_WIDTH = range(0xFF01, 0xFF5F)  # ASCII from "!" to "~", in the width of an ideograph
FULL_WIDTH_OFFSET = 0xFEE0
# Hyphens and dashes of all lengths, and the minus sign.
DASHES = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63")
# They show nothing, but are neither blanks nor of the category "format" (Cf).
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0") | {
    chr(code) for code in range(0xFE00, 0xFE10)
}
BLANK_CATEGORIES = ("Zs", "Zl", "Zp")
LAST_REMEMBERED = 0x2FFF  # letters of other scripts are too many to remember


# Words of precomposed Latin letters with single blanks: nearly every text that comes.
_CLEAN_ALREADY = re.compile("[!-~À-ɏḀ-ỿ]+(?: [!-~À-ɏḀ-ỿ]+)*\\Z")


def clean_text(text: str) -> str:
    """Return a text in NFC, of which everything can be seen.

    Format characters (zero width, direction, soft hyphen, byte order mark) are left out, every kind
    of blank and the tab become a blank, every dash a hyphen, and full-width ASCII becomes ASCII.
    Control characters other than the tab stay, for the caller to judge.
    """
    if text.isascii():
        return text.replace("\t", " ") if "\t" in text else text
    return unicodedata.normalize("NFC", text.translate(_CLEAN))


def clean_line(text: str) -> str:
    """Return a cleaned text (`clean_text`) with single blanks, and none at its ends."""
    if _CLEAN_ALREADY.match(text):
        return text
    return " ".join(part for part in clean_text(text).split(" ") if part)


def has_controls(text: str) -> bool:
    """Return whether a text has control characters, which no written text has."""
    return not text.isprintable() and any(unicodedata.category(letter) == "Cc" for letter in text)


class _Translation(dict[int, int | str | None]):
    """What becomes of a character, by its code; found out when it is first met."""

    def __missing__(self, code: int) -> int | str | None:
        clean = _cleaned(code)
        if code <= LAST_REMEMBERED:
            self[code] = clean
        return clean


def _cleaned(code: int) -> int | str | None:
    if code in FULL_WIDTH:
        return code - FULL_WIDTH_OFFSET
    letter = chr(code)
    if letter in DASHES:
        return "-"
    category = unicodedata.category(letter)
    if letter == "\t" or category in BLANK_CATEGORIES:
        return " "
    return None if category == "Cf" or letter in INVISIBLE else code


_CLEAN = _Translation()
