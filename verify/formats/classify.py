"""From the bytes of a payload to its format.

1. A payload is text in strict UTF-8.  What readers add to it is removed (`normalise`).
2. The text alone decides the format (`classify`), never the button that was pressed.
3. A BHYT or citizen card that was cut short is not taken for a shorter format.

Source: codes in use.  No official specification is public.
"""

from __future__ import annotations

import re
from enum import StrEnum

from verify.errors import BadCard
from verify.formats.dressing import (
    END_MARKS,
    FIRST_FIELD,
    NUMBER_MARKS,
    SEX_WORDS,
    has_other_bars,
    is_undressed,
    undress,
    utf8_text,
    without_prefix,
)
from verify.reason import Reason
from verify.signed.hc1 import HC1_PREFIX
from verify.signed.shc import SHC_PREFIX
from verify.text import clean_text

MAX_PAYLOAD_BYTES = 4_096  # the longest known card has less than 1,200
PRINTABLE_ASCII = bytes(range(0x20, 0x7F))


class Format(StrEnum):
    """The formats of payloads. The values are stored, and other programs read them."""

    BHYT15 = "bhyt15"
    BHYT17 = "bhyt17"
    BHYT9 = "bhyt9"
    CCCD = "cccd"
    NUMBER15 = "number15"
    NUMBER12 = "number12"
    NUMBER10 = "number10"
    NUMBER9 = "number9"
    HC1 = "hc1"
    SHC = "shc"

    # Not cards.
    VIETQR = "vietqr"
    URL = "url"
    SMART_HEALTH_LINK = "smart_health_link"
    MRZ = "mrz"
    HEALTH_PASS = "health_pass"  # for a vaccination, a test or a recovery, signed like a card
    PAPER_LINE = "paper_line"  # a line of a sheet that is filled in during a power cut
    TICKET = "ticket"  # a ticket of Tiếp Đón, ours or another clinic's (kiosk/tickets)
    PRODUCT = "product"  # the bar code of a product, such as a box of medicine


# The formats of numbers, by their length in characters.
NUMBER_LENGTHS = {
    20: Format.NUMBER15,  # followed by the facility's code, as older software stored it
    15: Format.NUMBER15,
    12: Format.NUMBER12,
    11: Format.NUMBER12,  # a citizen's number without its leading zero
    10: Format.NUMBER10,
    9: Format.NUMBER9,  # an old identity card, or ten digits without the leading zero
}

# The formats of BHYT lines, by their bars if they are whole.
WHOLE_BHYT = {8: Format.BHYT9, 14: Format.BHYT15, 16: Format.BHYT17}

NOT_CARDS = (
    Format.VIETQR,
    Format.URL,
    Format.SMART_HEALTH_LINK,
    Format.MRZ,
    Format.HEALTH_PASS,
    Format.PAPER_LINE,
    Format.TICKET,
    Format.PRODUCT,
)
PAPER_LINE, TICKET = Format.PAPER_LINE, Format.TICKET

# Codes that people show by mistake, by their beginning.
OTHER_CODES = {
    "000201": Format.VIETQR,  # EMVCo merchant-presented codes; VietQR is one of them
    "http://": Format.URL,
    "https://": Format.URL,
    "shlink:/": Format.SMART_HEALTH_LINK,
    "idvnm": Format.MRZ,
    "tiepdon-g": Format.PAPER_LINE,
    "td1-": Format.TICKET,
}

