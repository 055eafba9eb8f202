"""Cuts what a reader sent into scans, with what `verify` knows of cards."""

from __future__ import annotations

import re

from scanner import Extent, split_payload
from verify import begins_card, is_complete_code, is_whole, may_begin_card

LINE_ENDS = frozenset(b"\r\n")
MAX_SPLIT_BYTES = 4_096  # of what came at once; more is no scan of a card
MAX_LINES = 100

_LINE_ENDS = re.compile(rb"[\r\n]")
_CARD_ENDS = re.compile(rb"\|[$#]")


def extent_of(payload: bytes) -> Extent:
    """Return how much of a card a payload holds."""
    is_begun = begins_card(payload)
    if is_whole(payload):
        return Extent.WHOLE if is_begun else Extent.NUMBER
    if is_begun:
        return Extent.BEGUN
    if may_begin_card(payload):
        return Extent.STUB
    if is_complete_code(payload):
        return Extent.CODE
    return Extent.REST if b"|" in payload else Extent.TEXT


def scans_in(payload: bytes) -> list[bytes]:
    """Return the scans in what a keyboard-type reader typed at once, one or more.

    Its Enters are line ends in the payload.
    """
    lines = len(_LINE_ENDS.findall(payload.strip()))
    # A NUL ends a scan, and what follows it is not a part of what was sent.
    is_one = lines == 0 and (len(_CARD_ENDS.findall(payload)) < 2 or b"\0" in payload.strip(b"\0"))
    if is_one or len(payload) > MAX_SPLIT_BYTES or lines > MAX_LINES:
        return [payload]
    return split_payload(payload, extent_of, LINE_ENDS) or [payload]
