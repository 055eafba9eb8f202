"""Takes out of a text what is of a person or secret, before it leaves the machine.

1.  What the settings name (accounts, files, addresses, names of desks and devices) becomes the name
    of its setting.  Only values that say nothing of a person stay: codes, choices, numbers, hosts.
2.  The data directory, the home folder and the account of this machine become words for them.
3.  What looks like a number of a person, a code of a card, an address of mail, a token or a
    person's name becomes a word in angle brackets.

The program writes none of these into its log; this is for what others may write there.
"""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from kiosk.settings import Settings

SHOWN = frozenset(
    {
        "code",
        "level",
        "former_tier",
        "listed",
        "url",
        "ask",
        "ask_history",
        "check_in",
        "sign_scope",
        "correct_by_itself",
        "host",
        "names",
        "proxy",
        "keys",
        "sounds",
        "initials",
        "help",
        "service_code",
        "care",
        "self_arrival_code",
        "build_temporary_codes",
        "kind",
        "framing",
        "encoding",
        "answers",
        "kinds",
        "mail_server",
        "mail_security",
        "states",
        "quiet",
        "language",
        "pin_networks",
        "approve",
        "webhook_url",
    }
)
SET, EMPTY = "(set)", ""
# The commonest family names, for names that are written without marks.
FAMILY = (
    "nguyen|tran|le|pham|hoang|huynh|phan|vu|vo|dang|bui|do|ho|ngo|duong|ly|truong|dinh|trinh|mai|"
    "cao|luu|lam|ta|chau|quach|thach|ha|luong|dao|doan|to|kieu|phung|tong|thai|la|vuong|diep"
)
LETTER = r"[^\W\d_]"
PATTERNS = (
    (re.compile(r"(/home|/root|/Users|[A-Za-z]:\\+Users)(?=[/\\])[^\s\"',;:]*"), "<path>"),
    (re.compile(r"\b(tdk|whsec|TD1|TD2|HC1|SHC)[-_:/][^\s\"',;]{6,}"), "<token>"),
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "<address>"),
    (re.compile(r"(?<![\w/+-])[A-Za-z0-9+/_-]{40,}={0,2}(?![\w/+-])"), "<token>"),
    (re.compile(r"\b[0-9a-fA-F]{32,}\b"), "<token>"),
    (re.compile(r"(?<!logbook-)(?<![\w.])[A-Za-z]{0,4}(?:\d[ .-]?){8,}\d*(?!\w*Z)"), "<number>"),
    (re.compile(r"(?i:pin|otp|password|mật khẩu)\W{1,3}\S+"), "<secret>"),
)
NAME = re.compile(
    rf"(?:\b(?i:{FAMILY})\s+|(?=\S*[À-ỹ]))[A-ZÀ-ỸĐ]{LETTER}*(?:\s+[A-ZÀ-ỸĐ]{LETTER}*)*", re.UNICODE
)
STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?([.,]\d+)?(Z|[+-]\d\d:?\d\d)?")


class Mask:
    """Masks texts of one site."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """`folder` is the data directory."""
        known = {str(folder): "<data>", str(folder.resolve()): "<data>", str(Path.home()): "<home>"}
        for name, value in _hidden(settings, ""):
            known.setdefault(value, f"<{name}>")
        with_account = _account()
        if with_account:
            known.setdefault(with_account, "<account>")
        self._known = sorted(known.items(), key=lambda pair: -len(pair[0]))

    def text(self, text: str) -> str:
        """Return a text without what is of a person or secret."""
        for value, word in self._known:
            if len(value) > 1:
                edge = r"(?<!\w)" if value[0].isalnum() else ""
                end = r"(?!\w)" if value[-1].isalnum() else ""
                text = re.sub(f"{edge}{re.escape(value)}{end}", lambda _m, w=word: w, text)  # type: ignore[misc]
        stamps: list[str] = []

        def keep(match: re.Match[str]) -> str:
            stamps.append(match[0])
            return f"\0{len(stamps) - 1}\0"

        text = STAMP.sub(keep, text)  # a time is no number of a person
        for pattern, word in PATTERNS:
            text = pattern.sub(word, text)
        text = NAME.sub("<name>", text)
        return re.sub("\0(\\d+)\0", lambda match: stamps[int(match[1])], text)

    def value(self, value: Any) -> Any:
        """Return a value of JSON, masked in all its texts."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(inner) for inner in value]
        return value


def shown_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings with what may be shown; of the rest, whether it is set."""
    return {field.name: _shown(getattr(settings, field.name)) for field in fields(settings)}


def _shown(value: Any, key: str = "") -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _shown(getattr(value, field.name), field.name) for field in fields(value)
        }
    if isinstance(value, tuple):
        if value and all(isinstance(item, str) for item in value) and key not in SHOWN:
            return f"{len(value)} {SET}"
        return [_shown(item, key) for item in value]
    if isinstance(value, str):
        return value if key in SHOWN or not value else SET
    return value if isinstance(value, int | float | bool) or value is None else str(value)


def _hidden(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield the texts of the settings that are not shown, each with the name of its setting."""
    for field in fields(value):
        inner = getattr(value, field.name)
        where = f"{name} {field.name}".strip()
        if is_dataclass(inner):
            yield from _hidden(inner, where)
        elif isinstance(inner, tuple):
            for number, item in enumerate(inner, 1):
                if is_dataclass(item):
                    yield from _hidden(item, f"{where} {number}")
                elif isinstance(item, str) and field.name not in SHOWN:
                    yield f"{where} {number}", item
        elif isinstance(inner, str) and inner and field.name not in SHOWN:
            yield where, inner


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
