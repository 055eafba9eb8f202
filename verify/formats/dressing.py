"""Take off what readers put around a card's text, and into it.

A reader that was set up for another use adds to every code: the kind of the code, its encoding, a
label, its length.  Only what is certain is put right here, because a wrong guess would be a wrong
card.  Anything else stays, the text is then not a card, and the page that checks readers names the
setting.

1.  Bytes: UTF-16; control characters in front; the length that cheap engines send before a text
    (`<ETX><length>`, then the text, then perhaps a checksum).
2.  The kind of the code by AIM (`]Q1` … `]Q6`), and escaped marks of its encoding (`\\000026`: ECI,
    AIM ITS/04-001).  No card has a backslash.
3.  A label in front (`QR-Code:`), and what stands behind the end mark of a BHYT card.
4.  Another sign in place of the bar between two fields, as another keyboard layout types it.
5.  Blanks, dots and dashes in a number that begins a card.
6.  Caps Lock: base45 has no lower case, and an ID card says "Nam" or "Nữ" and never "nAM".
7.  Any other characters in front of a card only if the card itself proves where its number begins
    (`without_prefix`): a BHYT card holds its last ten digits twice, and the number of a citizen
    holds the year of birth.
"""

from __future__ import annotations

import itertools
import re

from verify.card import is_number
from verify.formats.input_methods import is_vietnamese_name
from verify.signed.hc1 import HC1_PREFIX
from verify.signed.shc import SHC_PREFIX

NO_SIGNS = bytes(range(0x21)) + b"\x7f"  # control characters and the blank
MAX_HEADER = 6  # bytes of a protocol in front of the text
MAX_TRAILER = 4  # bytes of a protocol behind it: a checksum, an end mark
MAX_LABEL = 24  # characters in front of a card
MAX_SUFFIX = 12  # characters behind the end mark of a BHYT card
MIN_UTF16_LETTERS = 9  # the shortest number
MAX_UTF16_BYTES = 8_192
MIN_BAR_LOOKALIKES = 4
# Where the second copy of a BHYT card's ten digits ends, and where a citizen card has the birth.
COPY_FIELD, BORN_FIELD, SEX_FIELD, ISSUED_FIELD = 9, 3, 4, 6
BHYT_FIELDS = (8, 14, 16)  # before the end mark
END_MARKS = ("|$", "|#")
NUMBER_LENGTHS = {14: 15, 16: 10}  # of field 0, by the number of fields

NUMBER_MARKS = re.compile(r"[\s._-]+")  # people and printers put them into numbers
FIRST_FIELD = re.compile(r"(?:\d{10}|\d{12}|[A-Z]{2}\d{3}[0-9A-Z]{10})\Z", re.ASCII | re.IGNORECASE)
SEX_WORDS = frozenset({"nam", "nữ", "nu"})

