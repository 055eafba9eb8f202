"""Finds the encoding and the protocol that a reader writes in, by the sheet's own text.

Never for a patient's card.
"""

from __future__ import annotations

import codecs
import unicodedata
from difflib import SequenceMatcher

from kiosk.readers.sheet import NAMES, START

# The encodings into which cheap readers are known to turn UTF-8, and their names in manuals.
ENCODING_NAMES = {
    "gb18030": "GBK / GB 18030",
    "big5": "Big5",
    "shift_jis": "Shift-JIS",
    "cp1258": "Windows-1258",
    "cp1252": "Windows-1252",
}
UNKNOWN_ENCODING = "?"
MIN_NUL_SHARE = 0.25  # of bytes in UTF-16; fewer are noise of the line
MAX_HEADER, MAX_TRAILER = 6, 4  # bytes of a protocol in front of a code and behind it
MIN_LETTERS_RIGHT = 3  # of the sheet's letters that are not ASCII, to be sure of an encoding

VIETNAMESE_LETTERS = frozenset(letter for letter in NAMES if not letter.isascii())


def read_text(raw: bytes) -> tuple[str, str]:
    """Return the text of bytes, and the name of their encoding; "" if it is UTF-8.

    The name is "?" if the encoding is not UTF-8 and none of the known ones is certain.
    """
    if raw.count(0) > MIN_NUL_SHARE * len(raw):
        is_little = raw[1::2].count(0) >= raw[0::2].count(0)
        text = raw.decode("utf-16-le" if is_little else "utf-16-be", "ignore")
        return _composed(text.removeprefix("\ufeff")), "UTF-16"
    raw = raw.replace(b"\0", b"")
    try:
        return _composed(raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")), ""
    except UnicodeDecodeError:
        texts = {
            encoding: _composed(raw.decode(encoding, "replace")) for encoding in ENCODING_NAMES
        }
    best = max(texts, key=lambda encoding: _likeness_to_names(texts[encoding]))
    is_certain = len(VIETNAMESE_LETTERS.intersection(texts[best])) >= MIN_LETTERS_RIGHT
    return texts[best], ENCODING_NAMES[best] if is_certain else UNKNOWN_ENCODING


def without_length(raw: bytes) -> tuple[bytes, bool]:
    """Return a code without the length that a protocol sends before it, and whether it does.

    The length is a byte or two before the code.  A checksum may follow.
    """
    start = raw.find(START.encode())
    header, rest = raw[: max(start, 0)], raw[max(start, 0) :]
    is_text = header[:1] >= b" " and header.isascii()
    if not 0 < start <= MAX_HEADER or is_text:
        return raw, False
    two = header[-2:]
    for size in (header[-1], int.from_bytes(two, "big"), int.from_bytes(two, "little")):
        behind = rest[size:]
        if size <= len(rest) and len(behind) <= MAX_TRAILER:
            return rest[:size] + behind.lstrip(behind.rstrip(b"\r\n\t")), True
    return raw, False


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _likeness_to_names(text: str) -> float:
    return SequenceMatcher(None, NAMES, text, autojunk=False).ratio()