STOPS = (b"\0", b"\x03", b"\x04")  # NUL, ETX, EOT: what follows is not part of the text
# EAN-8, EAN-13 and GTIN-14, and the code of GS1 that begins with a GTIN (GS1 General
# Specifications, 3.2 and 7.9).  The twelve digits of UPC-A may also be a citizen's number.
_PRODUCT = re.compile(r"(?:\d{8}|\d{13}|\d{14}|01\d{14}[!-~]*)\Z", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")  # readers may put an Enter in the middle, too
_HEX = re.compile(r"(?:[0-9a-f]{2}){2,}\Z", re.ASCII | re.IGNORECASE)
_BIRTH = re.compile(r"[\dX][\dX /.:T-]{3,18}\Z", re.ASCII | re.IGNORECASE)  # read by `dates`
_CHECK_STRING = re.compile(r"[0-9a-f]{1,16}-\d{4}\Z", re.ASCII | re.IGNORECASE)


def normalise(payload: bytes, any_prefix: bool = True) -> str:
    """Return the text of a payload, cleaned, and without what readers add to it (`dressing`).

    Without `any_prefix`, only what readers are known to put in front is removed.  Raises BadCard if
    the payload is too long, is not UTF-8, or holds no text.
    """
    body = payload if payload[:2].isalnum() else utf8_text(payload)
    if len(body) > MAX_PAYLOAD_BYTES:
        raise BadCard(Reason.TOO_LONG, f"{len(body)} bytes; at most {MAX_PAYLOAD_BYTES}")
    is_clean = not body.translate(None, PRINTABLE_ASCII)
    # Outer blanks are not part of any card: base45 has a blank, but never ends with one.
    text = (body.decode("ascii") if is_clean else _cleaned(body)).strip()
    if is_undressed(text):
        return text
    text = undress(text)
    if not text:
        raise BadCard(Reason.UNREADABLE, "it holds no text")
    return without_prefix(text) if any_prefix else text


def _cleaned(body: bytes) -> str:
    """Return the text of a payload that has other bytes than printable ASCII."""
    try:
        text = body.decode("utf-8")
        is_printable = text.isprintable()
    except UnicodeDecodeError:
        text, is_printable = "", False
    if not is_printable:
        text = _CONTROLS.sub("", _text_before_stop(body))
    return text if text.isascii() else clean_text(text)


def _text_before_stop(body: bytes) -> str:
    """Return the text before a NUL, ETX or EOT, with blanks for tabs; the rest need not be text."""
    for stop in STOPS:
        body = body.partition(stop)[0]
    try:
        return body.decode("utf-8").replace("\t", " ")
    except UnicodeDecodeError as exc:
        is_cut = exc.reason == "unexpected end of data"
        reason = Reason.TRUNCATED if is_cut else Reason.BAD_ENCODING
        raise BadCard(reason, f"byte {exc.start} of {len(body)} is not UTF-8") from None


def may_hold_card(payload: bytes) -> bool:
    """Return whether a payload has the format of a card or a number, and not of another code."""
    try:
        return classify(normalise(payload)) not in NOT_CARDS
    except BadCard:
        return False


def classify(text: str) -> Format:
    """Return the format of a normalised text. Raises BadCard if it has no known format."""
    if text.startswith(HC1_PREFIX):
        return Format.HC1
    if text[: len(SHC_PREFIX)].lower() == SHC_PREFIX:
        return Format.SHC
    if "|" not in text:
        for start, other_format in OTHER_CODES.items():
            if text[: len(start)].lower() == start:
                return other_format
        return _classify_number(text)
    if text.endswith(END_MARKS) and not text.lstrip()[:12].isdigit():  # then it is not CCCD
        whole = WHOLE_BHYT.get(text.count("|"))
        if whole is not None:
            return whole
    parts = list(map(str.strip, text.split("|")))
    if _looks_like_cccd(parts):
        return Format.CCCD
    if _looks_like_bhyt(parts):
        return _classify_bhyt(parts)
    raise BadCard(Reason.NOT_A_BHYT_CARD, f"{len(parts)} parts; not a known card")


def plain_number(text: str) -> str:
    """Return a typed number as it is stored: without blanks and dashes, in upper case."""
    return NUMBER_MARKS.sub("", text).upper()


def _classify_number(text: str) -> Format:
    number = plain_number(text) if text.isascii() else text  # upper() may lengthen other text
    found = Format.PRODUCT if _PRODUCT.match(text) else None
    digits = sum(letter.isdigit() for letter in number)
    if has_other_bars(text):
        raise BadCard(Reason.UNREADABLE, "another sign than | between its fields: a layout")
    if not (number.isascii() and number.isalnum()) or len(number) > 20 or digits * 2 < len(number):
        message = f"{len(text)} characters; not a known card"
        raise BadCard(Reason.NOT_A_BHYT_CARD, message, found=found)
    if len(number) not in NUMBER_LENGTHS:
        message = f"{len(number)} characters; expected 10, 12 or 15"
        raise BadCard(Reason.NUMBER_WRONG, message, found=found)
    return NUMBER_LENGTHS[len(number)]


def _looks_like_cccd(parts: list[str]) -> bool:
    return (
        len(parts) >= 5
        and len(parts[0]) == 12
        and parts[0].isdigit()
        and _is_sex(parts[4], is_complete=len(parts) > 6)
    )


def _is_sex(word: str, is_complete: bool) -> bool:
    """Return whether a word is a sex. A wrong encoding garbles `Nữ`, as it does names."""
    is_garbled = is_complete and not word.isascii() and len(word) <= 6 and word[0] in "Nn"
    return word.casefold() in SEX_WORDS or is_garbled


def _looks_like_bhyt(parts: list[str]) -> bool:
    if parts[-1] in ("$", "#") and len(parts) > 3:
        return True
    if len(parts) > 13 and _CHECK_STRING.match(parts[13]):
        return True
    # The last part may have been cut anywhere. The parts before it are complete.
    return (
        FIRST_FIELD.match(parts[0]) is not None
        and (len(parts) < 3 or _HEX.match(parts[1]) is not None)
        and (len(parts) < 4 or _BIRTH.match(parts[2]) is not None)
    )


def _classify_bhyt(parts: list[str]) -> Format:
    has_end_mark = parts[-1] in ("$", "#")
    fields = parts[:-1] if has_end_mark or not parts[-1] else parts
    if len(fields) == 8 and has_end_mark:
        return Format.BHYT9
    if len(fields) == 14 and (has_end_mark or _is_complete_15(fields)):
        return Format.BHYT15
    if len(fields) == 16 and (has_end_mark or _HEX.match(fields[15])):
        return Format.BHYT17
    reason = Reason.UNREADABLE if has_end_mark else Reason.TRUNCATED
    raise BadCard(reason, f"{len(fields)} fields; a BHYT card has 14 or 16 before its end mark")


def _is_complete_15(fields: list[str]) -> bool:
    """Return whether 14 fields are a card without its end mark, not a longer card that was cut."""
    return len(fields[0]) == 15 and _CHECK_STRING.match(fields[13]) is not None
