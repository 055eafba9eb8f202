"""Finds the encoding that a reader writes in, by the sheet's own text; never for a patient's."""

from __future__ import annotations

import codecs
import unicodedata
from difflib import SequenceMatcher

from kiosk.readers.sheet import NAMES

# The encodings into which cheap readers are known to turn UTF-8, and their names in manuals.
ENCODING_NAMES = {
    "gb18030": "GBK / GB 18030",
    "big5": "Big5",
    "shift_jis": "Shift-JIS",
    "cp1258": "Windows-1258",
    "cp1252": "Windows-1252",
}
UNKNOWN_ENCODING = "?"
MIN_LETTERS_RIGHT = 3  # of the sheet's letters that are not ASCII, to be sure of an encoding

VIETNAMESE_LETTERS = frozenset(letter for letter in NAMES if not letter.isascii())


def read_text(raw: bytes) -> tuple[str, str]:
    """Return the text of bytes, and the name of their encoding; "" if it is UTF-8.

    The name is "?" if the encoding is not UTF-8 and none of the known ones is certain.
    """
    if b"\0" in raw:
        is_little = raw[1::2].count(0) >= raw[0::2].count(0)
        return raw.decode("utf-16-le" if is_little else "utf-16-be", "ignore"), "UTF-16"
    try:
        return _composed(raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")), ""
    except UnicodeDecodeError:
        texts = {
            encoding: _composed(raw.decode(encoding, "replace")) for encoding in ENCODING_NAMES
        }
    best = max(texts, key=lambda encoding: _likeness_to_names(texts[encoding]))
    is_certain = len(VIETNAMESE_LETTERS.intersection(texts[best])) >= MIN_LETTERS_RIGHT
    return texts[best], ENCODING_NAMES[best] if is_certain else UNKNOWN_ENCODING


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _likeness_to_names(text: str) -> float:
    return SequenceMatcher(None, NAMES, text, autojunk=False).ratio()
