"""Names as cards give them: NFC, and refused where a decoder's guess has garbled them."""

from __future__ import annotations

import re
import unicodedata

from verify.errors import BadCard
from verify.reason import Reason

# Letters of Latin script, the marks of Vietnamese and its neighbours where no letter has them
# (as in ư̆ of Ê Đê names), and what joins names.
_NAME = re.compile(
    "[A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ\u0300-\u0303\u0306\u0309\u031b\u0323 '\u2018\u2019\u02bc.·-]*\\Z"
)


def person_name(text: str) -> str | None:
    """Return a name in NFC with single blanks; None where there is none.

    BadCard for letters of another script or signs that no name has: a reader or decoder took
    UTF-8 for Big5, Shift-JIS or Latin-1, and a person is never registered from that.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not _NAME.match(name):
        raise BadCard(Reason.BAD_ENCODING, "a name with letters of another script")
    if not name.isascii() and _was_taken_for_latin(name):
        raise BadCard(Reason.BAD_ENCODING, "a name of UTF-8 that was taken for Latin letters")
    return name or None


def same_name(one: str, other: str) -> bool:
    """Compare names as people do: without case and spacing, but with every mark."""
    return one == other or _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _was_taken_for_latin(name: str) -> bool:
    """Tell whether a name's letters are UTF-8's bytes, each taken for a letter of its own."""
    try:
        return bool(name.encode("cp1252").decode("utf-8"))
    except ValueError:
        return False
