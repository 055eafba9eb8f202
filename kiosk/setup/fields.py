"""The fields of each step: to which key each belongs, and what may be typed into it.

Nothing here reads a file or a device.  A wrong field is a `TypedFault`: what was seen, and which of
`Expected` it should be; the pages have the words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from kiosk.settings import is_loopback
from kiosk.setup.steps import SetupStep

MAX_TYPED = 20_000  # characters of one field that a page gives back
MAX_SEEN = 60  # characters of what was typed, in a sentence about it
LEVELS = ("ban_dau", "co_ban", "chuyen_sau")
TIERS = ("xa", "huyen", "tinh", "trung_uong", "none")
PRINTER_KINDS = ("network", "usb", "serial", "windows", "file")
CODE = re.compile(r"\d{2}[0-9A-Z]{3}", re.ASCII)
HOST_URL = re.compile(r"(https?)://([0-9A-Za-z.-]{1,253}|\[[0-9A-Fa-f:]+\])(:\d{1,5})?", re.ASCII)
URL_PATH = re.compile(r"(/[0-9A-Za-z._~/-]*)?", re.ASCII)
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
NUMBER = re.compile(r"\d{1,9}", re.ASCII)


class Expected(StrEnum):
    """What a field should be; the pages have the words for each."""

    CODE = "code"
    REQUIRED = "required"
    SCORE = "score"
    CHOICE = "choice"
    LINE = "line"  # one line, without characters that do not show
    SHORTER = "shorter"
    WEB_ADDRESS = "web_address"  # https:// and a host
    FEED_ADDRESS = "feed_address"
    CITIZEN_NUMBER = "citizen_number"
    WHOLE_PATH = "whole_path"
    ROOT_NEEDED = "root_needed"
    FREE_NAME = "free_name"  # no other reader or printer has it
    NUMBER = "number"
    PASSWORD = "password"
    KEY_FILE = "key_file"
    NO_PROGRAM = "no_program"  # a driver must not lie where this program writes
    SOURCE = "source"  # an address or a folder
    CODE_PERIODS = "code_periods"  # [[facility.codes]] is written by hand


class TypedFault(NamedTuple):
    """What is wrong with a field: what was seen, shortened, and what it should be."""

    seen: str
    expected: Expected


TypedFaults = dict[str, TypedFault]
Check = Callable[[str], Expected | None]  # None: the text may be used


def _code(text: str) -> Expected | None:
    return None if CODE.fullmatch(text) else Expected.CODE


def _score(text: str) -> Expected | None:
    is_score = NUMBER.fullmatch(text) is not None and int(text) <= 100
    return None if is_score or not text else Expected.SCORE


def _web_address(text: str) -> Expected | None:
    found = HOST_URL.fullmatch(text)
    return None if not text or (found and _may_be_plain(found)) else Expected.WEB_ADDRESS


def _feed_address(text: str) -> Expected | None:
    found = HOST_URL.match(text)
    is_right = found is not None and URL_PATH.fullmatch(text[found.end() :])
    return None if not text or is_right else Expected.FEED_ADDRESS


def _may_be_plain(found: re.Match[str]) -> bool:
    """Whether an address is encrypted, or of this machine itself."""
    return found[1] == "https" or is_loopback(found[2].strip("[]"))


def _citizen_number(text: str) -> Expected | None:
    return None if not text or re.fullmatch(r"\d{12}", text, re.ASCII) else Expected.CITIZEN_NUMBER


def _whole_path(text: str) -> Expected | None:
    return None if not text or Path(text).is_absolute() else Expected.WHOLE_PATH


def _one_of(*choices: str) -> Check:
    return lambda text: None if text in choices else Expected.CHOICE


def _number(least: int, most: int) -> Check:
    def check(text: str) -> Expected | None:
        is_right = NUMBER.fullmatch(text) is not None and least <= int(text) <= most
        return None if is_right else Expected.NUMBER

    return check


def _required(text: str) -> Expected | None:
    return None if text else Expected.REQUIRED


def _anything(_text: str) -> Expected | None:
    return None


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A field: its key in a section of the settings, its check, and its longest text.

    Without a section the field belongs to a block, as of a reader, or decides about others.  What
    is kept is the path of a file that was made for what was typed: no form has it.
    """

    name: str
    section: str = ""
    check: Check = _anything
    most: int = 200
    is_number: bool = False
    is_kept: bool = False

    def value(self, text: str) -> str | int:
        """Return a text that was checked as the settings hold it."""
        return int(text or "0") if self.is_number else text