_NUMBER = r"(?:\d{10}|\d{12}|[A-Z]{2}[1-7]\d{2}[0-9A-Z]{10})"
_LINE = re.compile(rf"{_NUMBER}\|", re.ASCII | re.IGNORECASE)
_SIGNED = re.compile(
    rf"{HC1_PREFIX}[0-9A-Z $%*+\-./:]{{20,}}|{SHC_PREFIX}\d{{20,}}", re.ASCII | re.IGNORECASE
)
_CARD = re.compile(
    rf"{HC1_PREFIX}|{SHC_PREFIX}|{_NUMBER}\s*\|".encode(), re.IGNORECASE
)  # where a card begins, in bytes
_AIM = re.compile(r"\A\][A-Za-z][0-9A-Za-z]", re.ASCII)
_ECI = re.compile(r"\\{1,2}\d{6}", re.ASCII)
_FIRST_ECI = re.compile(r"\A(?:\\{1,2}\d{6})+", re.ASCII)
_LABEL = re.compile(
    r"""\A[\[(<{"']?
        (?:(?:M[aAãÃ]|CODE)[ ])?
        (?:QR|2D|BAR|CODE|DATA[ _-]?MATRIX|PDF417|AZTEC|(?:SCAN|DATA|TEXT)(?=\s*[:=]))
        (?:[ _-]?CODE)?(?:[ _-]?\d{1,3}(?=\W))?
        [])>}"']?[\s:=;,>#/_|-]*""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_FIRST_AND_SIGN = re.compile(rf"({_NUMBER})\s*([^\w\s/.-])", re.ASCII | re.IGNORECASE)
_DIGITS = re.compile(r"\d{4,8}\Z", re.ASCII)
_QUOTES = "\"'`´‘’“”()[]<>{};,!"  # around a number that was pasted
_PAIRS = dict(zip("\"'`‘“([<{", "\"'`’”)]>}", strict=True))
_BAR_LOOKALIKES = dict.fromkeys(map(ord, "¦│┃ǀ∣❘￨￤׀"), "|")


def utf8_text(payload: bytes) -> bytes:
    """Return the text of a payload in UTF-8, without the bytes that a protocol puts around it.

    A payload that is neither UTF-16 nor in a known protocol is only cut at its beginning: control
    characters and blanks in front are no text.
    """
    body = payload.lstrip(NO_SIGNS)
    framed = payload[max(len(payload) - len(body) - MAX_HEADER, 0) :]
    if b"\0" in framed[: MAX_HEADER + 4]:
        text = _from_utf16(framed)
        if text is not None:
            return text.encode().lstrip(NO_SIGNS)
    return _without_length(framed) or body


def is_undressed(text: str) -> bool:
    """Return whether a text is a BHYT line or HC1 to which nothing was added, as most are."""
    if "\\" in text:
        return False
    if text.endswith(END_MARKS):
        return _LINE.match(text) is not None
    is_hc1 = text.startswith(HC1_PREFIX) and "|" not in text
    return is_hc1 and ":/" not in text[: MAX_LABEL + len(SHC_PREFIX)]  # HC1 as the label of SHC


def undress(text: str) -> str:
    """Return a cleaned text without what a reader certainly added to it (2 to 6)."""
    if _LINE.match(text) and "\\" not in text:
        return _without_suffix(_without_caps_lock(text))
    if text.startswith(HC1_PREFIX) and "\\" not in text:
        return text
    if len(text) > 1 and _PAIRS.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    text = _without_eci(_AIM.sub("", text).lstrip())
    if "|" not in text:
        text = _with_bars(text)
    text = _without_suffix(_with_plain_number(_without_label(text)))
    return _without_caps_lock(text)


def has_other_bars(text: str) -> bool:
    """Return whether a text begins with a card's number, and its fields have some sign between."""
    match = _FIRST_AND_SIGN.match(text)
    return match is not None and text.count(match[2]) >= MIN_BAR_LOOKALIKES


def without_prefix(text: str) -> str:
    """Return an undressed text without any prefix, if the card proves where it begins."""
    head, bar, rest = text.partition("|")
    if not bar:
        return _without_prefix_of_signed(text)
    if FIRST_FIELD.match(head) or len(head) > MAX_LABEL + 15:
        return text  # nothing stands in front, or far too much
    parts = text.split("|")
    for length in (15, 12, 10):
        number = head[-length:].upper()
        if len(head) > length and is_number(number) and _proves(parts, number):
            return f"{number}|{rest}"
    for place, letter in enumerate(head[:MAX_LABEL], 1):
        number = NUMBER_MARKS.sub("", head[place:]).upper()
        if not letter.isalnum() and is_number(number):
            return f"{number}|{rest}"
    return text


def _without_prefix_of_signed(text: str) -> str:
    for prefix in (HC1_PREFIX, SHC_PREFIX):
        start = text[: MAX_LABEL + len(prefix)].upper().find(prefix.upper())
        if start > 0 and "//" not in text[:start] and _SIGNED.match(text, start):
            return text[start:]
    return text


def _from_utf16(data: bytes) -> str | None:
    """Return the text of UTF-16, with or without a byte order mark; None if it is not certain.

    Bytes that are not UTF-16, or begin with another one, give letters of other scripts.
    """
    if len(data) > MAX_UTF16_BYTES:
        return None
    texts = []
    for start, encoding in itertools.product(range(MAX_HEADER), ("utf-16-le", "utf-16-be")):
        end = b"\0" if encoding == "utf-16-le" and (len(data) - start) % 2 else b""
        text = (data[start:] + end).decode(encoding, "ignore").removeprefix("\ufeff")
        text = text.rstrip("\0\r\n\t ")
        is_long_enough = len(text) >= MIN_UTF16_LETTERS and text[:MIN_UTF16_LETTERS].isascii()
        if is_long_enough and text.isprintable() and is_vietnamese_name(text):
            texts.append(text)
    return max(texts, key=lambda text: text.count("|"), default=None)


def _without_length(framed: bytes) -> bytes | None:
    """Return the card behind the length that a protocol sends; None if there is no such length.

    A number of bytes that is exactly that of the text is certain, and so are control characters
    and bytes that are no text in front of a card.
    """
    starts = range(1, min(MAX_HEADER, len(framed)) + 1)
    for start in starts:
        header, rest = framed[:start], framed[start:]
        is_text = header.isascii() and header[0] not in NO_SIGNS
        for size in _lengths(header):
            is_size = 0 <= len(rest) - size <= (0 if is_text else MAX_TRAILER)
            if is_size and (_CARD.match(rest) or _is_bare_number(rest[:size], rest[size:])):
                return rest[:size]
    for start in starts:
        header, rest = framed[:start], framed[start:]
        if _CARD.match(rest) and not header.strip(NO_SIGNS).decode("utf-8", "ignore"):
            return rest
    return None


def _lengths(header: bytes) -> set[int]:
    """Return the numbers that a header may mean: a byte, two, a letter of UTF-8, or digits."""
    two = header[-2:]
    lengths = {header[-1], int.from_bytes(two, "big"), int.from_bytes(two, "little")}
    text = header.lstrip(NO_SIGNS).decode("utf-8", "ignore")
    if len(text) == 1:
        lengths.add(ord(text))
    if text.isascii() and text.isdigit() and header[0] in NO_SIGNS:
        lengths.add(int(text))
    return lengths


def _is_bare_number(data: bytes, behind: bytes) -> bool:
    is_longer = behind[:1].isalnum()  # then it is not certain where the number ends
    return data.isascii() and not is_longer and is_number(data.decode("ascii").upper())


def _without_eci(text: str) -> str:
    if "\\" not in text:
        return text
    text = _FIRST_ECI.sub("", text)
    is_card = "|" in text or _SIGNED.match(_ECI.sub("", text)) is not None
    return _ECI.sub("", text) if is_card else text


def _with_bars(text: str) -> str:
    """Return a line with bars between its fields, if another sign certainly stands for them."""
    line = text.translate(_BAR_LOOKALIKES)
    if line.count("|") >= MIN_BAR_LOOKALIKES:
        return line
    match = _FIRST_AND_SIGN.match(text)
    if match is None:
        return text
    line = text.replace(match[2], "|")
    return line if _is_certain_line(line.split("|")) else text


def _is_certain_line(parts: list[str]) -> bool:
    if len(parts[0]) == 12 and len(parts) > ISSUED_FIELD:
        is_sex = parts[SEX_FIELD].casefold() in SEX_WORDS
        return is_sex and all(_DIGITS.match(parts[place]) for place in (BORN_FIELD, ISSUED_FIELD))
    return len(parts) - 1 in BHYT_FIELDS and parts[-1] in ("$", "#")


def _without_label(text: str) -> str:
    """Return a card or a number without the label that readers put in front of it."""
    label = _LABEL.match(text)
    rest = _with_plain_number(text[label.end() :]) if label else ""
    pasted = text.strip(_QUOTES)
    if is_number(NUMBER_MARKS.sub("", pasted).upper()):
        return pasted
    is_card = _LINE.match(rest) or _SIGNED.match(rest)
    return rest if is_card or is_number(NUMBER_MARKS.sub("", rest).upper()) else text


def _with_plain_number(text: str) -> str:
    head, bar, rest = text.partition("|")
    if not bar or head.isalnum() or len(head) > MAX_LABEL + 15:
        return text
    number = NUMBER_MARKS.sub("", head)
    return f"{number}|{rest}" if FIRST_FIELD.match(number) else text


def _without_suffix(text: str) -> str:
    """Return a BHYT card without what stands behind its end mark; no field has a `$`."""
    if text.endswith(END_MARKS) or "|" not in text:
        return text
    end = max(text.rfind("|$"), text.rfind("|#")) + 2
    is_end = end > 2 and len(text) - end <= MAX_SUFFIX and "|" not in text[end:]
    return text[:end] if is_end and text.count("|", 0, end) in BHYT_FIELDS else text


def _without_caps_lock(text: str) -> str:
    start = text[: len(HC1_PREFIX)]
    if start.upper() == HC1_PREFIX and text.isascii() and text[len(start) :].islower():
        return text.upper()
    is_swapped = "|nAM|" in text or "|nỮ|" in text
    return text.swapcase() if is_swapped else text


def _proves(parts: list[str], number: str) -> bool:
    """Return whether the other fields of a line show that this is its number."""
    if len(number) == 12:
        is_line = len(parts) > SEX_FIELD and parts[SEX_FIELD].casefold() in SEX_WORDS
        return is_line and parts[BORN_FIELD][-2:] == number[4:6]
    fields = len(parts) - (parts[-1] in ("", "$", "#"))
    is_its_length = NUMBER_LENGTHS.get(fields) == len(number)
    return is_its_length and parts[COPY_FIELD].strip()[-10:] == number[-10:]
