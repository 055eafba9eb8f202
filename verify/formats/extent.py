"""How much of a card a payload holds, for those who cut a stream of bytes into payloads.

1.  A card is whole if its format shows its end: the end mark of a BHYT card, the day of issue of a
    citizen card, the compressed stream of a signed card, the length of a number.
2.  What begins as a card begins may go on, until it is whole.
3.  A line is a card only by its own number: characters in front that no reader is known to add may
    be another scan (`normalise` without `any_prefix`).
"""

from __future__ import annotations

import re

from verify.errors import BadCard
from verify.formats.classify import (
    MAX_PAYLOAD_BYTES,
    NOT_CARDS,
    Format,
    classify,
    normalise,
    plain_number,
)
from verify.formats.dressing import COPY_FIELD, FIRST_FIELD, NO_SIGNS, utf8_text
from verify.reason import Reason
from verify.signed import hc1, shc
from verify.text import clean_text

COMPLETE_NUMBER_LENGTHS = (10, 12, 15)  # characters
# The last field that every citizen card has, and its length.
CCCD_ISSUED_FIELD, CCCD_DATE_DIGITS = 6, 8
# The length of the number that a BHYT card of each format begins with.
BHYT_NUMBER_LENGTHS = {Format.BHYT15: (15,), Format.BHYT17: (10, 12), Format.BHYT9: (10, 12, 15)}
MAX_CARD_PARTS = 17
MAX_CUT_BYTES = 3  # of a letter in UTF-8

_NUMBER_BEGUN = re.compile(
    r"(?:\d{1,12}|[A-Z]{1,2}|[A-Z]{2}[1-7]\d{0,2}|[A-Z]{2}[1-7]\d{2}[0-9A-Z]{0,10})\Z",
    re.ASCII | re.IGNORECASE,
)
_DRESSING_BEGUN = re.compile(r"(?:\][A-Za-z]?[0-9A-Za-z]?)?(?:\\{1,2}\d{0,6})?\Z", re.ASCII)
_BASE45 = re.compile(r"[0-9A-Z $%*+\-./:]*\Z", re.ASCII)
_SHC_DIGITS = re.compile(r"[0-9/]*\Z", re.ASCII)


def is_whole(payload: bytes) -> bool:
    """Return whether a payload is certainly complete: a card, or a number.

    False also for a payload that may be complete, but whose format does not show its own end.
    """
    try:
        text = normalise(payload, any_prefix=False)
        shape = classify(text)
        if shape in BHYT_NUMBER_LENGTHS:
            return _is_whole_bhyt(text, shape)
        if shape is Format.CCCD:
            issued = text.split("|")[CCCD_ISSUED_FIELD:][:1]
            return [len(field) for field in issued] == [CCCD_DATE_DIGITS]
        if shape is Format.HC1:
            hc1.parse_envelope(text)
            return True
        if shape is Format.SHC:
            shc.parse_envelope(text)
            return True
    except BadCard:
        return False
    return shape not in NOT_CARDS and len(plain_number(text)) in COMPLETE_NUMBER_LENGTHS


def begins_card(payload: bytes) -> bool:
    """Return whether a payload begins as a card does, at least with its whole first field."""
    text = _begun_text(payload)
    if text.startswith(hc1.HC1_PREFIX):
        rest = text.removeprefix(hc1.HC1_PREFIX)
        return _BASE45.match(rest) is not None and hc1.HC1_PREFIX not in rest
    if text[: len(shc.SHC_PREFIX)].lower() == shc.SHC_PREFIX:
        return _SHC_DIGITS.match(text, len(shc.SHC_PREFIX)) is not None
    head, bar, rest = text.partition("|")
    is_short_enough = rest.count("|") < MAX_CARD_PARTS - 1
    return bool(bar) and FIRST_FIELD.match(head) is not None and is_short_enough


def may_begin_card(payload: bytes) -> bool:
    """Return whether a payload is so short that a card may begin with it: a part of field 0."""
    text = payload.lstrip(NO_SIGNS)[: 2 * MAX_CARD_PARTS].decode("utf-8", "ignore").rstrip()
    if _DRESSING_BEGUN.match(text):
        return True
    number = plain_number(_begun_text(payload))
    prefixes = (hc1.HC1_PREFIX, shc.SHC_PREFIX.upper())
    is_prefix = number != "" and any(prefix.startswith(number) for prefix in prefixes)
    return is_prefix or _NUMBER_BEGUN.match(number) is not None


def is_complete_code(payload: bytes) -> bool:
    """Return whether a payload is complete as it is, although it is not certainly a whole card.

    The lines on the back of an ID card (MRZ) are three: the first one is not complete.
    """
    try:
        text = normalise(payload)
        shape = classify(text)
    except BadCard as exc:
        return exc.reason is Reason.NUMBER_WRONG
    head, bar, _ = text.partition("|")
    return shape is not Format.MRZ and (not bar or FIRST_FIELD.match(head.strip()) is not None)


def holds_text(payload: bytes) -> bool:
    """Return whether a payload holds anything that can be seen, or bytes in another encoding."""
    if payload[:1].isalnum():
        return True
    text = utf8_text(payload)[:MAX_PAYLOAD_BYTES].decode("utf-8", "replace")
    return any(letter.isprintable() and not letter.isspace() for letter in clean_text(text))


def _is_whole_bhyt(text: str, shape: Format) -> bool:
    parts = [part.strip() for part in text.split("|")]
    number = parts[0]
    if parts[-1] not in ("$", "#") or not FIRST_FIELD.match(number):
        return False
    is_copy = len(parts) > COPY_FIELD and parts[COPY_FIELD][-10:] == number[-10:]
    # Two digits in front of a number of ten digits are not the number of a citizen.
    return len(number) in BHYT_NUMBER_LENGTHS[shape] and not (len(number) == 12 and is_copy)


def _begun_text(payload: bytes) -> str:
    """Return the text of a payload that may have been cut anywhere; "" if it is not text."""
    for cut in range(MAX_CUT_BYTES + 1):
        try:
            return normalise(payload[: len(payload) - cut], any_prefix=False)
        except BadCard as exc:
            if exc.reason is not Reason.TRUNCATED:
                break
    return ""
