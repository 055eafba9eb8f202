"""From bytes to the name of a shape: never by which button was pressed.

The shapes come from codes in use (no official specification is public).
"""

from __future__ import annotations

import codecs
import re
from enum import StrEnum

from verify.errors import BadCard
from verify.reason import Reason
from verify.signed.hc1 import HC1_PREFIX
from verify.signed.shc import SHC_PREFIX

MAX_PAYLOAD_BYTES = 4_096  # bytes; the longest card known is under 1 200


class Format(StrEnum):
    """The shapes that can hold a card."""

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

    VIETQR = "vietqr"
    URL = "url"
    SMART_HEALTH_LINK = "smart_health_link"
    MRZ = "mrz"
    HEALTH_PASS = "health_pass"  # of a vaccination, a test or a recovery, signed as cards are


NUMBER_LENGTHS = {
    20: Format.NUMBER15,  # with the facility's code behind it, as older software kept it
    15: Format.NUMBER15,
    12: Format.NUMBER12,
    11: Format.NUMBER12,  # a citizen's number without its leading zero
    10: Format.NUMBER10,
    9: Format.NUMBER9,  # an old identity card's, or ten digits without the leading zero
}

NOT_CARDS = (
    Format.VIETQR,
    Format.URL,
    Format.SMART_HEALTH_LINK,
    Format.MRZ,
    Format.HEALTH_PASS,
)

# Codes that people show by mistake, by how they begin.
OTHER_CODES = {
    "000201": Format.VIETQR,  # EMVCo merchant-presented codes, which VietQR is one of
    "http://": Format.URL,
    "https://": Format.URL,
    "shlink:/": Format.SMART_HEALTH_LINK,
    "idvnm": Format.MRZ,
}

COMPLETE_NUMBER_LENGTHS = (10, 12, 15)  # characters
CCCD_ISSUED_FIELD, CCCD_DATE_DIGITS = 6, 8  # the last field that every citizen card has

_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")  # an Enter in the middle, too
_FULL_WIDTH = str.maketrans("０１２３４５６７８９｜", "0123456789|")
_HEX = re.compile(r"(?:[0-9a-f]{2}){2,}\Z", re.ASCII | re.IGNORECASE)
_BIRTH = re.compile(r"(?:\d{1,2}/\d{1,2}/)?\d{4}\Z", re.ASCII)
_FIRST_FIELD = re.compile(
    r"(?:\d{10}|\d{12}|[A-Z]{2}\d{3}[0-9A-Z]{10})\Z", re.ASCII | re.IGNORECASE
)
_CHECK_STRING = re.compile(r"[0-9a-f]{1,16}-\d{4}\Z", re.ASCII | re.IGNORECASE)
_NUMBER_MARKS = re.compile(r"[\s._-]+")
_SEX_WORDS = frozenset({"nam", "nữ", "nu"})