FIELDS: Mapping[SetupStep, tuple[FieldRule, ...]] = {
    SetupStep.FACILITY: (
        FieldRule("code", "facility", _code, 5),
        FieldRule("name", "facility", _required),
        FieldRule("level", "facility", _one_of(*LEVELS)),
        FieldRule("score", "facility", _score, 3, is_number=True),
        FieldRule("former_tier", "facility", _one_of("", *TIERS)),
        FieldRule("listed", "facility", _one_of("", "yes", "no")),
    ),
    SetupStep.READER: (
        FieldRule("name", check=_required, most=40),
        FieldRule("kind", check=_one_of("serial", "camera")),
        FieldRule("port", check=_required),
        FieldRule("baud", check=_number(300, 4_000_000), most=7, is_number=True),
        FieldRule("desk", most=40),
    ),
    SetupStep.PRINTER: (
        FieldRule("name", check=_required, most=40),
        FieldRule("kind", check=_one_of(*PRINTER_KINDS)),
        FieldRule("port", check=_required),
        FieldRule("width", check=_one_of("576", "384"), is_number=True),
        FieldRule("answers", check=_one_of("", "no")),
        FieldRule("desk", most=40),
    ),
    SetupStep.GATEWAY: (
        FieldRule("url", "insurer", _web_address),
        FieldRule("username", "insurer"),
        FieldRule("staff_name", "insurer", most=120),
        FieldRule("staff_cccd", "insurer", _citizen_number, 12),
        FieldRule("ask", "insurer", _one_of("always", "unsure", "never")),
        FieldRule("password_file", "insurer", most=1_000, is_kept=True),
    ),
    SetupStep.CERTIFICATE: (
        FieldRule("way", check=_one_of("file", "token")),
        FieldRule("sign_file", "insurer", _whole_path, 1_000),
        FieldRule("sign_module", "insurer", _whole_path, 1_000),
        FieldRule("sign_token", "insurer"),
        FieldRule("sign_key", "insurer"),
        FieldRule("sign_password_file", "insurer", most=1_000, is_kept=True),
    ),
    SetupStep.FEED: (
        FieldRule("url", "feed", _feed_address, 500),
        FieldRule("folder", "feed", _whole_path, 1_000),
        FieldRule("root_file", "feed", _whole_path, 1_000),
    ),
    SetupStep.BACKUP: (FieldRule("folder", "backup", _whole_path, 1_000),),
}


def cleaned(text: str) -> str:
    """Return a typed text in the form in which it is kept: composed, without blanks around it."""
    return unicodedata.normalize("NFC", text.strip())


def check_typed(step: SetupStep, typed: Mapping[str, str]) -> TypedFaults:
    """Return what is wrong with the fields of a step, by name; empty if each may be used.

    `typed` has been cleaned.  Whether they fit together is checked where the whole file is.
    """
    faults: TypedFaults = {}
    for rule in FIELDS.get(step, ()):
        text = typed.get(rule.name, "")
        expected = _general_fault(text, rule.most) or rule.check(text)
        if expected is not None:
            faults[rule.name] = TypedFault(seen(text), expected)
    return faults


def _general_fault(text: str, most: int) -> Expected | None:
    if len(text) > most:
        return Expected.SHORTER
    if any(unicodedata.category(letter) in HIDDEN for letter in text):
        return Expected.LINE
    return None


def seen(text: str) -> str:
    """Return what was typed for a sentence about it: short, and each letter visible."""
    shown = "".join(
        letter if unicodedata.category(letter) not in HIDDEN else f"\\u{ord(letter):04x}"
        for letter in text[:MAX_SEEN]
    )
    return f"{shown}… ({len(text)})" if len(text) > MAX_SEEN else shown


def values_of(step: SetupStep, typed: Mapping[str, str]) -> dict[str, dict[str, str | int]]:
    """Return the values of checked fields as the settings hold them, by section and key."""
    values: dict[str, dict[str, str | int]] = {}
    for rule in FIELDS.get(step, ()):
        if rule.section and (typed.get(rule.name) if rule.is_kept else rule.name in typed):
            values.setdefault(rule.section, {})[rule.name] = rule.value(typed[rule.name])
    return values


def step_of_key(key: str) -> SetupStep | None:
    """Return the step with the field of a key such as "[insurer] url"; None if no step has it."""
    for step, rules in FIELDS.items():
        if any(key == f"[{rule.section}] {rule.name}" for rule in rules if rule.section):
            return step
    blocks = {"[[readers]]": SetupStep.READER, "[[printers]]": SetupStep.PRINTER}
    return blocks.get(key.partition(" ")[0])


def block_of(step: SetupStep, typed: Mapping[str, str]) -> dict[str, str | int]:
    """Return the block of a reader or a printer, without what is empty."""
    rules = [rule for rule in FIELDS[step] if not rule.section]
    return {rule.name: rule.value(typed[rule.name]) for rule in rules if typed.get(rule.name)}
