"""Takes out of a text what is of a person or secret, before it leaves the machine.

1.  What the settings name (accounts, files, addresses, names of desks and devices) becomes the name
    of its setting.  Only values that say nothing of a person stay: codes, choices, numbers, hosts.
2.  The data directory, the home folder and the account of this machine become words for them.
3.  What looks like a number of a person, a code of a card, an address of mail, a token or a
    person's name becomes a word in angle brackets, also if it is escaped as in URLs or JSON.
4.  Of a URL only its scheme and host are shown: path, query and account are often a key.

The program writes none of these into its log; this is for what others may write there.
"""

from __future__ import annotations

import getpass
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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
URLS = frozenset({"url", "webhook_url"})
SET, EMPTY = "(set)", ""
# The commonest family names, for names that are written without marks.
FAMILY = (
    "nguyen|tran|le|pham|hoang|huynh|phan|vu|vo|dang|bui|do|ho|ngo|duong|ly|truong|dinh|trinh|mai|"
    "cao|luu|lam|ta|chau|quach|thach|ha|luong|dao|doan|to|kieu|phung|tong|thai|la|vuong|diep"
)
MIDDLE = "van|thi|huu|duc|minh|ngoc|thanh|quoc|hoang|xuan|thu|kim|hong|dinh|cong|quang|gia|bao"
LETTER = r"[^\W\d_]"
SECRET = r"token|secret|passw(?:or)?d|pwd|pass|api[_-]?key|signature|sig|mật khẩu|mat khau"
PATTERNS = (
    (re.compile(r"(/home|/root|/Users|[A-Za-z]:\\+Users)(?=[/\\])[^\s\"',;:]*"), "<path>"),
    (re.compile(r"(?<=://)[^\s/@\"']{1,200}@"), "<account>@"),
    (re.compile(r"[?&][^\s=?&\"']{1,100}=[^\s&\"'<>]+"), "<query>"),
    (re.compile(r"(?i:\b(?:bearer|basic|digest|negotiate|ntlm))\s+[\w+/=.~-]{6,}"), "<secret>"),
    (re.compile(r"\b(tdk|whsec|TD1|TD2|HC1|SHC)[-_:/][^\s\"',;]{6,}"), "<token>"),
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63})+"), "<address>"),
    (re.compile(r"(?<![\w/+-])[A-Za-z0-9+/_-]{40,}={0,2}(?![\w/+-])"), "<token>"),
    (re.compile(r"\b[0-9a-fA-F]{32,}\b"), "<token>"),
    (re.compile(rf"(?<!\d){LETTER}{{0,6}}(?:\d[ .-]?){{7,}}\d+{LETTER}*"), "<number>"),
    (re.compile(r"(?<![\d/])\d\d?/\d\d?/(?:19|20)\d\d(?![\d/])"), "<date>"),
    (re.compile(r"(?i:pin|otp|password|mật khẩu)\W{1,3}\S+"), "<secret>"),
    (
        re.compile(rf"(?i:(?<!{LETTER})(?:{SECRET})[\"']?\s*[=:]\s*)[\"']?[^\s\"'&,;}}]+"),
        "<secret>",
    ),
    # What is written as %E1%BB%85 has the letters of a name; nobody needs to read it.
    (re.compile(r"[^\s\"'<>=&%]{0,60}%[89A-Fa-f][0-9A-Fa-f][^\s\"'<>&]*"), "<escaped>"),
)
NAME = re.compile(
    rf"(?:\b(?i:{FAMILY})\s+|\b(?=\S{{0,60}}[À-ỹ]))[A-ZÀ-ỸĐ]{LETTER}*(?:\s+[A-ZÀ-ỸĐ]{LETTER}*)*"
    rf"|\b(?i:{FAMILY})\s+(?i:{MIDDLE})\b(?:\s+{LETTER}+){{0,2}}"
    # Words with marks are Vietnamese, which our log is not; names are written small, too.
    rf"|\b[A-Za-z]{{0,20}}[À-ỹ]{LETTER}*(?:\s+[A-Za-z]{{0,20}}[À-ỹ]{LETTER}*)*(?:\s+{LETTER}+){{0,2}}",
    re.UNICODE,
)
STAMP = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?([.,]\d+)?(Z|[+-]\d\d:?\d\d)?|(?<!\d)\d{8}T\d{6}Z(?!\w)"
    r"|\b\d\d:\d\d \d\d/\d\d/\d{4}\b|(?<=logbook-)\d{8}-\d{6}(?!\d)"
)
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")  # a letter, as JSON may write it


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
        for value, word in list(known.items()):
            composed = unicodedata.normalize("NFC", value)
            known.setdefault(composed, word)
            known.setdefault(json.dumps(composed, ensure_ascii=False)[1:-1], word)  # as in a log
        self._known = sorted(known.items(), key=lambda pair: -len(pair[0]))

    def text(self, text: str) -> str:
        """Return a text without what is of a person or secret."""
        text = unicodedata.normalize("NFC", ESCAPED.sub(_letter, text))
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
        if key in URLS and value:
            return _origin(value)
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
        elif (isinstance(inner, str) and inner and field.name not in SHOWN) or (
            field.name in URLS and inner and _origin(inner) != inner
        ):
            yield where, inner


def _origin(url: str) -> str:
    """Return scheme and host of a URL, and for what stands behind them an ellipsis."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return SET
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return url if url in (origin, f"{origin}/") else f"{origin}/…" if parts.netloc else SET


def _letter(escape: re.Match[str]) -> str:
    """Return the letter of an escape; what is no letter stays escaped."""
    sign = chr(int(escape[1], 16))
    return sign if sign.isalpha() or unicodedata.combining(sign) else escape[0]


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