def normalise(payload: bytes) -> str:
    """Return the text of a payload without what readers add to it, or raise BadCard."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise BadCard(Reason.TOO_LONG, f"{len(payload)} bytes; at most {MAX_PAYLOAD_BYTES}")
    body = payload.partition(b"\0")[0]
    try:
        text = body.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as exc:
        cut = exc.reason == "unexpected end of data"
        reason = Reason.TRUNCATED if cut else Reason.BAD_ENCODING
        raise BadCard(reason, f"byte {exc.start} of {len(body)} is not UTF-8") from None
    # Base45 never ends with a blank, though it has one: outer blanks are no part of any card.
    if not (text.isascii() and text.isprintable()):
        text = _CONTROLS.sub("", text.translate(_FULL_WIDTH))
    text = text.strip()
    if text.startswith("]") and _AIM.match(text):
        text = text[3:]
    if not text:
        raise BadCard(Reason.UNREADABLE, "nothing in it")
    return text


def is_whole(payload: bytes) -> bool:
    """Tell whether a payload needs nothing more: a BHYT or citizen card, or a number.

    Of what has no end of its own nothing is said, and for that the answer is no.
    """
    try:
        text = normalise(payload)
        shape = classify(text)
    except BadCard:
        return False
    if shape in (Format.BHYT15, Format.BHYT17, Format.BHYT9):
        return text.endswith(("$", "#"))
    if shape is Format.CCCD:
        parts = text.split("|")
        return len(parts) > CCCD_ISSUED_FIELD and len(parts[CCCD_ISSUED_FIELD]) == CCCD_DATE_DIGITS
    return shape in NUMBER_LENGTHS.values() and len(plain_number(text)) in COMPLETE_NUMBER_LENGTHS


def may_hold_card(payload: bytes) -> bool:
    """Tell whether a payload has the shape of a card or a number, and not of another code."""
    try:
        return classify(normalise(payload)) not in NOT_CARDS
    except BadCard:
        return False


def classify(text: str) -> Format:
    """Name the shape of a normalised text, or raise BadCard where it has none."""
    if text.startswith(HC1_PREFIX):
        return Format.HC1
    if text[: len(SHC_PREFIX)].lower() == SHC_PREFIX:
        return Format.SHC
    if "|" not in text:
        for start, other in OTHER_CODES.items():
            if text[: len(start)].lower() == start:
                return other
        return _classify_number(text)
    parts = [part.strip() for part in text.split("|")]
    if _looks_like_cccd(parts):
        return Format.CCCD
    if _looks_like_bhyt(parts):
        return _classify_bhyt(parts)
    raise BadCard(Reason.NOT_A_BHYT_CARD, f"{len(parts)} parts of no known card")


def plain_number(text: str) -> str:
    """Return a typed number as it is kept: without blanks and dashes, in upper case."""
    return _NUMBER_MARKS.sub("", text).upper()


def _classify_number(text: str) -> Format:
    number = plain_number(text) if text.isascii() else text  # letters grow when made capital
    digits = sum(letter.isdigit() for letter in number)
    if not (number.isascii() and number.isalnum()) or len(number) > 20 or digits * 2 < len(number):
        raise BadCard(Reason.NOT_A_BHYT_CARD, f"{len(text)} characters of no known card")
    if len(number) not in NUMBER_LENGTHS:
        raise BadCard(Reason.NUMBER_WRONG, f"{len(number)} characters; wanted 10, 12 or 15")
    return NUMBER_LENGTHS[len(number)]


def _looks_like_cccd(parts: list[str]) -> bool:
    return (
        len(parts) >= 5
        and len(parts[0]) == 12
        and parts[0].isdigit()
        and parts[3].isdigit()
        and parts[4].casefold() in _SEX_WORDS
    )


def _looks_like_bhyt(parts: list[str]) -> bool:
    if parts[-1] in ("$", "#") and len(parts) > 3:
        return True
    if len(parts) > 13 and _CHECK_STRING.match(parts[13]):
        return True
    # The last part may have been cut anywhere; those before it are whole.
    return (
        _FIRST_FIELD.match(parts[0]) is not None
        and (len(parts) < 3 or _HEX.match(parts[1]) is not None)
        and (len(parts) < 4 or _BIRTH.match(parts[2]) is not None)
    )


def _classify_bhyt(parts: list[str]) -> Format:
    ended = parts[-1] in ("$", "#")
    fields = parts[:-1] if ended or not parts[-1] else parts
    if len(fields) == 8 and ended:
        return Format.BHYT9
    if len(fields) == 14 and (ended or _is_whole_15(fields)):
        return Format.BHYT15
    if len(fields) == 16 and (ended or _HEX.match(fields[15])):
        return Format.BHYT17
    reason = Reason.UNREADABLE if ended else Reason.TRUNCATED
    raise BadCard(reason, f"{len(fields)} fields; a BHYT card has 14 or 16 before its end mark")


def _is_whole_15(fields: list[str]) -> bool:
    """Tell a card without its end mark from a longer one that was cut."""
    return len(fields[0]) == 15 and _CHECK_STRING.match(fields[13]) is not None
