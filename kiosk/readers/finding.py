"""What can be found about a reader; config/words says each in words, and what to do."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Finding(StrEnum):
    """One word for each."""

    AS_PRINTED = "as_printed"
    ENDS_WITH = "ends_with"
    NO_END = "no_end"
    SPEED = "speed"
    NOT_READ = "not_read"
    NOT_ON_SHEET = "not_on_sheet"
    TWICE = "twice"
    PREFIX = "prefix"
    AIM_PREFIX = "aim_prefix"
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


# A prefix of the AIM kind is taken off every scan anyway.
FINE = frozenset({Finding.AS_PRINTED, Finding.ENDS_WITH, Finding.NO_END, Finding.SPEED,
                  Finding.AIM_PREFIX, Finding.BY_SETTINGS})  # fmt: skip
FAULTS = frozenset(Finding) - FINE


class Found(NamedTuple):
    """A finding, and what was seen in a few letters: `CR`, `| → \\`, `37 ms`."""

    finding: Finding
    detail: str = ""
