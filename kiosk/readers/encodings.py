"""In which encoding a reader writes: found by the sheet's own text, never for a patient's."""

from __future__ import annotations

import codecs
import unicodedata
from difflib import SequenceMatcher

from kiosk.readers.sheet import NAMES

# What cheap engines are known to turn UTF-8 into, with the names their manuals give it.
KNOWN = {
    "gb18030": "GBK / GB 18030",
    "big5": "Big5",
    "shift_jis": "Shift-JIS",
    "cp1258": "Windows-1258",
    "cp1252": "Windows-1252",
}
NOT_KNOWN = "?"
ENOUGH = 3  # letters of the sheet that are not ASCII, and came out right

MARKED = frozenset(letter for letter in NAMES if not letter.isascii())


def read_text(raw: bytes) -> tuple[str, str]:
    """Return the text of bytes, and the encoding by its name where it is not UTF-8."""
    if b"\0" in raw:
        is_little = raw[1::2].count(0) >= raw[0::2].count(0)
        return raw.decode("utf-16-le" if is_little else "utf-16-be", "ignore"), "UTF-16"
    try:
        return _composed(raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")), ""
    except UnicodeDecodeError:
        texts = {kind: _composed(raw.decode(kind, "replace")) for kind in KNOWN}
    best = max(texts, key=lambda kind: _likeness(texts[kind]))
    is_sure = len(MARKED.intersection(texts[best])) >= ENOUGH
    return texts[best], KNOWN[best] if is_sure else NOT_KNOWN


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _likeness(text: str) -> float:
    return SequenceMatcher(None, NAMES, text, autojunk=False).ratio()
