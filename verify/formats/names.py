"""Names as cards give them: NFC, and refused where a decoder's guess has garbled them."""

from __future__ import annotations

import re
import unicodedata

from verify.errors import BadCard
from verify.reason import Reason

# Letters of Latin script, Vietnamese ones with their marks among them, and what joins names.
_NAME = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ '’.·-]*\Z")


def person_name(text: str) -> str | None:
    """Return a name in NFC with single blanks; None where there is none.

    BadCard for letters of another script or signs that no name has: a reader or decoder took
    UTF-8 for Big5, Shift-JIS or Latin-1, and a person is never registered from that.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not _NAME.match(name):
        raise BadCard(Reason.BAD_ENCODING, "a name with letters of another script")
    return name or None
