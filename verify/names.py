"""Names of persons: how they are read from a card, and when two of them are the same.

Every comparison of two names in the program is decided here:

1. `same_name` is strict. It ignores case and spacing and nothing else: `Mẫu` and `Mậu` are two
   names, since a mark is a part of a letter in Vietnamese.  All rules that admit, join or refuse
   go by it.
2. `similar_name` ignores the marks too.  It only decides whether a clerk is shown two cards to
   compare.

One comparison cannot be made here: the registry holds no names, only a check of eight bits
(`kiosk/registry/row.py: check_of`), which ignores marks.
"""

from __future__ import annotations

import re
import unicodedata

from verify.errors import BadCard
from verify.reason import Reason

# Letters of Latin script, the combining marks of Vietnamese and its neighbours for which there is
# no single letter (as in ư̆ of Ê Đê names), and the signs that join the parts of a name.
_NAME = re.compile(
    "[A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ\u0300-\u0303\u0306\u0309\u031b\u0323 '\u2018\u2019\u02bc.·-]*\\Z"
)


def same_name(name: str, other: str) -> bool:
    """Return whether two names are the same, except for case and spacing."""
    return name == other or name_key(name) == name_key(other)


def name_key(name: str) -> str:
    """Return the same text for names that `same_name` counts as the same, to find them by."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def similar_name(name: str, other: str) -> bool:
    """Return whether two names are the same, except for case, spacing and Vietnamese marks."""
    return _without_marks(name) == _without_marks(other)


def person_name(text: str) -> str | None:
    """Return a name in NFC with single blanks. None if the text is blank.

    Raises BadCard if the name holds letters of another script or signs that no name has: then a
    reader or a decoder took UTF-8 for Big5, Shift-JIS or Latin-1, and no person is registered
    from that.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not _NAME.match(name):
        raise BadCard(Reason.BAD_ENCODING, "a name with letters of another script")
    if not name.isascii() and _is_misread_utf8(name):
        raise BadCard(Reason.BAD_ENCODING, "a name of UTF-8 that was taken for Latin letters")
    return name or None


def _without_marks(name: str) -> str:
    """Return a name as people type it without a Vietnamese keyboard."""
    decomposed = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return " ".join(
        "".join(letter for letter in decomposed if not unicodedata.combining(letter)).split()
    )


def _is_misread_utf8(name: str) -> bool:
    """Return whether each letter of a name is one byte of UTF-8 that was read as cp1252."""
    try:
        return bool(name.encode("cp1252").decode("utf-8"))
    except ValueError:
        return False
