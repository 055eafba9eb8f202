"""What a reader check can find; config/words has the text of each finding, and what to do."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Finding(StrEnum):
    """What was found; the values are stored, and are part of the HTTP contract."""

    AS_PRINTED = "as_printed"
    ENDS_WITH = "ends_with"
    NO_END = "no_end"
    SPEED = "speed"
    NOT_READ = "not_read"
    NOT_ON_SHEET = "not_on_sheet"
    TWICE = "twice"
    PREFIX = "prefix"
    AIM_PREFIX = "aim_prefix"
    ECI = "eci"
    CONTROL_CHARACTERS = "control_characters"
    LENGTH_PROTOCOL = "length_protocol"
    BY_SETTINGS = "by_settings"
    SUFFIX = "suffix"
    ENTER_INSIDE = "enter_inside"
    CAPS_LOCK = "caps_lock"
    CASE_LOST = "case_lost"
    LAYOUT = "layout"
    INPUT_METHOD = "input_method"
    ENCODING = "encoding"
    NAMES_GARBLED = "names_garbled"
    LETTERS_MISSING = "letters_missing"
    MARKS_MISSING = "marks_missing"
    LETTERS_LOST = "letters_lost"
    CUT_SHORT = "cut_short"
    DAMAGED = "damaged"
    ALT_CODES = "alt_codes"
    SLOW = "slow"


# These are not faults.  AIM ids, ECI marks and control characters are taken off every scan anyway.
HARMLESS_FINDINGS = frozenset(
    {
        Finding.AS_PRINTED,
        Finding.ENDS_WITH,
        Finding.NO_END,
        Finding.SPEED,
        Finding.AIM_PREFIX,
        Finding.ECI,
        Finding.CONTROL_CHARACTERS,
        Finding.BY_SETTINGS,
    }
)
FAULTS = frozenset(Finding) - HARMLESS_FINDINGS


class Found(NamedTuple):
    """A finding, and the few letters that show it: `CR`, `| → \\`, `37 ms`."""

    finding: Finding
    detail: str = ""
