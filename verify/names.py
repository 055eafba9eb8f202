"""Names of persons: their stored spelling, and whether two of them name one person.

Every comparison of two names in the program is made here:

1. `compare_names` gives one of three grades.  Two names are the same if they differ only in case,
   blanks, hyphens, full stops, Unicode form, the place of a tone mark (`Hoà`, `Hòa`) or signs that
   look alike (`Ð` and `Đ`, the kinds of apostrophe).
2. They are the same but for marks if, further, one of them has no marks at all.
3. All others are different: `Dung` and `Dũng` within two marked names may be two people.

The registry holds no names, only a check of eight bits (`kiosk/registry/row.py: checks_of`), which
is made of `plain_letters`: it cannot tell names apart that differ in marks only.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from typing import NamedTuple

from verify.code_pages import find_garbled
from verify.syllables import TONES
from verify.text import clean_line

# Signs that people type for one another, with the one that is compared.  Both Eth and the African
# D look like the Vietnamese letter; a d with a stroke of its own is composed by no normalisation.
_LOOK_ALIKES = {
    "ð": "đ",
    "ɖ": "đ",
    "\u2018": "'",
    "\u2019": "'",
    "\u201b": "'",
    "\u02b9": "'",
    "\u02bb": "'",
    "\u02bc": "'",
    "\u02bd": "'",
    "\u02be": "'",
    "\u02bf": "'",
    "\u02c8": "'",
    "\u2032": "'",
    "\u00b4": "'",
    "`": "'",
}
_COMPARED = str.maketrans(_LOOK_ALIKES)
_STROKES = re.compile("d[\u0335\u0336]")
_SEPARATORS = re.compile(r"[ .\-]+")
_NO_LETTERS = bytes(code for code in range(128) if not (chr(code).isalnum() or chr(code) == "\n"))
_VOWELS = re.compile("(?:[aeiouy][\u0300-\u036f]*)+")
_MARKS = re.compile("[\u0300-\u036f]+")
_WORDS = re.compile("[0-9a-z\u00c0-\U0010ffff]+")  # no signs of Latin-1, such as \u00a7
# The marks of Vietnamese letters as digits, so that a word of an index is plain ASCII.
_DIGITS = str.maketrans(
    {
        **dict(zip("\u0306\u0302\u031b\u0300\u0301\u0303\u0309\u0323", "12345678", strict=True)),
        "đ": "d9",
    }
)

# Nearly every name: words of composed Vietnamese letters with single blanks, as they are stored.
# One letter is of those that no wrong encoding gives (`code_pages`).
_LETTER = "[A-Za-zÀ-ÃÈ-ÊÌÍÒ-ÕÙÚÝà-ãè-êìíò-õùúýĂăĐđĨĩŨũƠơƯưẠ-ỹ]"
_AS_STORED = re.compile(f"(?=.*[Ạ-ỹ]){_LETTER}+(?: {_LETTER}+)*\\Z")

# Letters of Latin script, the combining marks of Vietnamese and its neighbours for which there is
# no single letter (as in ư̆ of Ê Đê names), and the signs that join the parts of a name.
_USUAL = re.compile(
    "[A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ\u0300-\u0303\u0306\u0309\u031b\u0323 "
    "'`\u00b4\u2018\u2019\u02bb\u02bc.·-]*\\Z"
)


class NameReading(NamedTuple):
    """What a card gives as the name. `name` is None if it gives none, or if it is garbled.

    `repaired` is what a garbled name certainly was: for a person to confirm, never to rely on.
    """

    name: str | None
    is_garbled: bool = False
    repaired: str | None = None


class NameWord(NamedTuple):
    """A word of a name as an index holds it, in ASCII if it is Vietnamese."""

    plain: str  # without marks
    marked: str  # with its marks as digits; the same as `plain` if it has none


class NameMatch(Enum):
    """How two names compare."""

    SAME = "same"
    SAME_BUT_FOR_MARKS = "same but for marks"  # one of them has no marks at all
    DIFFERENT = "different"


def compare_names(name: str, other: str) -> NameMatch:
    """Return how two names compare, by the rules of this module."""
    if name == other:
        return NameMatch.SAME
    key, other_key = name_key(name), name_key(other)
    if key == other_key:
        return NameMatch.SAME
    plain, other_plain = _without_marks(key), _without_marks(other_key)
    is_one_plain = key == plain or other_key == other_plain
    if plain == other_plain and is_one_plain:
        return NameMatch.SAME_BUT_FOR_MARKS
    return NameMatch.DIFFERENT


def same_name(name: str, other: str) -> bool:
    """Return whether two names are the same, marks included."""
    return compare_names(name, other) is NameMatch.SAME


def similar_name(name: str, other: str) -> bool:
    """Return whether two names are the same except for marks: worth comparing by a person."""
    return _without_marks(name_key(name)) == _without_marks(name_key(other))


def name_key(name: str) -> str:
    """Return the same text for names that `same_name` counts as the same, to find them by."""
    words = _SEPARATORS.split(_folded(name))
    return "".join(words if name.isascii() else map(_tones_behind_vowels, words))


def name_words(name: str) -> list[NameWord]:
    """Return the words of a name, each once, to find it by: in any order, with marks or without.

    Words are equal by the rules of this module.  An apostrophe joins (`H'Mlô`): its parts are
    words, too.
    """
    folded = _folded(name)
    found = _WORDS.findall(folded.replace("'", ""))
    if "'" in folded:
        found += _WORDS.findall(folded)
    return [_name_word(word) for word in dict.fromkeys(found)]


def plain_letters(names: str) -> bytes:
    """Return the ASCII letters and digits of a name in lower case, without marks.

    Also takes many names, a line for each: their newlines stay.
    """
    folded = names.casefold().replace("đ", "d").replace("ð", "d").replace("ɖ", "d")
    plain = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore")
    return plain.translate(None, _NO_LETTERS)


def read_name(text: str) -> NameReading:
    """Return the name in a text as it is stored, or what is known of it if it is garbled."""
    if _AS_STORED.match(text):
        return NameReading(text)
    garbled = find_garbled(text)
    if garbled is not None:
        return NameReading(None, is_garbled=True, repaired=garbled.repaired)
    return NameReading(person_name(text))


def person_name(text: str) -> str | None:
    """Return a name as it is stored: in NFC, with single blanks, `Ð` as `Đ`. None if it is blank.

    A tone that was typed before the mark of its letter is put behind it.
    """
    name = clean_line(text)
    if not name.isascii():
        name = name.replace("\u00d0", "\u0110")
        if _MARKS.search(name):  # a mark that could not be composed, perhaps by its order
            name = _composed(name)
    return name or None


def is_unusual(name: str) -> bool:
    """Return whether a name has digits, signs or letters of other scripts, as few names have.

    It may still be right: newborns are registered as `Con bà …`, and foreigners are insured too.
    """
    return _USUAL.match(name) is None


def _name_word(word: str) -> NameWord:
    if word.isascii():
        return NameWord(word, word)
    key = _tones_behind_vowels(word)
    return NameWord(_without_marks(key), key.translate(_DIGITS))


def _folded(name: str) -> str:
    """Return a name in lower case, decomposed, with one sign for all that look alike."""
    folded = clean_line(name).casefold().translate(_COMPARED)
    if folded.isascii():
        return folded
    return _STROKES.sub("đ", unicodedata.normalize("NFD", folded))


def _tones_behind_vowels(word: str) -> str:
    """Put the tone behind the vowels that it stands among: where, is a matter of taste."""
    return _VOWELS.sub(lambda vowels: _tones_last(vowels[0]), word)


def _tones_last(letters: str) -> str:
    tones = [mark for mark in letters if mark in TONES]
    if not tones:
        return letters
    return "".join(mark for mark in letters if mark not in TONES) + "".join(tones)


def _without_marks(key: str) -> str:
    return key if key.isascii() else _MARKS.sub("", key).replace("đ", "d")


def _composed(name: str) -> str:
    """Compose each letter with its own mark first and its tone behind, whatever their order was."""
    letters = unicodedata.normalize("NFD", name)
    ordered = re.sub("[\u0300-\u036f]{2,}", lambda marks: _tones_last(marks[0]), letters)
    return unicodedata.normalize("NFC", ordered)
